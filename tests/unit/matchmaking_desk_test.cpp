// The life of tickets: forming, accepting, declining, and what becomes of those who waited.
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "actors/matchmaking/desk.hpp"

namespace troupe::matchmaking {
namespace {

constexpr std::uint64_t kStart = 1'000'000;

class DeskTest : public testing::Test {
 protected:
  DeskTest() : desk_(options()) {}

  static DeskOptions options() {
    DeskOptions out;
    out.modes = *parse_modes("duel:2x1,squads:2x2,raid:2x2:4:tank=1/healer=1,arena:4x1:2");
    out.regions = {"eu"};
    out.max_tickets = 6;
    return out;
  }
  static Wish wish(const std::string& mode, const std::vector<std::string>& party) {
    Wish out;
    out.mode = mode;
    for (const auto& player : party) out.party.push_back({player});
    out.ping_ms[0] = 30;
    return out;
  }
  /// Enters a single player; the ticket has their name.
  void enter(const std::string& player, const std::string& mode = "duel",
             std::uint64_t now_ms = kStart) {
    ASSERT_TRUE(desk_.enter(player, wish(mode, {player}), now_ms).ok());
    rate();
  }
  void rate() {
    for (const auto& party : desk_.take_unrated()) desk_.rated(party.ticket, 2'500, 100);
  }
  TicketView look(const std::string& ticket, const std::string& player) {
    return *desk_.look(ticket, player);
  }
  Result<TicketView> accept(const std::string& ticket, const std::string& player) {
    auto view = desk_.accept(ticket, player, {player}, kStart);
    rate();
    return view;
  }

  Desk desk_;
};

TEST_F(DeskTest, TwoWhoAcceptPlay) {
  enter("ann");
  enter("bob");
  EXPECT_TRUE(desk_.run(kStart).to_start.empty());
  EXPECT_EQ(look("ann", "ann").state, State::proposed);
  ASSERT_TRUE(accept("ann", "ann").ok());
  ASSERT_TRUE(accept("bob", "bob").ok());
  EXPECT_EQ(look("ann", "ann").state, State::starting);

  const auto run = desk_.run(kStart);

  ASSERT_EQ(run.to_start.size(), 1U);
  EXPECT_EQ(run.to_start[0].sides, (std::vector<std::vector<std::string>>{{"ann"}, {"bob"}}));
  desk_.started(run.to_start[0].proposal, "m", kStart);
  EXPECT_EQ(look("bob", "bob").match, "m");
  EXPECT_EQ(look("bob", "bob").team, 1U);
  EXPECT_EQ(desk_.open(), 0U);
  EXPECT_TRUE(desk_.ticket_of("ann").empty());
  EXPECT_EQ(desk_.leave("ann", "ann", kStart).code(), ErrorCode::conflict);
}

TEST_F(DeskTest, APartyThatMayNotPlayIsTurnedAwayAndMayComeAgain) {
  ASSERT_TRUE(desk_.enter("eve", wish("duel", {"eve"}), kStart).ok());
  (void)desk_.take_unrated();

  desk_.refuse("eve", kStart);

  EXPECT_EQ(look("eve", "eve").state, State::ended);
  EXPECT_EQ(look("eve", "eve").reason, Reason::barred);
  EXPECT_TRUE(desk_.ticket_of("eve").empty());
  EXPECT_EQ(desk_.open(), 0U);
}

TEST_F(DeskTest, WhoIsInTheShadowIsMatchedOnlyWithOthersWhoAre) {
  for (const auto* player : {"ann", "bob", "eve"})
    ASSERT_TRUE(desk_.enter(player, wish("duel", {player}), kStart).ok());
  for (const auto& party : desk_.take_unrated())
    desk_.rated(party.ticket, 2'500, 100, party.ticket == "bob" ? Light::open : Light::shadow);

  (void)desk_.run(kStart);

  EXPECT_EQ(look("ann", "ann").state, State::proposed);
  EXPECT_EQ(look("eve", "eve").state, State::proposed);
  EXPECT_EQ(look("bob", "bob").state, State::queued);
  EXPECT_EQ(look("eve", "eve").mode, "duel");
  EXPECT_EQ(desk_.waiting("duel"), 1U);
  EXPECT_FALSE(desk_.enter("mal", wish("duel/shadow", {"mal"}), kStart).ok());
}

TEST_F(DeskTest, WhoDoesNotAcceptLeavesAndTheOtherKeepsItsPlace) {
  enter("ann", "duel", kStart);
  enter("bob", "duel", kStart + 5'000);
  (void)desk_.run(kStart + 6'000);
  ASSERT_TRUE(accept("ann", "ann").ok());

  (void)desk_.run(kStart + 26'000);

  EXPECT_EQ(look("bob", "bob").reason, Reason::not_accepted);
  EXPECT_EQ(look("ann", "ann").state, State::queued);
  EXPECT_EQ(look("ann", "ann").since_ms, kStart);
  EXPECT_EQ(desk_.waiting("duel"), 1U);
}

TEST_F(DeskTest, ADeclinedMatchIsOffAtOnce) {
  enter("ann");
  enter("bob");
  (void)desk_.run(kStart);
  ASSERT_TRUE(desk_.leave("bob", "bob", kStart).ok());
  EXPECT_EQ(look("bob", "bob").reason, Reason::declined);
  EXPECT_EQ(look("ann", "ann").state, State::queued);
  enter("eve");
  (void)desk_.run(kStart);
  EXPECT_EQ(look("eve", "eve").state, State::proposed);
}

TEST_F(DeskTest, APartyWaitsForAllItsMembers) {
  ASSERT_TRUE(desk_.enter("t", wish("squads", {"ann", "bob"}), kStart).ok());
  EXPECT_TRUE(desk_.ticket_of("bob").empty());  // named, not bound
  EXPECT_EQ(desk_.look("t", "eve").code(), ErrorCode::forbidden);
  enter("bob");
  EXPECT_EQ(accept("t", "bob").code(), ErrorCode::conflict);
  ASSERT_TRUE(desk_.leave("bob", "bob", kStart).ok());
  ASSERT_TRUE(accept("t", "bob").ok());
  EXPECT_EQ(look("t", "ann").state, State::queued);
  EXPECT_EQ(desk_.waiting("squads"), 1U);

  ASSERT_TRUE(desk_.enter("u", wish("squads", {"eve", "joe"}), kStart).ok());
  (void)desk_.run(kStart + 60'000);
  EXPECT_EQ(look("u", "eve").reason, Reason::not_accepted);
}

TEST_F(DeskTest, RolesOfAPartyHaveToFit) {
  auto tanks = wish("raid", {"ann", "bob"});
  tanks.party[0].roles = 1;
  ASSERT_TRUE(desk_.enter("t", tanks, kStart).ok());
  EXPECT_EQ(desk_.accept("t", "bob", {"bob", 1}, kStart).code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(desk_.accept("t", "bob", {"bob", 2}, kStart).ok());
}

TEST_F(DeskTest, RefusesWhatCannotBe) {
  const auto code = [&](const Wish& wanted) { return desk_.enter("x", wanted, kStart).code(); };
  EXPECT_EQ(code(wish("chess", {"ann"})), ErrorCode::invalid_argument);
  EXPECT_EQ(code(wish("duel", {"ann", "bob"})), ErrorCode::invalid_argument);
  EXPECT_EQ(code(wish("squads", {"ann", "ann"})), ErrorCode::invalid_argument);
  auto nowhere = wish("duel", {"ann"});
  nowhere.ping_ms = {};
  EXPECT_EQ(code(nowhere), ErrorCode::invalid_argument);
  enter("ann");
  EXPECT_EQ(code(wish("duel", {"ann"})), ErrorCode::conflict);
  for (int i = 0; i < 5; ++i) enter("p" + std::to_string(i));
  EXPECT_EQ(code(wish("duel", {"late"})), ErrorCode::overloaded);
}

TEST_F(DeskTest, AMatchThatCannotBeMadeIsTriedAgain) {
  enter("ann");
  enter("bob");
  (void)desk_.run(kStart);
  for (const auto* player : {"ann", "bob"}) ASSERT_TRUE(accept(player, player).ok());
  desk_.failed(desk_.run(kStart).to_start.at(0).proposal);
  EXPECT_EQ(desk_.waiting("duel"), 2U);
  (void)desk_.run(kStart);
  EXPECT_EQ(look("ann", "ann").state, State::proposed);
}

TEST_F(DeskTest, NewcomersJoinAMatchThatBeganSmall) {
  for (const auto* player : {"ann", "bob"}) enter(player, "arena");
  const auto later = kStart + 30'000;
  (void)desk_.run(later);
  for (const auto* player : {"ann", "bob"}) ASSERT_TRUE(accept(player, player).ok());
  const auto small = desk_.run(later).to_start.at(0);
  EXPECT_EQ(small.places, 4);
  desk_.started(small.proposal, "m", later);

  enter("eve", "arena", later);
  (void)desk_.run(later);
  ASSERT_TRUE(accept("eve", "eve").ok());
  const auto joins = desk_.run(later).to_start.at(0);

  EXPECT_EQ(joins.match, "m");
  EXPECT_EQ(joins.sides, (std::vector<std::vector<std::string>>{{"ann"}, {"bob"}, {"eve"}}));
  desk_.started(joins.proposal, "m", later);
  EXPECT_EQ(look("eve", "eve").match, "m");
  EXPECT_EQ(look("eve", "eve").team, 2U);

  // It is over, or full: who comes then waits for another.
  enter("joe", "arena", later);
  (void)desk_.run(later);
  ASSERT_TRUE(accept("joe", "joe").ok());
  desk_.failed(desk_.run(later).to_start.at(0).proposal);
  (void)desk_.run(later);
  EXPECT_EQ(look("joe", "joe").state, State::queued);
}

/// Everybody does anything at any time; the desk's books must balance.
TEST(Desk, KeepsItsBooksUnderAnyCrowd) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  DeskOptions options;
  options.modes = *parse_modes("duel:2x1,squads:2x4,arena:6x1:2");
  options.regions = {"eu", "us"};
  options.widening.max_wait_ms = 20'000;
  options.accept_ms = 3'000;
  options.form_ms = 4'000;
  options.keep_ms = 10'000;
  Desk desk(options);
  const auto player = [&] { return "p" + std::to_string(random() % 120); };
  std::map<std::string, std::uint64_t> since;
  std::uint64_t now = kStart, made = 0, entered = 0, joined = 0;
  for (int step = 0; step < 12'000; ++step) {
    now += random() % 20;
    const auto name = player();
    const auto ticket = desk.ticket_of(name);
    switch (random() % 5) {
      case 0: {
        Wish wish;
        wish.mode = options.modes[random() % 3].name;
        wish.party.push_back({name});
        if (wish.mode == "squads" && random() % 2 == 0) wish.party.push_back({player() + "x"});
        wish.ping_ms = {static_cast<std::uint16_t>(1 + random() % 200), 90};
        entered += desk.enter("t" + std::to_string(step), wish, now).ok();
        break;
      }
      case 1:
      case 2:
        if (!ticket.empty()) (void)desk.accept(ticket, name, {name}, now);
        break;
      case 3:
        if (!ticket.empty() && random() % 8 == 0) (void)desk.leave(ticket, name, now);
        break;
      default:
        for (const auto& party : desk.take_unrated())
          desk.rated(party.ticket, static_cast<double>(random() % 3'000), 100);
        std::set<std::string> playing;
        for (const auto& start : desk.run(now).to_start) {
          // In a match that runs, those before the last play already.
          const auto known = start.match.empty() ? 0 : start.sides.size() - 1;
          for (auto side = known; side < start.sides.size(); ++side) {
            for (const auto& one : start.sides[side]) ASSERT_TRUE(playing.insert(one).second);
          }
          joined += known > 0;
          if (random() % 10 == 0) {
            desk.failed(start.proposal);
          } else {
            ++made;
            desk.started(start.proposal,
                         start.match.empty() ? "m" + std::to_string(made) : start.match, now);
          }
        }
    }
    if (const auto held = desk.ticket_of(name); !held.empty()) {
      const auto view = *desk.look(held, name);
      ASSERT_NE(view.state, State::ended);
      ASSERT_NE(view.state, State::matched);
    }
  }
  EXPECT_GT(made, 20U);
  EXPECT_GT(entered, 200U);
  EXPECT_GT(joined, 0U);
  // All go: the books are empty.
  for (int i = 0; i < 40; ++i) {
    now += 5'000;
    for (const auto& party : desk.take_unrated()) desk.rated(party.ticket, 1'000, 100);
    for (const auto& start : desk.run(now).to_start) desk.started(start.proposal, "m", now);
  }
  EXPECT_EQ(desk.open(), 0U);
}

}  // namespace
}  // namespace troupe::matchmaking
