// The walls against oracles that work another way: fine steps, and Liang and Barsky's clipping in
// floating point.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "game/arena/walls.hpp"

namespace troupe::game::arena {
namespace {

Point random_point(std::mt19937& random) {
  return {static_cast<Length>(random() % kArena), static_cast<Length>(random() % kArena)};
}

/// How much of the line is within the wall, as a share of it (Liang and Barsky, 1984).
double share_within(Point a, Point b, const Wall& w, double margin) {
  double from = 0, to = 1;
  const auto clip = [&](double delta, double low, double high) {
    if (delta == 0) return low < 0 && high > 0;
    from = std::max(from, std::min(low / delta, high / delta));
    to = std::min(to, std::max(low / delta, high / delta));
    return from < to;
  };
  const bool meets = clip(b.x - a.x, w.x0 + margin - a.x, w.x1 - margin - a.x) &&
                     clip(b.y - a.y, w.y0 + margin - a.y, w.y1 - margin - a.y);
  return meets ? to - from : 0;
}

TEST(Walls, AreTheSameFromBothSides) {
  for (const auto& w : walls()) {
    const Wall turned{kArena - w.x1, kArena - w.y1, kArena - w.x0, kArena - w.y0};
    EXPECT_NE(std::ranges::find(walls(), turned), walls().end());
  }
}

TEST(Walls, BlockALineIfAndOnlyIfItMeetsTheirInside) {
  std::mt19937 random(7);
  int blocked = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto a = random_point(random);
    const auto b = i % 3 == 0   ? Point{a.x, static_cast<Length>(random() % kArena)}
                   : i % 3 == 1 ? random_point(random)
                                : Point{static_cast<Length>((a.x + random() % 4'000) % kArena),
                                        static_cast<Length>((a.y + random() % 4'000) % kArena)};
    const Length margin = i % 2 == 0 ? 0 : 1'239;
    double most = 0;
    for (const auto& w : walls()) most = std::max(most, share_within(a, b, w, margin));

    const auto found = wall_between(a, b, margin);

    if (most * std::hypot(b.x - a.x, b.y - a.y) > 0.01) {
      ASSERT_TRUE(found) << a.x << "," << a.y << " " << b.x << "," << b.y;
      EXPECT_GT(share_within(a, b, walls()[*found], margin), 0);
      ++blocked;
    } else if (most == 0) {
      ASSERT_FALSE(found) << a.x << "," << a.y << " " << b.x << "," << b.y;
    }
    EXPECT_EQ(wall_between(b, a, margin).has_value(), found.has_value());
  }
  EXPECT_GT(blocked, 20'000);
}

TEST(Walls, NobodyWalksIntoOneAndEverybodySlidesAlong) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto at = random_point(random);
    while (in_wall(at)) at = random_point(random);
    for (int step = 0; step < 500; ++step) {
      const auto dx = static_cast<Length>(static_cast<int>(random() % 3) - 1) * kWalkSpeed;
      const auto dy = static_cast<Length>(static_cast<int>(random() % 3) - 1) * kWalkSpeed;

      const auto next = slide(at, dx, dy);

      ASSERT_FALSE(in_wall(next));
      const Point alone_x{std::clamp(at.x + dx, 0, kArena - 1), at.y};
      if (!in_wall(alone_x)) {
        EXPECT_EQ(next.x, alone_x.x);
      }
      at = next;
    }
  }
}

TEST(Walls, WhoIsInOneWalksOut) {
  const auto& w = walls()[0];
  Point at{w.x0 + 100, w.y0 + 100};

  for (int i = 0; i < 10; ++i) at = slide(at, -kWalkSpeed, 0);

  EXPECT_FALSE(in_wall(at));
}

TEST(Walls, WhoeverCouldComeIntoSightWasTold) {
  std::mt19937 random(11);
  int near_misses = 0, hidden = 0;
  for (int i = 0; i < 60'000; ++i) {
    const auto eye = random_point(random), other = random_point(random);
    if (may_see(eye, other, false)) continue;
    ++hidden;
    // Wherever they walk within the time looked ahead, no part of the other's body is in sight.
    const auto moved = [&random](Point p, Length most) {
      const double angle = std::uniform_real_distribution<double>(0, 6.2831)(random);
      return Point{p.x + static_cast<Length>(std::cos(angle) * most),
                   p.y + static_cast<Length>(std::sin(angle) * most)};
    };
    constexpr double kDiagonal = kLookaheadTicks * kWalkSpeed * 1.4142;
    const auto later_eye = moved(eye, static_cast<Length>(kDiagonal));
    const auto later = moved(moved(other, static_cast<Length>(kDiagonal)), kHitRadius);
    EXPECT_TRUE(wall_between(later_eye, later));
    if (!wall_between(eye, other, kMostMargin - 1)) ++near_misses;
  }
  EXPECT_GT(hidden, 10'000);
  EXPECT_GT(near_misses, 100);
}

TEST(Walls, WhoWasKnownStaysALittleLonger) {
  std::mt19937 random(3);
  int longer = 0;
  for (int i = 0; i < 60'000; ++i) {
    const auto eye = random_point(random), other = random_point(random);
    if (may_see(eye, other, false)) {
      EXPECT_TRUE(may_see(eye, other, true));
    }
    if (may_see(eye, other, true) && !may_see(eye, other, false)) ++longer;
  }
  EXPECT_GT(longer, 100);
}

}  // namespace
}  // namespace troupe::game::arena
