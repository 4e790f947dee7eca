// The four rating systems against figures that their authors or reference implementations give.
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "actors/ratings/elo.hpp"
#include "actors/ratings/glicko2.hpp"
#include "actors/ratings/player_rating.hpp"
#include "actors/ratings/trueskill.hpp"
#include "actors/ratings/weng_lin.hpp"

namespace troupe::ratings {
namespace {

using Teams = std::vector<std::vector<Skill>>;

/// The sides of `teams` with `places`, or 1, 2, 3 … without.
std::vector<Side> sides(Teams& teams, const std::vector<int>& places = {}) {
  std::vector<Side> out;
  for (std::size_t i = 0; i < teams.size(); ++i)
    out.push_back({teams[i], places.empty() ? static_cast<int>(i) + 1 : places[i]});
  return out;
}

void expect_near(const Teams& got, const Teams& wanted, double tolerance) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (std::size_t k = 0; k < wanted[i].size(); ++k) {
      EXPECT_NEAR(got[i][k].mu, wanted[i][k].mu, tolerance) << "side " << i << " player " << k;
      EXPECT_NEAR(got[i][k].sigma, wanted[i][k].sigma, tolerance)
          << "side " << i << " player " << k;
    }
  }
}

// "Elo rating system", Wikipedia, "Mathematical details": five games of a tournament, K = 32.
TEST(Elo, FiveGamesMoveThePublishedExample) {
  const double opponents[] = {1609, 1477, 1388, 1586, 1720}, scores[] = {0, 0.5, 1, 1, 0};
  double expected = 0, scored = 0;

  for (int i = 0; i < 5; ++i) {
    expected += elo::expected_score(1613, opponents[i]);
    scored += scores[i];
  }

  EXPECT_NEAR(expected, 2.86657, 0.00001);
  EXPECT_NEAR(elo::updated(1613, scored, expected), 1601.27, 0.005);
}

// Glickman, "Example of the Glicko-2 system", prints 1464.06, 151.52, 0.05999 from rounded steps;
// the unrounded figures are of implementations of it.
TEST(Glicko2, ThreeGamesGiveThePublishedExample) {
  const std::vector<glicko2::Game> games{
      {{1400, 30, 0.06}, 1}, {{1550, 100, 0.06}, 0}, {{1700, 300, 0.06}, 0}};

  const auto after = glicko2::updated({1500, 200, 0.06}, games, 0.5);

  EXPECT_NEAR(after.rating, 1464.05067, 0.00001);
  EXPECT_NEAR(after.deviation, 151.51652, 0.00001);
  EXPECT_NEAR(after.volatility, 0.0599960, 0.0000001);
}

// Step 6 of the same paper: phi' = sqrt(phi^2 + sigma^2), with 173.7178 as the scale.
TEST(Glicko2, ARatingPeriodWithoutGamesOnlyWidensTheDeviation) {
  const glicko2::Rating player{1500, 200, 0.06};

  const auto after = glicko2::updated(player, {});

  EXPECT_EQ(after.rating, 1500);
  EXPECT_EQ(after.volatility, 0.06);
  EXPECT_NEAR(after.deviation, 173.7178 * std::hypot(200 / 173.7178, 0.06), 1e-9);
  EXPECT_NEAR(glicko2::idle(player, 3).deviation,
              glicko2::idle(glicko2::idle(glicko2::idle(player))).deviation, 1e-9);
  EXPECT_EQ(glicko2::idle(player, 1e9).deviation, glicko2::kMaxDeviation);
}

TEST(Glicko2, AnUpsetRaisesTheVolatility) {
  const std::vector<glicko2::Game> upsets(8, {{2'400, 40, 0.06}, 1});

  EXPECT_GT(glicko2::updated({1'200, 60, 0.06}, upsets).volatility, 0.06);
}

// Herbrich et al. 2006; the literals are of ts-trueskill 5.1.0 with its defaults, which are the
// paper's, and for two teams of the upset those of Moser's "The Math Behind TrueSkill".
TEST(TrueSkill, AWinBetweenTwoNewPlayers) {
  Teams teams{{{}}, {{}}};

  trueskill::update(sides(teams));

  expect_near(teams, {{{29.39583, 7.171476}}, {{20.60417, 7.171476}}}, 0.00001);
}

TEST(TrueSkill, ADrawBetweenTwoNewPlayers) {
  Teams teams{{{}}, {{}}};

  trueskill::update(sides(teams, {1, 1}));

  expect_near(teams, {{{25, 6.457520}}, {{25, 6.457520}}}, 0.00001);
}

TEST(TrueSkill, TwoAgainstTwoWithAnUpset) {
  Teams teams{{{20, 8}, {25, 6}}, {{35, 7}, {40, 5}}};

  trueskill::update(sides(teams));

  expect_near(teams,
              {{{29.697835, 7.008085}, {30.455493, 5.594077}},
               {{27.574848, 6.346334}, {36.211142, 4.767974}}},
              0.0001);
}

TEST(TrueSkill, FreeForAllOfFour) {
  Teams teams(4, {{}});

  trueskill::update(sides(teams));

  expect_near(teams,
              {{{33.206681, 6.348109}},
               {{27.401455, 5.787163}},
               {{22.598545, 5.787163}},
               {{16.793319, 6.348109}}},
              0.0005);
}

TEST(TrueSkill, FreeForAllWhereTwoShareAPlace) {
  Teams teams(4, {{}});

  trueskill::update(sides(teams, {1, 2, 2, 4}));

  expect_near(teams,
              {{{31.563972, 6.404703}},
               {{24.993094, 5.559362}},
               {{25.006906, 5.559362}},
               {{18.436028, 6.404703}}},
              0.0005);
}

TEST(TrueSkill, ThreeTeamsOfDifferentSizesInAnyOrder) {
  Teams teams{{{28, 7}, {27, 6}}, {{20, 8}}, {{25, 5}, {30, 4}, {22, 3}}};

  trueskill::update(sides(teams, {2, 1, 2}));

  expect_near(teams,
              {{{24.517192, 5.884699}, {24.441071, 5.314665}},
               {{43.589822, 5.947399}},
               {{17.560851, 4.574439}, {25.238201, 3.786114}, {19.320584, 2.911609}}},
              0.001);
}

TEST(TrueSkill, OutcomesThatCannotBeStayFinite) {
  Teams teams{{{-500, 0.5}}, {{500, 0.5}}, {{0, 25}}};

  trueskill::update(sides(teams));

  for (const auto& team : teams) {
    EXPECT_TRUE(std::isfinite(team[0].mu));
    EXPECT_GT(team[0].sigma, 0);
    EXPECT_LE(team[0].sigma, 26);
  }
}

// Weng and Lin 2011, algorithm 4; the literals are of openskill 5.0.1 (its default model).
TEST(WengLin, AWinBetweenTwoNewPlayers) {
  Teams teams{{{}}, {{}}};

  weng_lin::update(sides(teams));

  expect_near(teams, {{{27.635389, 8.065901}}, {{22.364611, 8.065901}}}, 0.000001);
}

TEST(WengLin, ADrawBetweenTwoNewPlayers) {
  Teams teams{{{}}, {{}}};

  weng_lin::update(sides(teams, {1, 1}));

  expect_near(teams, {{{25, 8.065901}}, {{25, 8.065901}}}, 0.000001);
}

TEST(WengLin, FreeForAllOfFour) {
  Teams teams(4, {{}});

  weng_lin::update(sides(teams));

  expect_near(teams,
              {{{27.795253, 8.263572}},
               {{26.552918, 8.179618}},
               {{24.689416, 8.084128}},
               {{20.962413, 8.084128}}},
              0.000001);
}

TEST(WengLin, TwoAgainstTwoWithAnUpset) {
  Teams teams{{{20, 8}, {25, 6}}, {{35, 7}, {40, 5}}};

  weng_lin::update(sides(teams));

  expect_near(teams,
              {{{23.936531, 7.915938}, {27.214485, 5.965010}},
               {{31.985993, 6.951887}, {38.462032, 4.983006}}},
              0.000001);
}

TEST(WengLin, ThreeTeamsOfDifferentSizesInAnyOrder) {
  Teams teams{{{28, 7}, {27, 6}}, {{20, 8}}, {{25, 5}, {30, 4}, {22, 3}}};

  weng_lin::update(sides(teams, {2, 1, 2}));

  expect_near(teams,
              {{{28.324473, 6.873344}, {27.238400, 5.920696}},
               {{23.952380, 7.989615}},
               {{23.290270, 4.963929}, {28.905602, 3.982065}, {21.384193, 2.993229}}},
              0.000001);
}

TEST(WengLin, SixtyFourPlayersOfAnySkillStayFinite) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    Teams teams;
    std::vector<int> places;
    for (int i = 0; i < 64; ++i) {
      teams.push_back({{std::uniform_real_distribution<>(-2'000, 2'000)(random),
                        std::uniform_real_distribution<>(0.1, 30)(random)}});
      places.push_back(static_cast<int>(random() % 10));
    }

    weng_lin::update(sides(teams, places));

    for (const auto& team : teams) {
      EXPECT_TRUE(std::isfinite(team[0].mu));
      EXPECT_GT(team[0].sigma, 0);
    }
  }
}

TEST(WinProbability, IsSymmetricAndEvenBetweenEquals) {
  EXPECT_NEAR(win_probability(25, 70, 25, 70, 2), 0.5, 1e-12);
  EXPECT_NEAR(win_probability(30, 9, 25, 16, 2) + win_probability(25, 16, 30, 9, 2), 1, 1e-12);
}

class EverySystem : public testing::TestWithParam<System> {};

TEST_P(EverySystem, RewardsTheBestAndKnowsThemBetterAfterManyMatches) {
  const auto system = GetParam();
  std::vector<PlayerRating> players(4, initial(system));
  for (std::uint64_t match = 1; match <= 30; ++match) {
    std::vector<Contender> contenders;
    for (std::size_t i = 0; i < players.size(); ++i)
      contenders.push_back({{&players[i]}, static_cast<int>(i) + 1});
    rate(system, contenders, match * 60'000);
  }

  for (std::size_t i = 1; i < players.size(); ++i) {
    EXPECT_GT(players[i - 1].rating, players[i].rating);
    EXPECT_GT(points(system, players[i - 1]), points(system, players[i]));
  }
  EXPECT_EQ(players[0].matches, 30U);
  EXPECT_EQ(players[0].wins, 30U);
  EXPECT_EQ(players[3].wins, 0U);
  EXPECT_EQ(players[3].updated_ms, 30U * 60'000);
  EXPECT_LE(players[0].deviation, initial(system).deviation);
  EXPECT_EQ(parse_system(to_string(system)), system);
}

INSTANTIATE_TEST_SUITE_P(All, EverySystem,
                         testing::Values(System::weng_lin, System::trueskill, System::glicko2,
                                         System::elo),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST(PlayerRating, GlickoGrowsUncertainOfThoseWhoStayAway) {
  auto there = initial(System::glicko2), away = there, other = there;
  there.deviation = away.deviation = 60;
  there.updated_ms = 200 * kRatingPeriodMs;
  away.updated_ms = kRatingPeriodMs;

  rate(System::glicko2, std::vector<Contender>{{{&there}, 1}, {{&other}, 2}},
       200 * kRatingPeriodMs);
  auto second = initial(System::glicko2);
  rate(System::glicko2, std::vector<Contender>{{{&away}, 1}, {{&second}, 2}},
       200 * kRatingPeriodMs);

  EXPECT_GT(away.deviation, there.deviation);
  EXPECT_GT(away.rating, there.rating);
}

}  // namespace
}  // namespace troupe::ratings
