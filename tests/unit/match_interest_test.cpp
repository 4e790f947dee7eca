#include <cmath>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "game/arena/arena.hpp"
#include "game/arena/interest.hpp"
#include "game/replica.hpp"

namespace troupe::game {
namespace {

ArenaCommands random_commands(std::mt19937& random, int players, unsigned shots_in) {
  ArenaCommands out{};
  for (int i = 0; i < players; ++i) {
    out[static_cast<std::size_t>(i)] =
        Command{static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1),
                static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1),
                static_cast<std::uint8_t>(random()), random() % shots_in == 0};
  }
  return out;
}

const PlayerView* find(const Snapshot& in, std::uint8_t slot) {
  for (const auto& player : in.players) {
    if (player.slot == slot) return &player;
  }
  return nullptr;
}

TEST(Interest, WhoIsOutOfSightIsNeverSentAndWhoIsInSightAlwaysIs) {
  const InterestOptions options{.view_distance = 40 * kUnit};
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto world = make_world(seed);
    for (int i = 0; i < 30; ++i) add_player(world, i);
    Interest interest;
    Snapshot last;
    for (int tick = 0; tick < 300; ++tick) {
      step(world, random_commands(random, 30, 3));
      const auto now = take_snapshot(world);

      const auto sent = interest.select(now, 7, tick == 0 ? nullptr : &last, nullptr, options);

      const auto& eye = *find(now, 7);
      const auto far = [&eye](const auto& thing) {
        return std::hypot(thing.x - eye.x, thing.y - eye.y) / kUnit;
      };
      for (const auto& player : sent.players) EXPECT_LE(far(player), 44.01);
      for (const auto& shot : sent.projectiles) EXPECT_LE(far(shot), 40.01);
      for (const auto& player : now.players) {
        if (far(player) < 39.99) {
          ASSERT_NE(find(sent, player.slot), nullptr);
          EXPECT_EQ(*find(sent, player.slot), player);
        }
      }
      last = sent;
    }
  }
}

/// A client whose acknowledgements come back after `delay` ticks, and what it took.
struct Narrow {
  std::size_t largest = 0;
  std::map<int, std::uint32_t> longest_wait;  ///< by slot, in ticks
};

Narrow play_narrow(std::uint32_t budget, std::size_t delay, unsigned seed) {
  constexpr int kPlayers = 64;
  const InterestOptions options{.view_distance = 0, .budget_bytes = budget};
  std::mt19937 random(seed);
  auto world = make_world(seed);
  for (int i = 0; i < kPlayers; ++i) add_player(world, i);
  TablesAuthor tables(arena_game(), 1);
  ReplicaSender sender;
  Interest interest;
  std::map<int, std::uint32_t> fresh;  ///< slot → when it was last as it is
  Narrow out;
  for (std::uint32_t tick = 1; tick <= 1'200; ++tick) {
    step(world, random_commands(random, kPlayers, 1'000));
    const auto now = take_snapshot(world);
    const auto last = sender.sent(tick - 1);
    if (tick > delay)
      sender.acknowledge(tick - static_cast<std::uint32_t>(delay), tables.newest().version);
    const auto baseline = sender.baseline();
    const auto view = std::make_shared<const ArenaView>(
        interest.select(now, 0, last ? &snapshot_of(*last) : nullptr,
                        baseline ? &snapshot_of(*baseline) : nullptr, options));
    Encodings encodings(tables);
    const auto packet = sender.send(view, encodings);
    if (packet.baseline && tick % 4 == 0) tables.learn(*packet.baseline, *view);
    if (tick < 200) continue;  // until all are there and the tables are learned
    out.largest = std::max(out.largest, packet.bytes->size());
    for (const auto& player : now.players) {
      const auto* sent = find(view->snapshot, player.slot);
      auto& since = fresh.try_emplace(player.slot, tick).first->second;
      if (sent != nullptr && *sent == player) since = tick;
      auto& wait = out.longest_wait[player.slot];
      wait = std::max(wait, tick - since);
    }
  }
  return out;
}

TEST(Interest, UnderABudgetNobodyStarvesAndTheBudgetHolds) {
  for (const std::size_t delay : {1U, 4U}) {
    for (unsigned seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(testing::Message() << "delay " << delay << ", seed " << seed);

      const auto narrow = play_narrow(100, delay, seed);

      EXPECT_LE(narrow.largest, 100U);
      EXPECT_EQ(narrow.longest_wait.at(0), 0U) << "the own player is always told";
      for (const auto& [slot, wait] : narrow.longest_wait)
        EXPECT_LE(wait, 60U * static_cast<std::uint32_t>(delay)) << "player " << slot;
    }
  }
}

}  // namespace
}  // namespace troupe::game
