// A player's dossier as an entity: what is flagged is written down and acted on, once.
#include "actors/match/fairness/fairness_actor.hpp"

#include <algorithm>
#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "storage/journal.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::fairness {
namespace {

ReportPtr shots(int hits, int misses) {
  auto out = std::make_shared<Report>();
  out->match = "m";
  out->slot = 3;
  out->tick = 300;
  out->used = 300;
  for (int i = 0; i < hits + misses; ++i) {
    out->notices.push_back({.slot = 3,
                            .what = game::Notice::What::shot,
                            .value = static_cast<std::uint16_t>(i < hits ? 1 : 0),
                            .tick = static_cast<std::uint32_t>(i)});
  }
  return out;
}

struct Kicks {
  std::atomic<int> count{0};
};

/// One life of a server on a directory.
class Life {
 public:
  Life(const std::string& directory, FairnessOptions options, Kicks& kicks) : world_(directory) {
    add_fairness(std::make_shared<FairnessShared>(
        world_.context(), options, [&kicks](const std::string& match, const std::string& player) {
          EXPECT_EQ(match, "m");
          EXPECT_EQ(player, "eve");
          ++kicks.count;
        }));
  }
  void report(const ReportPtr& report) {
    world_.context().entities.tell(kFairnessKind, "eve",
                                   caf::make_message(report_atom::value, report));
  }
  Dossier look() { return **world_.ask<DossierPtr>(kFairnessKind, "eve", look_atom::value); }
  Result<DossierPtr> act(Action action) {
    return world_.ask<DossierPtr>(kFairnessKind, "eve", act_atom::value,
                                  Order{action, "root", "because"});
  }
  [[nodiscard]] std::vector<std::string> events() {
    std::vector<std::string> out;
    const auto entries = storage::read_journal(world_.store(), 1, 100);
    for (const auto& entry : *entries) out.push_back(entry.type);
    return out;
  }
  test::ActorWorld& world() { return world_; }

 private:
  test::ActorWorld world_;
};

TEST(FairnessActor, WhatIsFoundIsFlaggedWithItsEvidenceAndNothingElse) {
  test::TempDir dir;
  Kicks kicks;
  Life life(dir / "db", {}, kicks);

  life.report(shots(78, 2));
  life.report(shots(10, 0));
  const auto dossier = life.look();

  // Answered in order, but flags are on disk only once the writer has taken them.
  ASSERT_TRUE(life.act(Action::flag).ok());
  const auto flags = *read_flags(life.world().store(), "", 10);
  EXPECT_EQ(dossier.standing.strikes, 1U);
  EXPECT_FALSE(dossier.standing.shadow);
  ASSERT_EQ(flags.size(), 1U);
  EXPECT_EQ(flags[0].player, "eve");
  EXPECT_EQ(flags[0].finding.suspicion, Suspicion::accuracy);
  EXPECT_EQ(flags[0].action, Action::flag);
  EXPECT_EQ(flags[0].evidence.size(), kMaxEvidence);
  EXPECT_EQ(kicks.count, 0);
  EXPECT_TRUE(read_flags(life.world().store(), flags[0].id, 10)->empty());
}

TEST(FairnessActor, ConfiguredStepsAreTakenByItselfAndOutliveTheServer) {
  test::TempDir dir;
  Kicks kicks;
  const FairnessOptions options{
      .thresholds = {},
      .ladder = {.shadow_strikes = 1, .kick_strikes = 2, .ban_strikes = 3, .kick_s = 600}};
  {
    Life life(dir / "db", options, kicks);
    for (int i = 0; i < 3; ++i) life.report(shots(78, 2));
    ASSERT_TRUE(life.act(Action::flag).ok());
  }

  Life again(dir / "db", options, kicks);
  const auto dossier = again.look();

  EXPECT_EQ(dossier.standing.strikes, 3U);
  EXPECT_TRUE(dossier.standing.shadow);
  EXPECT_EQ(dossier.standing.barred_until_ms, kForEver);
  // For the kick, for the ban, and because it had not gone in between.
  EXPECT_EQ(kicks.count, 3);
  const auto events = again.events();
  EXPECT_EQ(std::ranges::count(events, "troupe.fairness.flagged.v1"), 3);
  EXPECT_EQ(std::ranges::count(events, "troupe.fairness.action.v1"), 4);
}

TEST(FairnessActor, AnOperatorsOrderIsOnDiskWhenItIsAnswered) {
  test::TempDir dir;
  Kicks kicks;
  Life life(dir / "db", {}, kicks);
  life.report(shots(1, 1));

  ASSERT_TRUE(life.act(Action::ban).ok());

  EXPECT_EQ(read_dossier(life.world().store(), "eve")->standing.barred_until_ms, kForEver);
  EXPECT_EQ(kicks.count, 1);
  auto came_in = std::make_shared<Report>();
  came_in->match = "m";
  life.report(came_in);
  (void)life.look();
  EXPECT_EQ(kicks.count, 2) << "who comes in with a ticket of before goes again";
  ASSERT_TRUE(life.act(Action::clear).ok());
  life.report(came_in);
  (void)life.look();
  EXPECT_EQ(kicks.count, 2);
  EXPECT_EQ(*read_dossier(life.world().store(), "eve"),
            (Dossier{.conduct = {}, .standing = {.strikes = 0, .last = Action::clear}}));
  EXPECT_EQ(read_dossier(life.world().store(), "ann")->standing, Standing{});
}

TEST(FairnessActor, AnOrderThatCannotBeWrittenDownIsNotTaken) {
  test::TempDir dir;
  Kicks kicks;
  Life life(dir / "db", {}, kicks);
  ASSERT_TRUE(life.act(Action::flag).ok());
  auto& writer = life.world().writer();
  const auto nothing = [] {
    storage::Batch batch;
    batch.put(storage::Family::match, "nothing", "");
    return batch;
  };
  std::promise<void> stalled, go_on;
  ASSERT_TRUE(writer
                  .submit(nothing(),
                          [&](const auto&) {
                            stalled.set_value();
                            go_on.get_future().wait();
                          })
                  .ok());
  stalled.get_future().wait();
  while (writer.submit(nothing(), [](const auto&) {}).ok()) {
  }

  EXPECT_EQ(life.act(Action::ban).code(), ErrorCode::overloaded);
  go_on.set_value();
  writer.flush();

  EXPECT_EQ(life.look().standing.barred_until_ms, 0U);
  ASSERT_TRUE(life.act(Action::flag).ok());
  EXPECT_EQ(read_dossier(life.world().store(), "eve")->standing.barred_until_ms, 0U);
  EXPECT_EQ(kicks.count, 0);
}

}  // namespace
}  // namespace troupe::fairness
