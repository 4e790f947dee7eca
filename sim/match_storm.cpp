#include "sim/match_storm.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "sim/match_crowd.hpp"

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kAllBack = 15s;
/// ENet gives up a silent peer after 5 to 30 s; then its match may stand still.
constexpr auto kAllGone = 45s;
/// A client that says goodbye is not at the server yet when its socket has sent it.
constexpr auto kCountsSettle = 2s;

std::string_view state_name(client::State state) {
  switch (state) {
    case client::State::connecting:
      return "connecting";
    case client::State::playing:
      return "playing";
    case client::State::closed:
      return "closed";
  }
  return "";
}

bool all_play(Crowd& crowd) {
  return std::ranges::all_of(crowd.players(),
                             [&](const auto& player) { return crowd.plays(player); });
}

/// Right at once, or shortly after.
void check_counts(Crowd& crowd, const std::string& when, Section& section) {
  std::vector<std::string> wrong;
  crowd.play_until(
      [&] {
        wrong = crowd.miscounts();
        return wrong.empty();
      },
      kCountsSettle);
  for (const auto& one : wrong) section.failures.push_back(when + ": " + one);
}

/// Everybody leaves; nothing of them stays.
void check_empty(Crowd& crowd, Section& section) {
  for (auto& player : crowd.players()) crowd.leave(player);
  int played = -1;
  const bool empty = crowd.play_until(
      [&] {
        const auto found = crowd.matches_played();
        played = found.ok() ? *found : -1;
        std::this_thread::sleep_for(50ms);
        return played == 0;
      },
      kAllGone);
  if (!empty)
    section.failures.push_back(fmt::format("{} matches are left without players", played));
  const auto clients = crowd.metric("troupe_udp_clients");
  if (clients != 0) section.failures.push_back(fmt::format("{:.0f} clients are left", clients));
  check_counts(crowd, "at the end", section);
  if (crowd.mismatches() != 0)
    section.failures.push_back(
        fmt::format("{} snapshots had a wrong checksum", crowd.mismatches()));
}

/// One storm; how long each was away goes into `back`.
void storm(Crowd& crowd, std::mt19937_64& random, int number, Histogram& back, Section& section) {
  std::vector<std::uint32_t> shown(crowd.matches().size());
  for (auto& player : crowd.players()) {
    random() % 2 == 0 ? crowd.leave(player) : crowd.vanish(player);
    shown[player.match] = std::max(shown[player.match], player.seen_tick);
  }
  const auto began = Clock::now();
  for (auto& player : crowd.players()) {
    if (const auto joined = crowd.join(player); !joined.ok())
      section.failures.push_back(fmt::format("storm {}: {}", number, joined.error().detail));
  }
  std::vector<bool> in(crowd.players().size());
  const auto look = [&] {
    for (std::size_t i = 0; i < in.size(); ++i) {
      auto& player = crowd.players()[i];
      if (in[i] || !crowd.plays(player)) continue;
      in[i] = true;
      back.record(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
      if (player.game->slot() != player.slot)
        section.failures.push_back(
            fmt::format("storm {}: {} came back to another place", number, player.name));
      if (player.game->latest()->tick < shown[player.match])
        section.failures.push_back(
            fmt::format("storm {}: {} was shown a tick of before", number, player.name));
    }
    return std::ranges::all_of(in, [](bool one) { return one; });
  };
  if (!crowd.play_until(look, kAllBack)) {
    section.failures.push_back(fmt::format("storm {}: {} of {} are not back in {} s", number,
                                           std::ranges::count(in, false), in.size(),
                                           kAllBack.count()));
  }
  check_counts(crowd, fmt::format("storm {}", number), section);
}

/// A token that is none opens nothing and leaves nothing.
void try_wrong_token(Crowd& crowd, Section& section) {
  auto intruder = crowd.join_with("wrong");
  if (!intruder.ok()) return section.failures.push_back(intruder.error().detail);
  const bool refused =
      crowd.play_until([&] { return (*intruder)->state() == client::State::closed; }, 10s);
  if (!refused || (*intruder)->goodbye() != game::Goodbye::bad_token)
    section.failures.push_back("a wrong token was not refused");
}

Result<Crowd> gather(const Endpoint& endpoint, int bots, int per_match, std::uint64_t seed) {
  auto crowd = Crowd::make(endpoint, bots, per_match, seed);
  if (!crowd.ok()) return crowd;
  for (auto& player : crowd->players()) {
    if (auto joined = crowd->join(player); !joined.ok()) return joined.error();
    crowd->play(0ms);
  }
  if (!crowd->play_until([&] { return all_play(*crowd); }, kAllBack))
    return error(ErrorCode::timeout, "not all bots got in");
  return crowd;
}

}  // namespace

Result<Section> run_match_storm(const Endpoint& endpoint, const StormOptions& options,
                                Progress& progress, const std::atomic<bool>& stop) {
  auto crowd = gather(endpoint, options.bots, options.bots_per_match, options.seed);
  if (!crowd.ok()) return crowd.error();
  Section section;
  section.title = "match storms";
  std::mt19937_64 random(options.seed);
  std::atomic<int> storms{0};
  const auto began = Clock::now();
  std::atomic<double> fraction{0};
  const int part = progress.add(
      "storms", [&] { return fraction.load(); },
      [&] { return fmt::format("{} storms of {} bots", storms.load(), options.bots); });
  Histogram back;
  while (Clock::now() - began < options.duration && !stop && section.failures.empty()) {
    crowd->play(options.calm);
    storm(*crowd, random, ++storms, back, section);
    try_wrong_token(*crowd, section);
    fraction = std::chrono::duration<double>(Clock::now() - began) /
               std::chrono::duration<double>(options.duration);
  }
  progress.remove(part);
  check_empty(*crowd, section);
  section.rows = {
      {"bots", static_cast<double>(options.bots), ""},
      {"storms", static_cast<double>(storms), ""},
      {"reconnects", static_cast<double>(back.count()), ""},
      {"snapshots with a wrong checksum", static_cast<double>(crowd->mismatches()), ""}};
  section.latencies["back in the game"] = back;
  return section;
}

Result<Section> run_match_churn(const Endpoint& endpoint, const ChurnOptions& options,
                                Progress& progress, const std::atomic<bool>& stop) {
  auto crowd = Crowd::make(endpoint, options.bots, options.bots_per_match, options.seed);
  if (!crowd.ok()) return crowd.error();
  Section section;
  section.title = "match churn";
  std::mt19937_64 random(options.seed);
  const auto began = Clock::now();
  std::atomic<int> joins{0}, leaves{0};
  std::atomic<double> fraction{0};
  const int part = progress.add(
      "churn", [&] { return fraction.load(); },
      [&] { return fmt::format("{} joins, {} leaves", joins.load(), leaves.load()); });
  auto next_check = began + 2s;
  while (Clock::now() - began < options.duration && !stop && section.failures.empty()) {
    auto& player = crowd->players()[random() % crowd->players().size()];
    if (player.game) {
      crowd->leave(player);
      ++leaves;
    } else if (auto joined = crowd->join(player); joined.ok()) {
      ++joins;
    } else {
      section.failures.push_back(joined.error().detail);
    }
    crowd->play(std::chrono::milliseconds(static_cast<int>(1'000 / options.per_second)));
    if (Clock::now() < next_check) continue;
    next_check = Clock::now() + 2s;
    const auto here = [&] {
      return std::ranges::all_of(crowd->players(),
                                 [&](const auto& one) { return !one.game || crowd->plays(one); });
    };
    if (!crowd->play_until(here, kAllBack)) {
      for (const auto& one : crowd->players()) {
        if (!one.game || crowd->plays(one)) continue;
        section.failures.push_back(fmt::format("{} does not get in: {}, sent away with {}",
                                               one.name, state_name(one.game->state()),
                                               static_cast<int>(one.game->goodbye())));
      }
    }
    check_counts(*crowd, fmt::format("after {} joins", joins.load()), section);
    fraction = std::chrono::duration<double>(Clock::now() - began) /
               std::chrono::duration<double>(options.duration);
  }
  progress.remove(part);
  check_empty(*crowd, section);
  section.rows = {
      {"bots", static_cast<double>(options.bots), ""},
      {"joins", static_cast<double>(joins), ""},
      {"leaves", static_cast<double>(leaves), ""},
      {"snapshots with a wrong checksum", static_cast<double>(crowd->mismatches()), ""}};
  return section;
}

}  // namespace troupe::sim
