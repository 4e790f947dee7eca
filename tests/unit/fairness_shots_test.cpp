// Shots are judged at what the client drew: a client of our own, in floating point, with a late
// copy of the match, is the oracle.
#include <cmath>
#include <deque>
#include <numbers>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "game/arena/shots.hpp"

namespace troupe::game::arena {
namespace {

constexpr int kPlayers = 6;

/// Players who walk about between walls, dying and coming back.
class Walkers {
 public:
  explicit Walkers(unsigned seed) : random_(seed) {
    for (auto& p : players_) p = somewhere();
  }
  void tick() {
    ++tick_;
    for (auto& p : players_) {
      if (p.dead > 0) {
        if (--p.dead == 0) p = somewhere();
        continue;
      }
      if (random_() % 20 == 0) p.dx = step();
      if (random_() % 20 == 0) p.dy = step();
      p.at = slide(p.at, p.dx, p.dy);
      if (random_() % 200 == 0) p.dead = 10;
    }
  }
  [[nodiscard]] Stands stands() const {
    Stands out{};
    for (std::size_t i = 0; i < kPlayers; ++i) {
      out[i] = {static_cast<std::uint16_t>(players_[i].at.x),
                static_cast<std::uint16_t>(players_[i].at.y), players_[i].dead == 0};
    }
    return out;
  }
  [[nodiscard]] std::uint32_t now() const { return tick_; }
  [[nodiscard]] Point place(int slot) const { return players_[static_cast<std::size_t>(slot)].at; }
  std::mt19937& random() { return random_; }

 private:
  struct Walker {
    Point at;
    Length dx = 0, dy = 0;
    int dead = 0;
  };
  Length step() { return (static_cast<int>(random_() % 3) - 1) * kWalkSpeed; }
  Walker somewhere() {
    Walker w;
    do {
      w.at = {static_cast<Length>(60 * kUnit + random_() % (80 * kUnit)),
              static_cast<Length>(60 * kUnit + random_() % (80 * kUnit))};
    } while (in_wall(w.at));
    w.dx = step();
    w.dy = step();
    return w;
  }
  std::mt19937 random_;
  std::uint32_t tick_ = 0;
  std::array<Walker, kPlayers> players_;
};

struct Drawn {
  double x = 0, y = 0;
};

/// As a client interpolates: between the snapshots before and after.
std::optional<Drawn> drawn(const std::deque<Stands>& all, std::size_t slot, double time) {
  const auto before = static_cast<std::size_t>(std::floor(time));
  const double share = time - std::floor(time);
  const auto& to = all[share > 0 ? before + 1 : before][slot];
  const auto& from = all[before][slot];
  if (!to.alive) return std::nullopt;
  if (!from.alive) return Drawn{static_cast<double>(to.x), static_cast<double>(to.y)};
  return Drawn{from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)};
}

std::uint8_t aim_at(Point from, Drawn to) {
  const double angle = std::atan2(to.y - from.y, to.x - from.x);
  return static_cast<std::uint8_t>(std::lround(angle * 128 / std::numbers::pi));
}

/// Distance of `to` from the line that the aim means, and along it.
struct Line {
  double along = 0, off = 0;
};
Line line(Point from, std::uint8_t aim, Drawn to) {
  const double dx = sine(static_cast<std::uint8_t>(aim + 64)), dy = sine(aim);
  const double length = std::hypot(dx, dy), x = to.x - from.x, y = to.y - from.y;
  return {(x * dx + y * dy) / length, std::abs(x * dy - y * dx) / length};
}

/// Liang and Barsky's clipping, for each wall made smaller by `margin`.
bool blocked(Drawn a, Drawn b, double margin) {
  return std::ranges::any_of(walls(), [&](const Wall& w) {
    double from = 0, to = 1;
    const auto clip = [&](double delta, double low, double high) {
      if (delta == 0) return low < 0 && high > 0;
      from = std::max(from, std::min(low / delta, high / delta));
      to = std::min(to, std::max(low / delta, high / delta));
      return from < to;
    };
    return clip(b.x - a.x, w.x0 + margin - a.x, w.x1 - margin - a.x) &&
           clip(b.y - a.y, w.y0 + margin - a.y, w.y1 - margin - a.y);
  });
}

struct Expected {
  std::optional<std::uint8_t> hit;
  bool close_call = false;  ///< a rounding away from another outcome: not to be compared
};

/// By real numbers, on what the client drew.
Expected by_geometry(const std::deque<Stands>& all, const Shot& shot, double time) {
  constexpr double kRounding = 4;
  Expected out;
  double nearest = 1e9;
  for (std::size_t slot = 0; slot < kPlayers; ++slot) {
    const auto at = drawn(all, slot, time);
    if (slot == shot.shooter || !at) continue;
    const auto l = line(shot.from, shot.aim, *at);
    if (std::abs(l.off - kHitRadius) < kRounding) out.close_call = true;
    if (l.off > kHitRadius) continue;
    const double half = std::sqrt(double{kHitRadius} * kHitRadius - l.off * l.off);
    if (std::abs(l.along + half) < kRounding) out.close_call = true;
    if (l.along + half < 0) continue;
    const double enters = std::max(0.0, l.along - half);
    if (std::abs(enters - kHitscanRange) < kRounding) out.close_call = true;
    if (enters > kHitscanRange) continue;
    const double dx = sine(static_cast<std::uint8_t>(shot.aim + 64)), dy = sine(shot.aim);
    const double scale = enters / std::hypot(dx, dy);
    const Drawn from{static_cast<double>(shot.from.x), static_cast<double>(shot.from.y)};
    const Drawn point{from.x + dx * scale, from.y + dy * scale};
    const bool wall = blocked(from, point, 0);
    // A line that grazes a wall, or ends at one.
    if (blocked(from, point, kRounding) != blocked(from, point, -kRounding)) out.close_call = true;
    if (wall) continue;
    if (std::abs(enters - nearest) < kRounding) out.close_call = true;
    if (enters >= nearest) continue;
    nearest = enters;
    out.hit = static_cast<std::uint8_t>(slot);
  }
  return out;
}

std::string tell(const History& history, const Verdict& verdict) {
  std::ostringstream out;
  const auto& shot = verdict.shot;
  out << "tick " << shot.tick << " from " << shot.from.x << "," << shot.from.y << " aim "
      << int{shot.aim};
  for (const auto& one : candidates(history, verdict)) {
    out << "\n  slot " << int{one.slot} << " at " << one.then.x << "," << one.then.y << " distance "
        << one.distance << " off " << one.off << (one.on_line ? " on the line" : "")
        << (one.wall ? " behind a wall" : "");
  }
  return out.str();
}

struct Outcome {
  int shots = 0, hits = 0, at_target = 0, clamped = 0, compared = 0;
};

/// A shooter whose picture of the others is `behind` ticks old shoots at one that it sees; every
/// verdict is compared with geometry on what it saw, or, beyond the bound, on the oldest that it is
/// granted.
Outcome play(unsigned seed, double behind, bool compensated = true) {
  Walkers walkers(seed);
  History history;
  std::deque<Stands> all{walkers.stands()};
  Outcome out;
  for (int i = 0; i < 400; ++i) {
    walkers.tick();
    const auto now = walkers.now();
    if (now > 30) {
      const auto slot = static_cast<std::uint8_t>(walkers.random()() % kPlayers);
      const auto target = static_cast<std::size_t>(walkers.random()() % kPlayers);
      const double time = std::round((now - behind) * 256) / 256;
      const auto seen = drawn(all, target, time);
      if (seen && target != slot) {
        const auto moment = static_cast<std::int64_t>(time * 256);
        Shot shot{.shooter = slot,
                  .aim = aim_at(walkers.place(slot), *seen),
                  .from = walkers.place(slot),
                  .tick = now,
                  .seen_tick = static_cast<std::uint16_t>(moment / 256),
                  .seen_fraction = static_cast<std::uint8_t>(moment % 256)};
        if (!compensated)
          shot.seen_tick = static_cast<std::uint16_t>(now - 1), shot.seen_fraction = 0;

        const auto verdict = judge_shot(history, shot);

        const double granted = static_cast<double>(verdict.judged.value) / 256;
        EXPECT_LE(now - granted, kMostRewind / 256.0);
        if (compensated && behind <= kMostRewind / 256.0) {
          EXPECT_EQ(verdict.clamp, Clamp::none);
          EXPECT_EQ(granted, time);
        }
        const auto expected = by_geometry(all, shot, granted);
        if (!expected.close_call) {
          EXPECT_EQ(verdict.hit, expected.hit) << tell(history, verdict);
          ++out.compared;
        }
        ++out.shots;
        out.hits += verdict.hit ? 1 : 0;
        out.at_target += verdict.hit && *verdict.hit == target ? 1 : 0;
        out.clamped += verdict.clamp != Clamp::none ? 1 : 0;
      }
    }
    history.record(now, walkers.stands());
    all.push_back(walkers.stands());
  }
  return out;
}

TEST(Rewind, AShotHitsIfAndOnlyIfItHitsWhatTheClientDrew) {
  for (int latency_ms = 0; latency_ms <= 400; latency_ms += 25) {
    const double behind = std::max(1.0, latency_ms * 30 / 1'000.0);
    Outcome all;
    for (unsigned seed = 1; seed <= 15; ++seed) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << latency_ms << " ms");
      const auto one = play(seed, behind);
      all.shots += one.shots;
      all.compared += one.compared;
      all.clamped += one.clamped;
      all.hits += one.hits;
    }
    EXPECT_GT(all.compared, all.shots * 9 / 10);
    EXPECT_GT(all.hits, all.shots / 4);
    EXPECT_EQ(all.clamped, latency_ms > 250 ? all.shots : 0) << latency_ms;
  }
}

TEST(Rewind, WithinTheBoundLatencyCostsNoHits) {
  const auto rate = [](double behind, bool compensated) {
    double shots = 0, hits = 0;
    for (unsigned seed = 1; seed <= 60; ++seed) {
      const auto one = play(seed, behind, compensated);
      shots += one.shots;
      hits += one.at_target;
    }
    return hits / shots;
  };
  const double at_once = rate(1, true), late = rate(7.3, true), beyond = rate(15, true),
               without = rate(7.3, false);

  std::printf(
      "hits of the target aimed at: %.3f at once, %.3f at 243 ms, %.3f at 500 ms (bound 250"
      "), %.3f at 243 ms without rewind\n",
      at_once, late, beyond, without);

  EXPECT_NEAR(late, at_once, 0.02);
  EXPECT_LT(without, at_once - 0.05);
  EXPECT_LT(beyond, at_once - 0.05);
}

TEST(Rewind, ClaimsOfTheFutureAndOfLongAgoAreClampedAndSaid) {
  History history;
  Stands stands{};
  stands[1] = {.x = 25'600, .y = 25'600, .alive = true};
  for (std::uint32_t tick = 1; tick < 1'000; ++tick) history.record(tick, stands);
  const auto judged = [&](std::uint32_t seen, std::uint8_t fraction) {
    return judge_shot(history, {.shooter = 0,
                                .aim = 0,
                                .from = {25'600 - 5'000, 25'600},
                                .tick = 1'000,
                                .seen_tick = static_cast<std::uint16_t>(seen),
                                .seen_fraction = fraction});
  };

  const auto future = judged(1'000, 0), far_future = judged(20'000, 0), newest = judged(999, 0),
             bound = judged(992, 128), old = judged(992, 127), ancient = judged(0, 0),
             wrapped = judged(65'000, 0);

  EXPECT_EQ(future.clamp, Clamp::future);
  EXPECT_EQ(future.judged, moment(999));
  EXPECT_EQ(far_future.clamp, Clamp::future);
  EXPECT_EQ(newest.clamp, Clamp::none);
  EXPECT_EQ(bound.clamp, Clamp::none);
  EXPECT_EQ(old.clamp, Clamp::too_old);
  EXPECT_EQ(old.judged, moment(992, 128));
  EXPECT_EQ(ancient.clamp, Clamp::too_old);
  EXPECT_EQ(wrapped.clamp, Clamp::too_old);
  for (const auto& one : {future, far_future, newest, bound, old, ancient, wrapped})
    EXPECT_EQ(one.hit, std::optional<std::uint8_t>(1));
}

TEST(Rewind, TheNearestOnTheLineIsHitAndNobodyBehindAWall) {
  const auto& wall = walls()[6];
  const auto middle = static_cast<std::uint16_t>((wall.y0 + wall.y1) / 2);
  History history;
  Stands stands{};
  stands[1] = {.x = static_cast<std::uint16_t>(wall.x1 + 2'000), .y = middle, .alive = true};
  history.record(99, stands);
  Shot shot{.shooter = 0, .from = {wall.x0 - 2'000, middle}, .tick = 100, .seen_tick = 99};

  const auto behind = judge_shot(history, shot);
  const auto why = candidates(history, behind);
  stands[2] = {.x = static_cast<std::uint16_t>(wall.x0 - 600), .y = middle, .alive = true};
  stands[3] = {.x = static_cast<std::uint16_t>(wall.x0 - 1'000), .y = middle, .alive = true};
  history.record(99, stands);
  const auto before = judge_shot(history, shot);

  EXPECT_FALSE(behind.hit);
  ASSERT_EQ(why.size(), 1U);
  EXPECT_TRUE(why[0].on_line);
  EXPECT_EQ(why[0].wall, std::optional<std::size_t>(6));
  EXPECT_EQ(before.hit, std::optional<std::uint8_t>(3));
}

TEST(Rewind, TheHistoryComesBackFromItsBytesAndDamagedBytesDoNotHurt) {
  Walkers walkers(5);
  History history;
  for (int i = 0; i < 50; ++i) {
    walkers.tick();
    history.record(walkers.now(), walkers.stands());
  }
  const auto hash = [](const History& of) {
    Fnv fnv;
    of.mix_into(fnv);
    return fnv.value();
  };
  std::string bytes;
  history.encode(bytes);
  const auto decode = [](History& into, std::string_view from) {
    ByteReader in(from);
    return into.decode(in) && in.complete();
  };
  History back;

  ASSERT_TRUE(decode(back, bytes));

  EXPECT_EQ(back, history);
  EXPECT_EQ(hash(back), hash(history));
  back.forget(2);
  EXPECT_NE(hash(back), hash(history));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode(back, bytes.substr(0, size)));
  for (int i = 0; i < 2'000; ++i) {
    auto damaged = bytes;
    damaged[walkers.random()() % damaged.size()] = static_cast<char>(walkers.random()());
    static_cast<void>(decode(back, damaged));
  }
}

}  // namespace
}  // namespace troupe::game::arena
