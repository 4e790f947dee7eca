// The arena with walls and hitscan: its states come back from their bytes, watchers see what
// happens, and clients are told of whoever they could see.
#include <cmath>
#include <map>
#include <random>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "game/arena/arena.hpp"
#include "game/arena/command.hpp"
#include "game/arena/interest.hpp"
#include "game/arena/watch.hpp"

namespace troupe::game {
namespace {

constexpr int kPlayers = 8;

Commands random_commands(std::mt19937& random, std::uint32_t tick) {
  Commands out{};
  for (std::size_t slot = 0; slot < kPlayers; ++slot) {
    out[slot] =
        pack_command({.move_x = static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1),
                      .move_y = static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1),
                      .aim = static_cast<std::uint8_t>(random()),
                      .fire = random() % 3 != 0,
                      .weapon = static_cast<std::uint8_t>(random() % 4 == 0 ? 0 : kHitscanWeapon),
                      .seen_tick = static_cast<std::uint16_t>(tick - random() % 12),
                      .seen_fraction = static_cast<std::uint8_t>(random())});
  }
  return out;
}

TEST(ArenaWithShots, AStateThatCameBackFromItsBytesJudgesAllShotsTheSame) {
  int hits = 0;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    ArenaState one(make_world(seed));
    for (int slot = 0; slot < kPlayers; ++slot) one.enter(slot);
    for (int i = 0; i < 300; ++i) {
      const auto bytes = one.encode();
      const auto two = arena_game().decode_state(bytes);
      ASSERT_NE(two, nullptr);
      ASSERT_EQ(two->hash(), one.hash());
      if (i % 50 == 20) {
        one.leave(3);
        two->leave(3);
      }
      if (i % 50 == 25) {
        one.enter(3);
        two->enter(3);
      }
      const auto commands = random_commands(random, one.tick());
      one.step(commands);
      two->step(commands);
      ASSERT_EQ(two->hash(), one.hash());
      ASSERT_EQ(static_cast<const ArenaState&>(*two).shots, one.shots);
      for (const auto& shot : one.shots) hits += shot.hit ? 1 : 0;
    }
  }
  EXPECT_GT(hits, 20);
}

TEST(ArenaWithShots, AShotIsExplainedAsItWasJudged) {
  std::mt19937 random(3);
  ArenaState state(make_world(3));
  for (int slot = 0; slot < kPlayers; ++slot) state.enter(slot);
  int explained = 0;
  for (int i = 0; i < 200; ++i) {
    state.step(random_commands(random, state.tick()));
    for (const auto& shot : state.shots) {
      const auto text = arena_game().explain_shot(state, shot.shot.shooter);
      const auto told = boost::json::parse(text);
      EXPECT_TRUE(told.at("same").as_bool());
      EXPECT_EQ(told.at("hit").is_null(), !shot.hit.has_value());
      ++explained;
    }
  }
  EXPECT_GT(explained, 50);
  EXPECT_EQ(arena_game().explain_shot(state, 63), "");
}

TEST(ArenaWithShots, ShotsHurtThroughNoWallAndKillAfterFive) {
  auto world = make_world(1);
  add_player(world, 0);
  add_player(world, 1);
  // Above and below the wall from (80, 30) to (120, 44).
  world.players[0].x = world.players[1].x = 100 * kUnit;
  world.players[0].y = 60 * kUnit;
  world.players[1].y = 20 * kUnit;
  const auto shoot = [&world] {
    ArenaCommands commands{};
    commands[0] = Command{.aim = 192,
                          .fire = true,
                          .weapon = kHitscanWeapon,
                          .seen_tick = static_cast<std::uint16_t>(world.tick)};
    for (int i = 0; i < kHitscanCooldown; ++i) {
      step(world, i == 0 ? commands : ArenaCommands{});
      commands[0]->seen_tick = static_cast<std::uint16_t>(world.tick);
    }
  };
  step(world, {});
  shoot();
  EXPECT_EQ(world.players[1].health, kFullHealth);

  world.players[1].y = 50 * kUnit;
  step(world, {});
  for (int i = 0; i < 5; ++i) shoot();

  EXPECT_EQ(world.players[0].score, 1);
  EXPECT_GT(world.players[1].respawn, 0);
}

TEST(Watch, TellsHowFastAndHowAbruptlySomebodyAims) {
  auto world = make_world(1);
  add_player(world, 0);
  add_player(world, 1);
  world.players[0].x = 100 * kUnit;
  world.players[0].y = 60 * kUnit;
  world.players[1].x = 100 * kUnit;
  world.players[1].y = 20 * kUnit;  // behind a wall
  arena::Watch watch;
  std::vector<Notice> notices;
  const auto turn = [&](Command command) {
    ArenaCommands commands{};
    command.weapon = kHitscanWeapon;
    if (command.seen_tick == 0) command.seen_tick = static_cast<std::uint16_t>(world.tick);
    commands[0] = command;
    const auto shots = step(world, commands);
    watch.look(world, commands, shots, notices);
  };
  for (int i = 0; i < 40; ++i) turn({});
  EXPECT_TRUE(notices.empty());
  world.players[1].x = 60 * kUnit;  // out into sight
  world.players[1].y = 50 * kUnit;
  step(world, {});
  for (int i = 0; i < 4; ++i) turn({});

  turn({.aim = 138, .fire = true});

  using What = Notice::What;
  const auto tick = world.tick;
  EXPECT_EQ(notices, (std::vector<Notice>{{0, What::shot, 1, tick},
                                          {0, What::seen, 0, tick},
                                          {0, What::aimed, 118, tick},
                                          {0, What::reaction, 4, tick}}));
  notices.clear();
  for (int i = 0; i < kHitscanCooldown; ++i) turn({.aim = 138});
  turn({.aim = 138, .fire = true, .seen_tick = static_cast<std::uint16_t>(world.tick + 9)});
  EXPECT_EQ(notices, (std::vector<Notice>{{0, What::shot, 1, world.tick},
                                          {0, What::seen, 1, world.tick},
                                          {0, What::aimed, 0, world.tick}}));
}

/// Whether a part of the other's body is in sight, by many lines.
bool sees(const PlayerView& eye, const PlayerView& other) {
  for (int i = 0; i < 32; ++i) {
    const double angle = i * 0.19635;
    const Place at{other.x + static_cast<Length>(std::cos(angle) * kHitRadius),
                   other.y + static_cast<Length>(std::sin(angle) * kHitRadius)};
    if (!arena::wall_between({eye.x, eye.y}, at)) return true;
  }
  return false;
}

TEST(InterestWithWalls, WhoeverComesIntoSightWasToldOfBeforeAndManyAreHidden) {
  const LensOptions options{.view_distance = 0, .budget_bytes = 1'100, .line_of_sight = true};
  int hidden = 0, seen = 0, hidden_but_known = 0;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    ArenaState state(make_world(seed));
    for (int slot = 0; slot < 20; ++slot) state.enter(slot);
    std::map<int, Command> walks;
    Interest interest;
    Snapshot last;
    std::map<int, int> told_for;  // ticks
    for (int i = 0; i < 600; ++i) {
      Commands commands{};
      for (int slot = 0; slot < 20; ++slot) {
        auto& walk = walks[slot];
        if (random() % 30 == 0) {
          walk.move_x = static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1);
          walk.move_y = static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1);
        }
        commands[static_cast<std::size_t>(slot)] = pack_command(walk);
      }
      state.step(commands);
      const auto now = take_snapshot(state.world);

      const auto sent = interest.select(now, 5, i == 0 ? nullptr : &last, nullptr, options);

      const auto* eye = find_player(now, 5);
      for (const auto& other : now.players) {
        if (other.slot == 5) continue;
        const auto* told = find_player(sent, other.slot);
        if (told != nullptr) {
          ASSERT_EQ(*told, other) << "nobody waits where all fits";
        }
        auto& ticks = told_for[other.slot];
        ticks = told != nullptr ? ticks + 1 : 0;
        if (sees(*eye, other)) {
          ++seen;
          ASSERT_NE(told, nullptr);
          if (i > arena::kLookaheadTicks) {
            ASSERT_GT(ticks, arena::kLookaheadTicks) << "told late";
          }
        } else {
          (told == nullptr ? hidden : hidden_but_known) += 1;
        }
      }
      last = sent;
    }
  }
  EXPECT_GT(seen, 10'000);
  EXPECT_GT(hidden, hidden_but_known);
}

}  // namespace
}  // namespace troupe::game
