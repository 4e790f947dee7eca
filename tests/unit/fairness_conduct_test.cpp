// Detectors and ladder, and what they make of simulated people and cheats: 50 seeds each.
#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <map>

#include <gtest/gtest.h>

#include "actors/match/fairness/dossier.hpp"
#include "game/arena/snapshot.hpp"
#include "game/arena/watch.hpp"
#include "sim/marksman.hpp"

namespace troupe::fairness {
namespace {

using sim::Hand;

// The interval's limits as R's binom.confint(method = "wilson") gives them.
TEST(Conduct, TheLowerEndIsWilsons) {
  EXPECT_NEAR(wilson_lower({8, 10}, 1.959964), 0.4901625, 1e-6);
  EXPECT_NEAR(wilson_lower({0, 10}, 1.959964), 0, 1e-12);
  EXPECT_NEAR(wilson_lower({50, 100}, 1.959964), 0.4038315, 1e-6);
  EXPECT_EQ(wilson_lower({0, 0}, 4), 0);
  EXPECT_GT(wilson_lower({990, 1'000}, 4), wilson_lower({99, 100}, 4));
}

Report shots(int hits, int misses) {
  Report out{
      .match = "m", .slot = 3, .tick = 900, .used = 300, .dropped = 0, .invalid = 0, .notices = {}};
  for (int i = 0; i < hits + misses; ++i)
    out.notices.push_back({3, game::Notice::What::shot, static_cast<std::uint16_t>(i < hits), 100});
  return out;
}

TEST(Conduct, FewShotsSayNothingAndManyTell) {
  Conduct few, many, fair;
  fold(few, shots(20, 0), {});
  fold(many, shots(78, 2), {});
  fold(fair, shots(50, 50), {});

  EXPECT_TRUE(judge(few, {}, {}).empty());
  EXPECT_TRUE(judge(fair, {}, {}).empty());
  const auto findings = judge(many, {}, {});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].suspicion, Suspicion::accuracy);
  EXPECT_GT(findings[0].lower, findings[0].limit);
  EXPECT_EQ(many.evidence.size(), kMaxEvidence);
}

TEST(Conduct, WhereAllAreGoodNobodyIsBlamedForIt) {
  Conduct many;
  fold(many, shots(78, 2), {});

  EXPECT_TRUE(judge(many, {.accuracy = {9'000, 10'000}}, {}).empty());
}

// People react within 150 to 250 ms: at ten ticks a second, two of them.
TEST(Conduct, WhatPeopleDoWithinASlowMatchsTicksIsNotHeldAgainstThem) {
  using What = game::Notice::What;
  const auto played = [](int tick_hz, std::uint16_t reaction, std::uint16_t turn) {
    auto report = shots(0, 0);
    for (std::uint32_t i = 0; i < 60; ++i) {
      report.notices.push_back({3, What::reaction, reaction, i});
      report.notices.push_back({3, What::aimed, turn, i});
    }
    const auto thresholds = at_ticks({}, tick_hz);
    Conduct conduct;
    fold(conduct, report, thresholds);
    return judge(conduct, {}, thresholds).size();
  };

  EXPECT_EQ(played(10, 2, 90), 0U);
  EXPECT_EQ(played(10, 1, 125), 2U);
  EXPECT_EQ(played(5, 0, 128), 0U);
  EXPECT_EQ(played(30, 3, 40), 2U);
  EXPECT_EQ(played(90, 3, 40), 2U);
}

TEST(Conduct, WhoSendsTwiceAsFastIsFoundAndAStormOnceIsNot) {
  Conduct fast, storm;
  const auto commands = [](std::uint32_t used, std::uint32_t dropped) {
    return Report{.match = "m",
                  .slot = 1,
                  .tick = 300,
                  .used = used,
                  .dropped = dropped,
                  .invalid = 0,
                  .notices = {}};
  };
  for (int i = 0; i < 3; ++i) fold(fast, commands(300, 280), {});
  fold(storm, commands(240, 37), {});
  for (int i = 0; i < 2; ++i) fold(storm, commands(300, 0), {});

  EXPECT_EQ(judge(fast, {}, {}).at(0).suspicion, Suspicion::flood);
  EXPECT_TRUE(judge(storm, {}, {}).empty());
}

TEST(Conduct, CommandsThatTheRulesDoNotHaveAreFoundAndADamagedOneIsNot) {
  const auto commands = [](std::uint32_t used, std::uint32_t invalid) {
    return Report{.match = "m",
                  .slot = 1,
                  .tick = 300,
                  .used = used,
                  .dropped = 0,
                  .invalid = invalid,
                  .notices = {}};
  };
  Conduct forger, unlucky;
  fold(forger, commands(0, 40), {});
  fold(unlucky, commands(300, 1), {});

  EXPECT_EQ(judge(forger, {}, {}).at(0).suspicion, Suspicion::invalid);
  EXPECT_TRUE(judge(unlucky, {}, {}).empty());
}

TEST(Conduct, AfterAFindingFreshEvidenceIsNeeded) {
  Conduct conduct;
  fold(conduct, shots(78, 2), {});

  acquit(conduct, Suspicion::accuracy);

  EXPECT_TRUE(judge(conduct, {}, {}).empty());
  EXPECT_FALSE(conduct.evidence.empty());
}

TEST(Ladder, OnlyFlagsUnlessItIsToldTo) {
  Standing standing;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(next_action(standing, {}), Action::flag);
    ++standing.strikes;
    standing = apply(standing, Action::flag, {}, 1'000);
  }
  EXPECT_FALSE(standing.shadow);
  EXPECT_FALSE(barred(standing, 2'000));
}

TEST(Ladder, StrikesLeadUpStepByStep) {
  const LadderOptions options{
      .shadow_strikes = 2, .kick_strikes = 3, .ban_strikes = 5, .kick_s = 600};
  Standing standing;
  std::vector<Action> taken;
  for (int i = 0; i < 5; ++i) {
    taken.push_back(next_action(standing, options));
    ++standing.strikes;
    standing = apply(standing, taken.back(), options, 1'000);
    if (i == 2) {
      EXPECT_TRUE(barred(standing, 600'999));
      EXPECT_FALSE(barred(standing, 601'000));
    }
  }
  EXPECT_EQ(taken,
            (std::vector{Action::flag, Action::shadow, Action::kick, Action::kick, Action::ban}));
  EXPECT_TRUE(standing.shadow);
  EXPECT_EQ(standing.barred_until_ms, kForEver);
  EXPECT_EQ(apply(standing, Action::kick, options, 2'000).barred_until_ms, kForEver);
  EXPECT_EQ(apply(standing, Action::clear, options, 2'000),
            (Standing{.strikes = 0, .last = Action::clear}));
}

TEST(Dossier, ComesBackFromItsRecord) {
  Dossier dossier;
  fold(dossier.conduct, shots(78, 2), {});
  dossier.standing = {3, Action::ban, true, kForEver};
  const Flag flag{"01J",        "eve",
                  77,           {Suspicion::snap, {9, 10}, 0.6, 0.2},
                  Action::kick, {{"m", 5, 2, 90, Suspicion::snap}}};

  EXPECT_EQ(decode_dossier(encode_dossier(dossier)), dossier);
  EXPECT_EQ(decode_flag("01J", encode_flag(flag)), flag);
  EXPECT_FALSE(decode_dossier("garbage"));
  EXPECT_FALSE(decode_flag("01J", encode_dossier(dossier).substr(8)));
}

// --- A simulated arena: people and cheats, each with a latency, judged as the server does ---

struct Played {
  std::map<Suspicion, std::uint32_t> found;  ///< by the first player: at which tick first
  bool other_found = false;
  Share accuracy, reaction, snap;  ///< of the first player
};

/// The first player has `first` hand, the others are people.
Played play(std::uint64_t seed, Hand first, std::uint32_t ticks, int players = 6) {
  auto world = game::make_world(seed);
  std::vector<sim::Marksman> minds;
  std::vector<Conduct> conducts(static_cast<std::size_t>(players));
  std::vector<Report> reports(static_cast<std::size_t>(players));
  std::vector<std::size_t> behind;
  for (int slot = 0; slot < players; ++slot) {
    game::add_player(world, slot);
    minds.emplace_back(slot == 0 ? first : Hand::person,
                       seed * 31 + static_cast<std::uint64_t>(slot));
    behind.push_back(1 + (seed + static_cast<std::size_t>(slot) * 3) % 8);
  }
  game::arena::Watch watch;
  std::deque<game::Snapshot> shown{game::take_snapshot(world)};
  std::vector<game::Notice> notices;
  Population population;
  Played out;
  while (world.tick < ticks) {
    game::ArenaCommands commands{};
    for (std::size_t slot = 0; slot < minds.size(); ++slot) {
      const auto& screen = shown[std::min(behind[slot], shown.size()) - 1];
      auto command = minds[slot].decide({.shown = &screen,
                                         .slot = static_cast<int>(slot),
                                         .me = {world.players[slot].x, world.players[slot].y},
                                         .tick = screen.tick});
      command.seen_tick = static_cast<std::uint16_t>(screen.tick);
      commands[slot] = command;
    }
    const auto verdicts = game::step(world, commands);
    shown.push_front(game::take_snapshot(world));
    if (shown.size() > 10) shown.pop_back();
    notices.clear();
    watch.look(world, commands, verdicts, notices);
    for (const auto& notice : notices) reports[notice.slot].notices.push_back(notice);
    if (world.tick % 300 != 0) continue;
    for (std::size_t slot = 0; slot < minds.size(); ++slot) {
      auto report = std::exchange(reports[slot], {});
      report.used = 300;
      fold(conducts[slot], report, {});
      for (const auto& notice : report.notices) {
        if (notice.what != game::Notice::What::shot) continue;
        population.accuracy.all += 1;
        population.accuracy.of += notice.value;
      }
      for (const auto& finding : judge(conducts[slot], population, {})) {
        if (slot == 0) out.found.emplace(finding.suspicion, world.tick);
        if (slot != 0) out.other_found = true;
      }
    }
  }
  const auto share = [&](Suspicion s) { return conducts[0].shares[static_cast<std::size_t>(s)]; };
  out.accuracy = share(Suspicion::accuracy);
  out.reaction = share(Suspicion::reaction);
  out.snap = share(Suspicion::snap);
  return out;
}

struct Campaign {
  int runs = 0, found = 0, others_found = 0;
  std::map<Suspicion, int> by;
  std::vector<double> seconds;  ///< to the first finding, sorted
  Share accuracy, reaction, snap;
};

Campaign campaign(Hand hand, int seeds, std::uint32_t ticks) {
  Campaign out;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto one = play(static_cast<std::uint64_t>(seed), hand, ticks);
    ++out.runs;
    out.others_found += one.other_found ? 1 : 0;
    for (const auto& [suspicion, tick] : one.found) ++out.by[suspicion];
    for (const auto& [to, from] :
         {std::pair{&out.accuracy, one.accuracy}, std::pair{&out.reaction, one.reaction},
          std::pair{&out.snap, one.snap}}) {
      to->of += from.of;
      to->all += from.all;
    }
    if (one.found.empty()) continue;
    ++out.found;
    out.seconds.push_back(
        std::ranges::min_element(one.found, {}, [](const auto& f) { return f.second; })->second /
        30.0);
  }
  std::ranges::sort(out.seconds);
  return out;
}

void print(const char* name, const Campaign& c) {
  const auto rate = [](const Share& s) { return s.all > 0 ? s.of / s.all : 0.0; };
  std::printf("%s: %d of %d found, others in %d matches", name, c.found, c.runs, c.others_found);
  for (const auto& [suspicion, count] : c.by)
    std::printf(", %d for %s", count, std::string(to_string(suspicion)).c_str());
  if (!c.seconds.empty()) {
    std::printf("; after %.0f s (median) to %.0f s", c.seconds[c.seconds.size() / 2],
                c.seconds.back());
  }
  std::printf("; hits %.2f of %.0f, fast reactions %.2f of %.0f, jumps %.2f of %.0f\n",
              rate(c.accuracy), c.accuracy.all, rate(c.reaction), c.reaction.all, rate(c.snap),
              c.snap.all);
}

TEST(FairnessSimulation, PeopleAreNeverFlaggedAndAimbotsAlwaysAre) {
  const auto people = campaign(Hand::person, 50, 3'600);
  const auto aimbots = campaign(Hand::aimbot, 50, 7'200);

  print("people", people);
  print("aimbots", aimbots);

  EXPECT_EQ(people.found, 0);
  EXPECT_EQ(people.others_found, 0);
  EXPECT_EQ(aimbots.others_found, 0);
  EXPECT_EQ(aimbots.found, aimbots.runs);
  EXPECT_LE(aimbots.seconds[aimbots.seconds.size() / 2], 120);
}

/// The figures of docs/fairness.md; some minutes.
TEST(FairnessSimulation, DISABLED_AtLength) {
  print("people, 20 minutes each", campaign(Hand::person, 200, 36'000));
  print("aimbots, 10 minutes each", campaign(Hand::aimbot, 200, 18'000));
}

}  // namespace
}  // namespace troupe::fairness
