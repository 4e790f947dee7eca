#include "sim/match_sim.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <queue>
#include <random>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "game/ball/ball.hpp"
#include "net/client/arena.hpp"
#include "sim/http_client.hpp"

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBotsPerSocket = 250;
constexpr auto kJoinTimeout = std::chrono::seconds(20);

struct Bot {
  std::unique_ptr<client::GameClient> game;
  std::minstd_rand random;
  game::Command command;
  int hold_ticks = 0;
  bool moved = false;
  std::uint16_t first_x = 0, first_y = 0;
};

/// Towards the nearest living other, a few degrees off; where it aimed before when there is none.
std::uint8_t aim_at_nearest(Bot& bot) {
  const auto* seen = client::arena::latest(*bot.game);
  const auto self = client::arena::predicted(*bot.game);
  if (seen == nullptr || !self) return bot.command.aim;
  double nearest = std::numeric_limits<double>::max(), angle = 0;
  for (const auto& other : seen->players) {
    if (other.slot == bot.game->slot() || !other.alive) continue;
    const double dx = other.x - static_cast<double>(self->x);
    const double dy = other.y - static_cast<double>(self->y);
    if (std::hypot(dx, dy) >= nearest) continue;
    nearest = std::hypot(dx, dy);
    angle = std::atan2(dy, dx);
  }
  if (nearest == std::numeric_limits<double>::max()) return bot.command.aim;
  const int off = static_cast<int>(bot.random() % 13) - 6;
  return static_cast<std::uint8_t>(std::lround(angle * 128 / std::numbers::pi) + off);
}

/// Within a tick at most 42 degrees.
std::uint8_t turned(std::uint8_t from, std::uint8_t to) {
  const int by = static_cast<std::int8_t>(to - from);
  return static_cast<std::uint8_t>(from + std::clamp(by, -30, 30));
}

/// Walks a while in one direction, turns, shoots now and then with either weapon; turns as far as
/// hands do.
game::Command decide(Bot& bot) {
  if (--bot.hold_ticks <= 0) {
    bot.hold_ticks = 10 + static_cast<int>(bot.random() % 50);
    bot.command.move_x = static_cast<std::int8_t>(static_cast<int>(bot.random() % 3) - 1);
    bot.command.move_y = static_cast<std::int8_t>(static_cast<int>(bot.random() % 3) - 1);
    bot.command.aim = turned(bot.command.aim, aim_at_nearest(bot));
    bot.command.weapon = bot.random() % 2 == 0 ? game::kHitscanWeapon : 0;
  }
  bot.command.fire = bot.random() % 15 == 0;
  if (bot.command.fire) bot.command.aim = turned(bot.command.aim, aim_at_nearest(bot));
  return bot.command;
}

/// After the ball, a little off.
game::ball::Steer chase(Bot& bot) {
  const auto* own = static_cast<const game::ball::BallPredictor*>(bot.game->predicted());
  if (own == nullptr || !own->pitch()) return {};
  const auto& pitch = *own->pitch();
  const auto& car = pitch.cars[static_cast<std::size_t>(bot.game->slot())].body;
  const double angle = std::atan2(pitch.ball.y - car.y, pitch.ball.x - car.x);
  const int off = static_cast<int>(bot.random() % 9) - 4;
  return {.heading = static_cast<std::uint8_t>(std::lround(angle * 128 / std::numbers::pi) + off),
          .throttle = game::ball::kMostThrottle,
          .boost = bot.random() % 8 == 0};
}

class Run {
 public:
  Run(const Endpoint& endpoint, const MatchSimOptions& options)
      : endpoint_(endpoint), options_(options) {}

  Result<void> join();
  Result<void> wait_until_playing(const std::atomic<bool>& stop);
  void play(const std::atomic<bool>& stop);
  Section report();
  [[nodiscard]] double fraction() const { return fraction_; }
  [[nodiscard]] std::string text() const {
    return fmt::format("{} bots, {} snapshots", bots_.size(), snapshots_.load());
  }

 private:
  Result<std::string> make_match();
  Result<void> impair(std::uint16_t port);
  Result<void> join_one(const std::string& match, int number);
  void service(std::uint32_t wait_ms);
  void turn(Bot& bot) const;
  [[nodiscard]] std::size_t playing() const;
  [[nodiscard]] std::uint64_t sum(std::uint64_t client::Statistics::*field) const;
  void sample(double seconds);

  const Endpoint& endpoint_;
  const MatchSimOptions& options_;
  std::unique_ptr<ImpairmentProxy> proxy_;  ///< null: none
  std::vector<std::unique_ptr<client::ClientHost>> hosts_;
  std::vector<Bot> bots_;
  std::atomic<double> fraction_{0};
  std::atomic<std::uint64_t> snapshots_{0};
  std::uint64_t snapshots_before_ = 0, bytes_before_ = 0, commands_before_ = 0;
  double seconds_ = 0;
  Histogram round_trip_;
  Section::Series rate_{"snapshots", "/s", {}};
  std::uint64_t sampled_ = 0;
};

Result<std::string> Run::make_match() {
  HttpClient http(endpoint_.host, endpoint_.http_port, endpoint_.token("sim-host", ""));
  auto made = http.post("/api/v1/matches", {{"game", options_.game},
                                            {"max_players", std::max(2, options_.bots_per_match)}});
  if (!made.ok()) return made.error();
  if (made->status != 201) return error(ErrorCode::unavailable, "no match: " + made->body);
  return std::string(made->json().at("id").as_string());
}

/// The network in front of the server's game port; clean of damage until all play.
Result<void> Run::impair(std::uint16_t port) {
  if (proxy_) return {};
  auto clean = *options_.impairment;
  clean.corrupt = 0;
  auto proxy = ImpairmentProxy::start({.host = endpoint_.host,
                                       .port = port,
                                       .to_server = clean,
                                       .to_client = clean,
                                       .seed = options_.seed});
  if (!proxy.ok()) return proxy.error();
  proxy_ = std::move(*proxy);
  return {};
}

Result<void> Run::join_one(const std::string& match, int number) {
  const auto player = fmt::format("bot{}", number);
  HttpClient http(endpoint_.host, endpoint_.http_port, endpoint_.token(player, ""));
  auto joined = http.request("POST", "/api/v1/matches/" + match + "/join");
  if (!joined.ok()) return joined.error();
  if (joined->status != 200) return error(ErrorCode::unavailable, "no token: " + joined->body);
  if (bots_.size() % kBotsPerSocket == 0) {
    auto host = client::ClientHost::create(kBotsPerSocket);
    if (!host.ok()) return host.error();
    hosts_.push_back(std::move(*host));
  }
  const auto ticket = joined->json();
  auto port = ticket.at("port").to_number<std::uint16_t>();
  if (options_.impairment) {
    if (auto ready = impair(port); !ready.ok()) return ready;
    port = proxy_->port();
  }
  auto game = hosts_.back()->connect(std::string(ticket.at("host").as_string()), port,
                                     std::string(ticket.at("token").as_string()));
  if (!game.ok()) return game.error();
  Bot bot;
  bot.game = std::move(*game);
  bot.random.seed(static_cast<unsigned>(options_.seed * 7919 + static_cast<std::uint64_t>(number)) |
                  1U);
  bots_.push_back(std::move(bot));
  return {};
}

Result<void> Run::join() {
  std::string match;
  for (int i = 0; i < options_.bots; ++i) {
    if (i % options_.bots_per_match == 0) {
      auto made = make_match();
      if (!made.ok()) return made.error();
      match = *made;
    }
    if (auto joined = join_one(match, i); !joined.ok()) return joined;
    service(0);
  }
  return {};
}

void Run::service(std::uint32_t wait_ms) {
  for (auto& host : hosts_) host->service(wait_ms);
}

std::size_t Run::playing() const {
  return static_cast<std::size_t>(std::count_if(bots_.begin(), bots_.end(), [](const Bot& bot) {
    return bot.game->state() == client::State::playing && bot.game->latest() != nullptr;
  }));
}

Result<void> Run::wait_until_playing(const std::atomic<bool>& stop) {
  const auto until = Clock::now() + kJoinTimeout;
  while (playing() < bots_.size() && !stop) {
    if (Clock::now() > until) {
      return error(ErrorCode::timeout,
                   fmt::format("only {} of {} bots got in", playing(), bots_.size()));
    }
    service(1);
  }
  return {};
}

std::uint64_t Run::sum(std::uint64_t client::Statistics::*field) const {
  std::uint64_t total = 0;
  for (const auto& bot : bots_) total += bot.game->statistics().*field;
  return total;
}

void Run::sample(double seconds) {
  const auto now = sum(&client::Statistics::snapshots);
  rate_.points.emplace_back(seconds, static_cast<double>(now - std::exchange(sampled_, now)));
  snapshots_ = now - snapshots_before_;
  for (const auto& bot : bots_) round_trip_.record(bot.game->statistics().round_trip_ms);
}

void Run::turn(Bot& bot) const {
  if (options_.game == "ball") return bot.game->send(game::ball::pack(chase(bot)));
  client::arena::send(*bot.game, options_.decide ? options_.decide(bot.random) : decide(bot));
}

void Run::play(const std::atomic<bool>& stop) {
  if (proxy_) {
    auto clean = *options_.impairment;
    clean.corrupt = 0;
    proxy_->change(clean, *options_.impairment);
  }
  snapshots_before_ = sampled_ = sum(&client::Statistics::snapshots);
  bytes_before_ = sum(&client::Statistics::snapshot_bytes);
  commands_before_ = sum(&client::Statistics::commands);
  const auto began = Clock::now();
  const auto until = began + options_.duration;
  auto next_second = began + std::chrono::seconds(1);
  // The bots' ticks are spread over the period, as those of real players are.
  using Due = std::pair<Clock::time_point, std::size_t>;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> turns;
  for (std::size_t i = 0; i < bots_.size(); ++i)
    turns.emplace(began + bots_[i].game->command_period() * i / bots_.size(), i);
  while (Clock::now() < until && !stop) {
    service(0);
    for (int burst = 0; turns.top().first <= Clock::now() && burst < 64; ++burst) {
      const auto [due, index] = turns.top();
      turns.pop();
      auto& bot = bots_[index];
      turn(bot);
      turns.emplace(due + bot.game->command_period(), index);
    }
    if (Clock::now() >= next_second) {
      next_second += std::chrono::seconds(1);
      seconds_ = std::chrono::duration<double>(Clock::now() - began).count();
      sample(seconds_);
      fraction_ = seconds_ / std::chrono::duration<double>(options_.duration).count();
    }
    hosts_.front()->service(1);
  }
  seconds_ = std::chrono::duration<double>(Clock::now() - began).count();
}

Section Run::report() {
  Section section;
  section.title = "match";
  const auto snapshots =
      static_cast<double>(sum(&client::Statistics::snapshots) - snapshots_before_);
  const auto bytes = static_cast<double>(sum(&client::Statistics::snapshot_bytes) - bytes_before_);
  const auto commands = static_cast<double>(sum(&client::Statistics::commands) - commands_before_);
  const auto corrections = static_cast<double>(sum(&client::Statistics::corrections));
  std::uint32_t largest = 0, furthest = 0;
  for (const auto& bot : bots_) {
    largest = std::max(largest, bot.game->statistics().largest_correction);
    furthest = std::max(furthest, bot.game->statistics().largest_divergence);
  }
  const auto mismatches = sum(&client::Statistics::mismatches);
  const double expected =
      seconds_ * bots_.front().game->tick_hz() * static_cast<double>(bots_.size());
  section.rows = {
      {"bots", static_cast<double>(bots_.size()), ""},
      {"matches", std::ceil(static_cast<double>(bots_.size()) / options_.bots_per_match), ""},
      {"snapshots", snapshots / seconds_, "/s"},
      {"snapshots received of those due", 100 * snapshots / expected, "%"},
      {"snapshot size, mean", snapshots > 0 ? bytes / snapshots : 0, "bytes"},
      {"commands", commands / seconds_, "/s"},
      {"corrections of the prediction", 100 * corrections / std::max(1.0, commands),
       "% of commands"},
      {"largest correction", static_cast<double>(largest) / game::kUnit, "units"},
      {"furthest prediction from the confirmed place", static_cast<double>(furthest) / game::kUnit,
       "units"},
      {"snapshots with a wrong checksum", static_cast<double>(mismatches), ""},
      {"snapshots without baseline", static_cast<double>(sum(&client::Statistics::undecodable)),
       ""}};
  section.latencies["round trip"] = round_trip_;
  section.series.push_back(rate_);
  if (playing() < bots_.size())
    section.failures.push_back(fmt::format("{} bots were disconnected", bots_.size() - playing()));
  // What the network loses is not the server's fault; ENet also holds back where delays vary.
  const bool rough = options_.impairment.has_value();
  const double due = rough ? 0.5 * (1 - options_.impairment->loss) : 0.9;
  if (snapshots < expected * due)
    section.failures.push_back(
        fmt::format("only {:.0f} % of the snapshots arrived", 100 * snapshots / expected));
  if (commands < expected * (rough ? 0.5 : 0.9))
    section.failures.push_back(
        "the bots could not send their commands: the simulator is overloaded");
  const bool off =
      furthest > client::arena::kMaxDivergence || largest > client::arena::kMaxDivergence;
  if (options_.game == "arena" && off)
    section.failures.push_back("a prediction went further off than the SDK allows");
  if (mismatches > 0 && !(rough && options_.impairment->corrupt > 0))
    section.failures.push_back(fmt::format("{} snapshots had a wrong checksum", mismatches));
  return section;
}

}  // namespace

Result<Section> run_match(const Endpoint& endpoint, const MatchSimOptions& options,
                          Progress& progress, const std::atomic<bool>& stop) {
  Run run(endpoint, options);
  const int part = progress.add(
      "match", [&] { return run.fraction(); }, [&] { return run.text(); });
  auto joined = run.join();
  if (joined.ok()) joined = run.wait_until_playing(stop);
  if (!joined.ok()) {
    progress.remove(part);
    return joined.error();
  }
  if (options.load_begins) options.load_begins();
  run.play(stop);
  if (options.load_ends) options.load_ends();
  progress.remove(part);
  return run.report();
}

}  // namespace troupe::sim
