#include "sim/cheats.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "game/arena/walls.hpp"
#include "net/client/arena.hpp"
#include "sim/cheat_table.hpp"
#include "sim/raw_player.hpp"

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;
namespace arena = game::arena;

constexpr std::array<std::string_view, 7> kNames = {"none", "aimbot", "wallhack", "speed",
                                                    "spam", "replay", "forged"};
constexpr const char* kCheater = "cheater";

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

class Trial {
 public:
  Trial(CheatTable& table, const CheatOptions& options, const std::atomic<bool>& stop)
      : table_(table),
        name_(kCheater + std::to_string(options.seed)),
        options_(options),
        stop_(stop) {}

  Result<Section> run() {
    section_.title = "cheat: " + std::string(kNames[static_cast<std::size_t>(options_.cheat)]);
    const auto done = try_it();
    if (!done.ok()) return done.error();
    for (const auto& player : table_.flagged()) {
      if (player.starts_with("honest"))
        section_.failures.push_back(player + " played honestly and is flagged");
    }
    expect(!table_.unread(), "flags could not be read");
    return section_;
  }

 private:
  Result<void> try_it();
  Result<void> honest();
  Result<void> aimbot();
  Result<void> wallhack();
  Result<void> speed();
  Result<void> spam();
  Result<void> replay();
  Result<void> forged();
  /// A raw player who is in the match.
  Result<std::unique_ptr<RawPlayer>> enter();
  Result<std::unique_ptr<RawPlayer>> knock(const std::string& token);
  void row(std::string what, double value, std::string unit = {}) {
    section_.rows.push_back({std::move(what), value, std::move(unit)});
  }
  void expect(bool holds, const char* failure) {
    if (!holds) section_.failures.emplace_back(failure);
  }
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - began_).count();
  }

  Section section_;
  CheatTable& table_;
  std::string name_;
  const CheatOptions& options_;
  const std::atomic<bool>& stop_;
  Clock::time_point began_ = Clock::now();
};

Result<void> Trial::try_it() {
  switch (options_.cheat) {
    case Cheat::none:
      return honest();
    case Cheat::aimbot:
      return aimbot();
    case Cheat::wallhack:
      return wallhack();
    case Cheat::speed:
      return speed();
    case Cheat::spam:
      return spam();
    case Cheat::replay:
      return replay();
    case Cheat::forged:
      break;
  }
  return forged();
}

Result<void> Trial::honest() {
  table_.play([] { return false; }, stop_);
  row("players", options_.honest);
  row("flagged", static_cast<double>(table_.flagged().size()));
  return {};
}

Result<void> Trial::aimbot() {
  if (auto done = table_.sit(name_, Hand::aimbot); !done.ok()) return done;
  const bool caught = table_.play([&] { return contains(table_.flagged(), name_); }, stop_);
  row("seconds until it was flagged", caught ? seconds() : -1, "s");
  expect(caught, "the aimbot was not flagged");
  return {};
}

Result<void> Trial::wallhack() {
  if (auto done = table_.sit(name_, Hand::person); !done.ok()) return done;
  double rows = 0, behind_walls = 0, not_told = 0;
  table_.look = [&](const game::Snapshot& newest) {
    const int slot = table_.cheater().slot();
    const auto* me = game::find_player(newest, slot);
    if (me == nullptr) return;
    not_told += options_.honest + 1 - static_cast<double>(newest.players.size());
    for (const auto& other : newest.players) {
      if (other.slot == slot) continue;
      ++rows;
      if (!arena::may_see({me->x, me->y}, {other.x, other.y}, true)) ++behind_walls;
    }
  };
  table_.play([] { return false; }, stop_);
  row("players that it was told of", rows);
  row("of them such that cannot come into sight soon", behind_walls);
  row("players that it was not told of", not_told);
  expect(rows > 0 && not_told > 0, "the match was not played");
  expect(behind_walls <= rows / 1'000, "it was told of players behind walls");
  return {};
}

Result<void> Trial::speed() {
  if (auto done = table_.sit(name_, Hand::person); !done.ok()) return done;
  table_.rate = 2;
  std::optional<game::PlayerView> last;
  std::uint32_t last_tick = 0;
  double fastest = 0;
  table_.look = [&](const game::Snapshot& newest) {
    const auto* me = game::find_player(newest, table_.cheater().slot());
    if (me == nullptr) return;
    // Coming back after a death is a jump that the rules make.
    if (last && last->alive && me->alive && last->health >= me->health) {
      const double moved = std::max(std::abs(me->x - last->x), std::abs(me->y - last->y));
      fastest = std::max(fastest, moved / static_cast<double>(newest.tick - last_tick));
    }
    last = *me;
    last_tick = newest.tick;
  };
  const bool caught = table_.play([&] { return contains(table_.flagged("flood"), name_); }, stop_);
  row("seconds until it was flagged", caught ? seconds() : -1, "s");
  row("fastest step, of an honest player's", fastest / game::kWalkSpeed, "x");
  expect(caught, "it was not flagged");
  expect(fastest <= game::kWalkSpeed, "it went faster than the rules allow");
  return {};
}

Result<std::unique_ptr<RawPlayer>> Trial::knock(const std::string& token) {
  auto player = RawPlayer::connect(table_.host(), table_.port());
  if (!player.ok()) return player;
  for (int i = 0; i < 200 && !(*player)->connected(); ++i) (*player)->service(5);
  (*player)->hello(token);
  for (int i = 0; i < 400 && (*player)->connected() && (*player)->snapshots() == 0; ++i)
    (*player)->service(5);
  return player;
}

Result<std::unique_ptr<RawPlayer>> Trial::enter() {
  const auto token = table_.token(name_);
  if (!token.ok()) return token.error();
  auto player = knock(*token);
  if (player.ok() && (*player)->snapshots() == 0)
    return error(ErrorCode::unavailable, "it did not come in");
  return player;
}

Result<void> Trial::spam() {
  auto player = enter();
  if (!player.ok()) return player.error();
  const auto command = game::pack_command({.fire = true});
  std::uint32_t sent = 0;
  for (; sent < 3'000 && (*player)->connected(); ++sent) {
    (*player)->commands(sent + 1, {command});
    if (sent % 4 == 0) (*player)->service(1);
  }
  for (int i = 0; i < 200 && (*player)->connected(); ++i) (*player)->service(5);
  row("packets until it was sent away", sent);
  expect((*player)->goodbye() == game::Goodbye::rate_limited, "it was not sent away");
  return {};
}

Result<void> Trial::replay() {
  const auto token = table_.token(name_);
  if (!token.ok()) return token.error();
  auto player = knock(*token);
  if (!player.ok()) return player.error();
  const std::vector<game::PackedCommand> commands(8, game::pack_command({.move_x = 1}));
  for (int i = 0; i < 60; ++i) {
    (*player)->commands(1, commands);
    (*player)->service(20);
  }
  row("commands sent again", 60 * 8);
  row("commands used", (*player)->used());
  expect((*player)->used() == 8, "commands were used again");
  auto again = knock(*token);
  if (!again.ok()) return again.error();
  for (int i = 0; i < 200 && (*again)->connected(); ++i) (*again)->service(5);
  expect((*again)->snapshots() == 0 && (*again)->goodbye() == game::Goodbye::bad_token,
         "a used token opened another connection");
  return {};
}

Result<void> Trial::forged() {
  auto token = table_.token(name_);
  if (!token.ok()) return token.error();
  auto forged = *token;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'a' ? 'b' : 'a';
  auto stranger = knock(forged);
  if (!stranger.ok()) return stranger.error();
  for (int i = 0; i < 200 && (*stranger)->connected(); ++i) (*stranger)->service(5);
  expect((*stranger)->goodbye() == game::Goodbye::bad_token, "a forged token was taken");

  auto player = knock(*token);
  if (!player.ok()) return player.error();
  game::PackedCommand impossible = game::pack_command({});
  impossible.bytes[0] = 0x0f;  // moves by 2 on both axes
  (*player)->commands(1, {impossible});
  (*player)->service(300);
  expect((*player)->used() == 0, "a command that the rules do not have was used");

  // Shots at what it claims to have seen in the future.
  std::uint32_t sequence = 1;
  for (; sequence < 12'000 && (*player)->connected() && !stop_; ++sequence) {
    const auto ahead = static_cast<std::uint16_t>((*player)->newest_tick() + 100);
    (*player)->commands(
        sequence,
        {game::pack_command({.fire = true, .weapon = game::kHitscanWeapon, .seen_tick = ahead})});
    (*player)->service(15);
    if (sequence % 60 == 0 && contains(table_.flagged("future"), name_)) break;
    if (seconds() > static_cast<double>(options_.duration.count())) break;
  }
  const bool caught = contains(table_.flagged("future"), name_);
  row("seconds until its claims were flagged", caught ? seconds() : -1, "s");
  expect(caught, "claims of the future were not flagged");

  (*player)->send("no message of this protocol", true);
  for (int i = 0; i < 200 && (*player)->connected(); ++i) (*player)->service(5);
  expect((*player)->goodbye() == game::Goodbye::bad_message, "garbage was taken");
  return {};
}

}  // namespace

std::optional<Cheat> parse_cheat(std::string_view name) noexcept {
  const auto it = std::ranges::find(kNames, name);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<Cheat>(it - kNames.begin());
}

Result<Section> run_cheat(const Endpoint& endpoint, const CheatOptions& options, Progress& progress,
                          const std::atomic<bool>& stop) {
  CheatTable table(endpoint, options);
  if (auto opened = table.open(); !opened.ok()) return opened.error();
  const int part = progress.add(
      "cheat", [&] { return table.fraction(); }, [] { return std::string(); });
  auto section = Trial(table, options, stop).run();
  progress.remove(part);
  return section;
}

}  // namespace troupe::sim
