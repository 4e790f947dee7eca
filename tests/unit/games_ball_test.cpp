// The physics of ball, and that clients predict it.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "game/ball/ball.hpp"
#include "game/ball/pitch_codec.hpp"

namespace troupe::game::ball {
namespace {

Steers random_steers(std::mt19937& random, int players) {
  Steers out{};
  for (int slot = 0; slot < players; ++slot) {
    if (random() % 10 == 0) continue;
    out[static_cast<std::size_t>(slot)] =
        Steer{.heading = static_cast<std::uint8_t>(random()),
              .throttle = static_cast<std::uint8_t>(random() % (kMostThrottle + 1)),
              .boost = random() % 4 == 0};
  }
  return out;
}

/// After the kick-off.
Pitch playing(int players) {
  Pitch pitch;
  for (int slot = 0; slot < players; ++slot) add_car(pitch, slot);
  pitch.kickoff = 0;
  return pitch;
}

double energy(const Body& body, const Disc& disc) {
  return disc.mass * (std::pow(body.vx, 2) + std::pow(body.vy, 2));
}

bool within(const Body& body, Length left, Length right, Length radius) {
  return body.x >= left + radius && body.x <= right - radius && body.y >= kTop + radius &&
         body.y <= kBottom - radius;
}

TEST(BallPhysics, CollisionsKeepMomentumExactlyAndEnergyUpToRounding) {
  std::mt19937 random(1);
  const auto any = [&random](Length most) {
    return static_cast<Length>(random() % (2U * static_cast<unsigned>(most) + 1)) - most;
  };
  int bounced = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto& disc_b = i % 2 == 0 ? kBallDisc : kCarDisc;
    Body a{50 * kUnit, 50 * kUnit, any(kTopSpeed), any(kTopSpeed)};
    Body b{50 * kUnit + any(kUnit), 50 * kUnit + any(kUnit), any(kTopSpeed), any(kTopSpeed)};
    const auto a_before = a, b_before = b;

    collide(a, kCarDisc, b, disc_b);

    ASSERT_EQ(a.vx * kCarDisc.mass + b.vx * disc_b.mass,
              a_before.vx * kCarDisc.mass + b_before.vx * disc_b.mass);
    ASSERT_EQ(a.vy * kCarDisc.mass + b.vy * disc_b.mass,
              a_before.vy * kCarDisc.mass + b_before.vy * disc_b.mass);
    const auto before = energy(a_before, kCarDisc) + energy(b_before, disc_b);
    const auto after = energy(a, kCarDisc) + energy(b, disc_b);
    // A velocity is off by less than four where it was rounded.
    EXPECT_NEAR(after, before, 8 * 4 * 2 * kTopSpeed * 3) << i;
    if (a.vx != a_before.vx || a.vy != a_before.vy) ++bounced;
    EXPECT_GE(std::hypot(a.x - b.x, a.y - b.y) + 2, kCarDisc.radius + disc_b.radius)
        << "they were moved apart";
  }
  EXPECT_GT(bounced, 5'000);
}

TEST(BallPhysics, AHeadOnBallIsShotAwayAndTheCarSlowed) {
  Body car{50 * kUnit, 50 * kUnit, 300, 0}, ball{50 * kUnit + 3 * kUnit, 50 * kUnit, 0, 0};

  collide(car, kCarDisc, ball, kBallDisc);

  EXPECT_EQ(car.vx, 150) << "(3 - 1) / 4 of its speed";
  EXPECT_EQ(ball.vx, 450) << "2 · 3 / 4 of it";
  EXPECT_EQ(ball.vy, 0);
}

TEST(BallPhysics, NothingLeavesThePitchOrGoesTooFastWhateverIsSteered) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto pitch = playing(kMostPlayers);
    for (int tick = 0; tick < 3'000; ++tick) {
      step(pitch, random_steers(random, kMostPlayers));
      for (const auto& car : pitch.cars) {
        ASSERT_TRUE(within(car.body, kLeft, kRight, kCarRadius)) << tick;
        ASSERT_LE(std::abs(car.body.vx), kTopSpeed);
        ASSERT_LE(std::abs(car.body.vy), kTopSpeed);
        ASSERT_LE(car.boost, kFullBoost);
      }
      ASSERT_TRUE(within(pitch.ball, 0, kExtent, kBallRadius)) << tick;
      ASSERT_TRUE(decode_pitch(encode_pitch(pitch)));
    }
  }
}

TEST(BallRules, ABallInTheMouthIsAGoalOfTheOtherTeamAndEverybodyStartsAgain) {
  auto pitch = playing(2);
  const auto start = pitch.cars[0].body;
  pitch.cars[0].body.x += 9 * kUnit;
  pitch.ball = {kLeft + 2 * kUnit, (kMouthTop + kMouthBottom) / 2, -600, 0};

  for (int tick = 0; tick < 5 && pitch.kickoff == 0; ++tick) step(pitch, {});

  EXPECT_EQ(pitch.goals, (std::array<std::uint16_t, 2>{0, 1}));
  EXPECT_EQ(pitch.kickoff, kKickoffTicks);
  EXPECT_EQ(pitch.cars[0].body, start);
  EXPECT_EQ(BallState(pitch).score(0), 0);
  EXPECT_EQ(BallState(pitch).score(1), 1);
  EXPECT_EQ(BallState(pitch).score(3), 1) << "the team's, not the player's";
}

TEST(BallRules, BesideTheMouthThereIsAWall) {
  auto pitch = playing(2);
  pitch.ball = {kLeft + 2 * kUnit, kMouthTop - 2 * kUnit, -600, 0};

  for (int tick = 0; tick < 5; ++tick) step(pitch, {});

  EXPECT_EQ(pitch.goals, (std::array<std::uint16_t, 2>{0, 0}));
  EXPECT_GT(pitch.ball.vx, 0);
}

TEST(BallRules, ACarAtFullThrottleReachesTheOtherEndInSeconds) {
  auto pitch = playing(1);
  pitch.ball.y = kBottom - 2 * kUnit;  // out of its way
  Steers steers{};
  steers[0] = Steer{.heading = 0, .throttle = kMostThrottle, .boost = true};
  int ticks = 0;

  for (; ticks < 300 && pitch.cars[0].body.x < kRight - 3 * kUnit; ++ticks) step(pitch, steers);

  EXPECT_LT(ticks, 120) << "four seconds at 30 Hz";
}

// Everybody else rolls on: so does the prediction.
TEST(BallPrediction, IsTheServersWhereNobodyElseSteers) {
  std::mt19937 random(3);
  BallState server(playing(4));
  BallPredictor client(2);
  client.confirm(*ball_game().show_all(server));
  for (int tick = 0; tick < 40; ++tick) {
    Commands commands{};
    commands[2] = pack(random_steers(random, 3)[2].value_or(Steer{}));

    server.step(commands);
    client.apply(*commands[2]);

    ASSERT_EQ(*client.pitch(), server.pitch);
    ASSERT_EQ(client.where(), (Place{server.pitch.cars[2].body.x, server.pitch.cars[2].body.y}));
  }
}

TEST(BallCodec, AQuietPitchIsNearlyFreeAndABusyOneCostsAFewBytesABody) {
  std::mt19937 random(4);
  PitchModel model;
  auto pitch = playing(6);
  std::size_t bytes = 0;
  for (int tick = 0; tick < 900; ++tick) {
    const auto before = pitch;
    step(pitch, random_steers(random, 6));
    const auto size = encode_delta(model, before, pitch).size();
    if (tick >= 300) bytes += size;
  }
  for (auto& car : pitch.cars) car.body.vx = car.body.vy = 0;
  pitch.ball.vx = pitch.ball.vy = 0;
  const auto before = pitch;
  ++pitch.tick;
  PitchModel quiet;

  EXPECT_LT(bytes / 600, 7 * 6U);
  EXPECT_LE(encode_delta(quiet, before, pitch).size(), 2U);
}

}  // namespace
}  // namespace troupe::game::ball
