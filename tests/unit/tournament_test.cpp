// Brackets and round robins: everybody has their opponents, withdrawals included.
#include "actors/tournament/tournament.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace troupe::tournament {
namespace {

TEST(SeedOrder, IsTheUsualOne) {
  EXPECT_EQ(seed_order(8), (std::vector<Seed>{0, 7, 4, 3, 2, 5, 6, 1}));
}

TEST(Bracket, GivesTheByesToTheBestSeeds) {
  const Bracket bracket(5);
  ASSERT_EQ(bracket.rounds().size(), 3U);
  std::set<Seed> through;
  for (const auto& pairing : bracket.rounds()[0]) {
    if (pairing.winner) through.insert(*pairing.winner);
  }
  EXPECT_EQ(through, (std::set<Seed>{0, 1, 2}));
  EXPECT_EQ(bracket.playable().size(), 2U);  // 3 against 4; and 1 against 2, who both had a bye
}

TEST(Bracket, TheBetterSeedAlwaysWinningMakesThePlacesOfTheSeeds) {
  for (const std::size_t entrants : {2U, 3U, 5U, 8U, 13U, 64U, 100U, 4'096U}) {
    Bracket bracket(entrants);
    while (!bracket.champion()) {
      for (const auto place : bracket.playable()) {
        const auto& pairing = bracket.rounds()[place.round][place.pairing];
        ASSERT_TRUE(bracket.report(place, std::min(*pairing.first, *pairing.second)).ok());
      }
    }
    EXPECT_EQ(*bracket.champion(), 0U);
    const auto places = bracket.places();
    EXPECT_TRUE(std::ranges::is_sorted(places)) << entrants;
    EXPECT_EQ(places[1], 2U);
  }
}

TEST(Bracket, RefusesWhatIsNotInThePairing) {
  Bracket bracket(4);
  EXPECT_EQ(bracket.report({0, 9}, 0).code(), ErrorCode::not_found);
  EXPECT_EQ(bracket.report({0, 0}, 1).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(bracket.report({1, 0}, 0).code(), ErrorCode::invalid_argument);
  ASSERT_TRUE(bracket.report({0, 0}, 0).ok());
  EXPECT_TRUE(bracket.report({0, 0}, 0).ok());
  EXPECT_EQ(bracket.report({0, 0}, 3).code(), ErrorCode::conflict);
}

TEST(Bracket, EndsWithAChampionWhoeverLeaves) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    const auto entrants = 2 + random() % 40;
    Bracket bracket(entrants);
    std::set<Seed> gone;
    while (!bracket.champion()) {
      const auto open = bracket.playable();
      ASSERT_FALSE(open.empty()) << "stuck with " << entrants;
      if (random() % 3 == 0 && gone.size() + 1 < entrants) {
        const auto leaver = static_cast<Seed>(random() % entrants);
        gone.insert(leaver);
        ASSERT_TRUE(bracket.withdraw(leaver).ok());
      } else {
        const auto place = open[random() % open.size()];
        const auto& pairing = bracket.rounds()[place.round][place.pairing];
        ASSERT_FALSE(gone.contains(*pairing.first));
        ASSERT_FALSE(gone.contains(*pairing.second));
        ASSERT_TRUE(bracket.report(place, random() % 2 ? *pairing.first : *pairing.second).ok());
      }
    }
    const auto places = bracket.places();
    EXPECT_EQ(std::ranges::count(places, 0U), 0);
    EXPECT_EQ(std::ranges::count(places, 1U), 1);
  }
}

TEST(RoundRobin, EverybodyMeetsEverybodyOnceAndNobodyTwiceInARound) {
  for (std::size_t entrants = 2; entrants <= 33; ++entrants) {
    const RoundRobin play(entrants);
    EXPECT_EQ(play.rounds().size(), entrants - 1 + entrants % 2);
    std::set<std::pair<Seed, Seed>> pairs;
    std::map<Seed, int> first;
    for (const auto& round : play.rounds()) {
      std::set<Seed> busy;
      for (const auto& meeting : round) {
        EXPECT_TRUE(busy.insert(meeting.first).second);
        EXPECT_TRUE(busy.insert(meeting.second).second);
        EXPECT_TRUE(pairs.insert(std::minmax(meeting.first, meeting.second)).second);
        ++first[meeting.first];
      }
    }
    EXPECT_EQ(pairs.size(), entrants * (entrants - 1) / 2);
  }
}

TEST(RoundRobin, OrdersEqualPointsByTheirOwnMeetings) {
  RoundRobin play(3);
  for (std::size_t round = 0; round < 3; ++round) {
    const auto& meeting = play.rounds()[round][0];
    // 2 beats 0, 0 beats 1, and 1 draws with 2.
    const auto sum = meeting.first + meeting.second;
    const auto winner = sum == 2   ? std::optional<Seed>(2)
                        : sum == 1 ? std::optional<Seed>(0)
                                   : std::nullopt;
    ASSERT_TRUE(play.report({round, 0}, winner).ok());
  }
  EXPECT_TRUE(play.finished());
  const auto table = play.standings();
  EXPECT_EQ(table[0].seed, 2U);
  EXPECT_EQ(table[0].points, 4);
  EXPECT_EQ(table[1].seed, 0U);
  EXPECT_EQ(table[2].rank, 3U);
}

TEST(RoundRobin, KeepsTheFirstOutcome) {
  RoundRobin play(2);
  ASSERT_TRUE(play.report({0, 0}, 1).ok());
  EXPECT_TRUE(play.report({0, 0}, 1).ok());
  EXPECT_EQ(play.report({0, 0}, 0).code(), ErrorCode::conflict);
  EXPECT_EQ(play.report({0, 0}, std::nullopt).code(), ErrorCode::conflict);
  EXPECT_EQ(play.report({0, 1}, 0).code(), ErrorCode::not_found);
}

TEST(Tournament, GoesThroughItsPhases) {
  Tournament cup({.id = "c", .max_entrants = 3});
  EXPECT_EQ(cup.apply(Started{{}}).code(), ErrorCode::conflict);
  for (const auto* player : {"ann", "bob", "eve"}) ASSERT_TRUE(cup.apply(Entered{player}).ok());
  EXPECT_EQ(cup.apply(Entered{"ann"}).code(), ErrorCode::conflict);
  EXPECT_EQ(cup.apply(Entered{"joe"}).code(), ErrorCode::conflict);
  ASSERT_TRUE(cup.apply(Left{"bob"}).ok());
  EXPECT_EQ(cup.apply(Reported{{0, 0}, "ann"}).code(), ErrorCode::conflict);
  EXPECT_EQ(cup.apply(Started{{"ann", "bob"}}).code(), ErrorCode::invalid_argument);
  ASSERT_TRUE(cup.apply(Started{{"eve", "ann"}}).ok());
  EXPECT_EQ(cup.phase(), Phase::running);
  EXPECT_EQ(cup.apply(Reported{{0, 0}, ""}).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(cup.apply(Reported{{0, 0}, "bob"}).code(), ErrorCode::not_found);
  ASSERT_TRUE(cup.apply(Reported{{0, 0}, "ann"}).ok());
  EXPECT_EQ(cup.phase(), Phase::finished);
  EXPECT_EQ(cup.bracket()->places(), (std::vector<std::size_t>{2, 1}));
  EXPECT_EQ(cup.apply(Left{"eve"}).code(), ErrorCode::conflict);
}

}  // namespace
}  // namespace troupe::tournament
