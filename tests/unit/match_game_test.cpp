#include <random>

#include <gtest/gtest.h>

#include "game/arena/snapshot_codec.hpp"
#include "game/arena/world.hpp"
#include "tests/support/game_bots.hpp"

namespace troupe::game {
namespace {

World played(unsigned seed, int players, int ticks) {
  std::mt19937 random(seed);
  auto world = make_world(seed);
  for (int i = 0; i < players; ++i) add_player(world, i);
  for (int i = 0; i < ticks; ++i) step(world, test::arena_bots(random, players));
  return world;
}

TEST(World, TheSameCommandsGiveTheSameStateBitForBit) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const auto a = played(seed, 16, 300), b = played(seed, 16, 300);

    EXPECT_EQ(a, b);
    EXPECT_EQ(state_hash(a), state_hash(b));
  }
  EXPECT_NE(state_hash(played(1, 16, 300)), state_hash(played(2, 16, 300)));
}

// Fixed for ever: replays and checkpoints of older versions depend on it.
TEST(World, TheHashOfAKnownRunDoesNotChange) {
  auto world = make_world(7);
  for (int i = 0; i < 4; ++i) add_player(world, i);
  for (int tick = 0; tick < 200; ++tick) {
    ArenaCommands commands{};
    for (int i = 0; i < 4; ++i) {
      commands[static_cast<std::size_t>(i)] =
          Command{static_cast<std::int8_t>(tick % 3 - 1), static_cast<std::int8_t>(i % 3 - 1),
                  static_cast<std::uint8_t>(tick * 5 + i * 64), tick % 4 == 0};
    }
    step(world, commands);
  }
  EXPECT_EQ(state_hash(world), 13'949'533'767'563'227'118ULL);
}

TEST(World, AHitHurtsThenKillsScoresAndTheVictimComesBack) {
  auto world = make_world(1);
  add_player(world, 0);
  add_player(world, 1);
  world.players[0].x = world.players[0].y = 100 * kUnit;
  world.players[1].x = 110 * kUnit;
  world.players[1].y = 100 * kUnit;
  ArenaCommands commands{};
  commands[0] = Command{0, 0, 0, true};

  int ticks = 0;
  while (world.players[0].score == 0 && ticks < 200) {
    step(world, commands);
    ++ticks;
  }
  EXPECT_EQ(world.players[0].score, 1);
  EXPECT_EQ(world.players[1].health, 0);
  EXPECT_GT(world.players[1].respawn, 0);
  for (int i = 0; i < kRespawnTicks; ++i) step(world, {});
  EXPECT_EQ(world.players[1].health, kFullHealth);
}

TEST(World, NobodyLeavesTheArenaOrFiresFasterThanTheRulesAllow) {
  auto world = make_world(3);
  add_player(world, 0);
  ArenaCommands commands{};
  commands[0] = Command{1, 1, 32, true};
  for (int i = 0; i < 2'000; ++i) {
    const auto before = world.next_projectile;
    step(world, commands);
    EXPECT_LT(world.players[0].x, kArena);
    EXPECT_LE(world.next_projectile - before, 1);
  }
  EXPECT_LE(world.next_projectile, 2'000 / kFireCooldown + 1);
}

TEST(Snapshot, DeltaAgainstAnyBaselineRestoresTheFullState) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto world = make_world(seed);
    std::vector<Snapshot> history{Snapshot{}};
    for (int tick = 0; tick < 200; ++tick) {
      if (random() % 20 == 0) add_player(world, static_cast<int>(random() % 20));
      if (random() % 40 == 0) remove_player(world, static_cast<int>(random() % 20));
      step(world, test::arena_bots(random, 20));
      const auto now = take_snapshot(world);
      const auto& baseline = history[random() % history.size()];

      SnapshotModel writing, reading;
      const auto bytes = encode_snapshot(writing, baseline, now);

      const auto decoded = decode_snapshot(reading, baseline, now.tick, bytes);
      ASSERT_TRUE(decoded);
      ASSERT_EQ(*decoded, now);
      history.push_back(now);
    }
  }
}

TEST(Snapshot, GarbageIsRefusedOrDecodesWithinTheLimits) {
  std::mt19937 random(5);
  const auto baseline = take_snapshot(played(9, 16, 100));
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 200, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());

    SnapshotModel model;
    const auto decoded = decode_snapshot(model, baseline, baseline.tick + 1, bytes);

    if (decoded) {
      EXPECT_LE(decoded->players.size(), static_cast<std::size_t>(kMaxPlayers));
      EXPECT_LE(decoded->projectiles.size(), kMaxProjectiles);
    }
  }
}

TEST(Snapshot, ADeltaOfOneTickIsUnderAThirdOfAFullOne) {
  std::mt19937 random(11);
  auto world = make_world(11);
  for (int i = 0; i < 10; ++i) add_player(world, i);
  std::size_t delta = 0, full = 0;
  auto before = take_snapshot(world);
  for (int tick = 0; tick < 500; ++tick) {
    step(world, test::arena_bots(random, 10));
    const auto now = take_snapshot(world);
    SnapshotModel of_delta, of_full;
    delta += encode_snapshot(of_delta, before, now).size();
    full += encode_snapshot(of_full, Snapshot{}, now).size();
    before = now;
  }
  EXPECT_LT(delta * 3, full) << delta << " of " << full;
}

}  // namespace
}  // namespace troupe::game
