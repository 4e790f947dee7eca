// Who plays with whom: nobody twice, no party split, nobody for ever; strong teams against strong.
#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "actors/matchmaking/balance.hpp"
#include "actors/matchmaking/pool.hpp"

namespace troupe::matchmaking {
namespace {

Mode mode(const std::string& text) {
  return parse_modes(text)->front();
}

Ticket ticket(std::uint64_t id, double rating, std::uint64_t since_ms = 0, int size = 1) {
  Ticket out;
  out.id = id;
  out.since_ms = since_ms;
  out.rating = rating;
  out.size = size;
  out.ping_ms = {20};
  return out;
}

using Ids = std::vector<std::uint64_t>;

TEST(Modes, AreParsedAndRefused) {
  const auto modes = parse_modes("duel:2x1,raid:2x3:6:tank=1/any=2,arena:8x1:2");
  ASSERT_TRUE(modes.ok());
  EXPECT_EQ((*modes)[0], (Mode{"duel", 2, 1, 2, {}}));
  EXPECT_EQ((*modes)[1], (Mode{"raid", 2, 3, 6, {{"tank", 1}, {"any", 2}}}));
  EXPECT_EQ((*modes)[2].least_players, 2);
  EXPECT_EQ((*modes)[2].game, "arena");
  EXPECT_EQ(parse_modes("cup@ball:2x3")->front().name, "cup");
  EXPECT_EQ(parse_modes("cup@ball:2x3")->front().game, "ball");
  for (const auto* bad :
       {"", "duel", "duel:1x1", "duel:2x0", "duel:2x17", "d:2x1,d:2x2", "Duel:2x1", "d:2x2:5",
        "d:2x2:1", "d:2x3:6:tank=1", "d:2x1:2:", "d:2x1:2:=1", "d:2"})
    EXPECT_FALSE(parse_modes(bad).ok()) << bad;
}

TEST(Roles, FitWhenSomeAssignmentGivesEverybodyOne) {
  const auto raid = mode("raid:2x3:6:tank=1/healer=1/any=1");
  constexpr RoleMask tank = 1, healer = 2, any = 4;
  const auto fit = [&](std::vector<RoleMask> players) { return roles_fit(raid, players); };
  EXPECT_TRUE(fit({tank, healer, any}));
  EXPECT_TRUE(fit({tank | healer, tank, 0}));
  EXPECT_FALSE(fit({tank, tank}));
  EXPECT_FALSE(fit({tank | healer, tank | healer, tank | healer}));
  EXPECT_FALSE(fit({0, 0, 0, 0}));
}

TEST(Pool, MatchesTheNearestRatings) {
  Pool pool(mode("duel:2x1"), {}, 1);
  for (const auto& [id, rating] :
       std::map<std::uint64_t, double>{{1, 500}, {2, 590}, {3, 510}, {4, 600}})
    pool.add(ticket(id, rating));

  const auto batch = pool.run(0);

  ASSERT_EQ(batch.proposals.size(), 2U);
  EXPECT_EQ(batch.proposals[0].teams, (std::vector<Ids>{{1}, {3}}));
  EXPECT_EQ(batch.proposals[1].teams, (std::vector<Ids>{{2}, {4}}));
  EXPECT_EQ(pool.size(), 0U);
}

TEST(Pool, WidensTheRangeOfBothByWaiting) {
  const Widening widening{.range_points = 100, .range_per_second = 10};
  Pool pool(mode("duel:2x1"), widening, 1);
  pool.add(ticket(1, 500, 0));
  pool.add(ticket(2, 700, 5'000));
  EXPECT_TRUE(pool.run(14'900).proposals.empty());  // the first accepts, the second not yet
  EXPECT_EQ(pool.run(15'000).proposals.size(), 1U);
}

TEST(Pool, MatchesAnybodyBeforeATicketExpires) {
  const Widening widening{.range_per_second = 0, .max_wait_ms = 40'000};
  Pool pool(mode("duel:2x1"), widening, 1);
  pool.add(ticket(1, 0, 0));
  pool.add(ticket(2, 9'000, 29'000));
  EXPECT_TRUE(pool.run(29'999).proposals.empty());
  EXPECT_EQ(pool.run(30'000).proposals.size(), 1U);

  pool.add(ticket(3, 0, 30'000));
  EXPECT_TRUE(pool.run(69'999).expired.empty());
  EXPECT_EQ(pool.run(70'000).expired, Ids{3});
  EXPECT_EQ(pool.size(), 0U);
}

TEST(Pool, PlaysWhereAllHaveAGoodConnection) {
  Pool pool(mode("duel:2x1"), {}, 3);
  auto one = ticket(1, 500), two = ticket(2, 500), three = ticket(3, 500);
  one.ping_ms = {20, 70, 0};
  two.ping_ms = {0, 60, 20};
  three.ping_ms = {200, 0, 0};
  for (const auto& each : {one, two, three}) pool.add(each);

  const auto batch = pool.run(0);

  ASSERT_EQ(batch.proposals.size(), 1U);
  EXPECT_EQ(batch.proposals[0].region, 0U);  // of the longest waiting, the nearest with somebody
  EXPECT_EQ(batch.proposals[0].teams, (std::vector<Ids>{{1}, {3}}));
}

TEST(Pool, BeginsWithFewerOnlyAfterAWhile) {
  Pool pool(mode("arena:8x1:2"), Widening{.max_wait_ms = 20'000}, 1);
  for (std::uint64_t id = 1; id <= 3; ++id) pool.add(ticket(id, 500));
  EXPECT_TRUE(pool.run(9'999).proposals.empty());
  const auto batch = pool.run(10'000);
  ASSERT_EQ(batch.proposals.size(), 1U);
  EXPECT_EQ(batch.proposals[0].players, 3);
  EXPECT_EQ(batch.proposals[0].teams.size(), 3U);
}

TEST(Pool, FillsMatchesThatRunWithTheNearestWhoAccept) {
  Pool pool(mode("arena:8x1:2"), {}, 2);
  auto away = ticket(4, 500);
  away.ping_ms = {0, 20};
  for (const auto& one : {ticket(1, 580), ticket(2, 450), ticket(3, 700)}) pool.add(one);
  pool.add(away);
  const std::vector<Opening> openings{{9, 0, 3, 500}};

  const auto batch = pool.run(0, openings);

  ASSERT_EQ(batch.refills.size(), 2U);
  EXPECT_EQ(batch.refills[0].ticket, 2U);
  EXPECT_EQ(batch.refills[1].ticket, 1U);
  EXPECT_EQ(pool.size(), 2U);
}

TEST(Pool, GivesEachTeamItsRoles) {
  Pool pool(mode("raid:2x2:4:tank=1/healer=1"), {}, 1);
  for (std::uint64_t id = 1; id <= 4; ++id) {
    auto one = ticket(id, 500 + 10 * static_cast<double>(id));
    one.roles[0] = 1;  // tanks only
    pool.add(one);
  }
  EXPECT_TRUE(pool.run(0).proposals.empty());
  for (std::uint64_t id = 5; id <= 6; ++id) {
    auto one = ticket(id, 505);
    one.roles[0] = 2;
    pool.add(one);
  }
  const auto batch = pool.run(0);
  ASSERT_EQ(batch.proposals.size(), 1U);
  for (const auto& team : batch.proposals[0].teams)
    EXPECT_EQ(std::ranges::count_if(team, [](auto id) { return id >= 5; }), 1);
  EXPECT_EQ(pool.size(), 2U);
}

TEST(Balance, OfTwoTeamsIsTheBestThereIs) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<Member> members;
    for (int i = 0; i < 8; ++i) members.push_back({static_cast<double>(random() % 3'000), 1});
    Teams teams{{0, 1, 2, 3}, {4, 5, 6, 7}};
    balance(members, teams, nullptr);
    double total = 0, best = 1e9;
    for (const auto& member : members) total += member.rating;
    for (unsigned mask = 0; mask < 256; ++mask) {
      if (std::popcount(mask) != 4) continue;
      double sum = 0;
      for (unsigned i = 0; i < 8; ++i) sum += (mask >> i) & 1 ? members[i].rating : 0;
      best = std::min(best, std::abs(2 * sum - total) / 4);
    }
    ASSERT_NEAR(imbalance(members, teams), best, 1e-9);
  }
}

TEST(Balance, OfManyTeamsGetsNoWorseAndKeepsTheirSizes) {
  std::mt19937 random(12);
  for (int round = 0; round < 200; ++round) {
    std::vector<Member> members;
    Teams teams(4);
    for (auto& team : teams) {
      for (const int size : {2, 1, 1}) {
        team.push_back(members.size());
        members.push_back({static_cast<double>(random() % 3'000), size});
      }
    }
    const auto before = imbalance(members, teams);
    balance(members, teams, nullptr);
    EXPECT_LE(imbalance(members, teams), before + 1e-9);
    std::set<std::size_t> seen;
    for (const auto& team : teams) {
      int players = 0;
      for (const auto one : team) {
        players += members[one].size;
        EXPECT_TRUE(seen.insert(one).second);
      }
      EXPECT_EQ(players, 4);
    }
  }
}

/// A world of random parties that come, cancel and wait; what every run promises is checked.
class Crowd {
 public:
  Crowd(const Mode& mode, std::uint64_t seed)
      : mode_(mode), random_(seed), pool_(mode, widening_, 3) {}

  void step(int arrivals) {
    now_ms_ += 250;
    for (int i = 0; i < arrivals; ++i) arrive();
    if (!waiting_.empty() && random_() % 4 == 0) {
      const auto victim =
          std::next(waiting_.begin(), static_cast<long>(random_() % waiting_.size()));
      ASSERT_TRUE(pool_.remove(victim->first));
      waiting_.erase(victim);
    }
    const auto batch = pool_.run(now_ms_);
    for (const auto& proposal : batch.proposals) check(proposal);
    for (const auto id : batch.expired) {
      ASSERT_EQ(waiting_.erase(id), 1U);
      ASSERT_FALSE(pool_.remove(id));
    }
    ASSERT_EQ(pool_.size(), waiting_.size());
    for (const auto& [id, one] : waiting_)
      ASSERT_LT(now_ms_ - one.since_ms, widening_.max_wait_ms) << "waits for ever";
    log_.push_back(batch.proposals.size());
  }
  [[nodiscard]] std::size_t matches() const noexcept { return matches_; }
  [[nodiscard]] const std::vector<std::size_t>& log() const noexcept { return log_; }

 private:
  void arrive() {
    auto one = ticket(++last_id_, static_cast<double>(random_() % 4'000), now_ms_,
                      1 + static_cast<int>(random_() % static_cast<unsigned>(
                                                           std::min(mode_.team_size, kMaxParty))));
    one.deviation = static_cast<double>(random_() % 800);
    one.ping_ms = {};
    for (std::size_t r = 0; r < 3; ++r) {
      if (random_() % 2 == 0) one.ping_ms[r] = static_cast<std::uint16_t>(1 + random_() % 300);
    }
    if (one.ping_ms == decltype(one.ping_ms){}) one.ping_ms[0] = 50;
    pool_.add(one);
    waiting_[one.id] = one;
  }

  void check(const Proposal& proposal) {
    ++matches_;
    int players = 0, most = 0, least = mode_.team_size;
    for (const auto& team : proposal.teams) {
      int size = 0;
      for (const auto id : team) {
        const auto found = waiting_.find(id);
        ASSERT_NE(found, waiting_.end()) << "in two matches, or gone";
        ASSERT_NE(found->second.ping_ms[proposal.region], 0) << "cannot play there";
        size += found->second.size;  // the whole party, in this team
        waiting_.erase(found);
      }
      ASSERT_LE(size, mode_.team_size);
      players += size;
      most = std::max(most, size);
      least = std::min(least, size);
    }
    ASSERT_EQ(players, proposal.players);
    ASSERT_GE(players, mode_.least_players);
    if (mode_.least_players == mode_.players()) {
      ASSERT_EQ(least, mode_.team_size);
    }
    ASSERT_LE(most - least, 1);
    ASSERT_GE(proposal.teams.size(), 2U);
  }

  Mode mode_;
  Widening widening_{.max_wait_ms = 15'000};
  std::mt19937_64 random_;
  Pool pool_;
  std::map<std::uint64_t, Ticket> waiting_;
  std::uint64_t now_ms_ = 1'000'000, last_id_ = 0;
  std::size_t matches_ = 0;
  std::vector<std::size_t> log_;
};

TEST(Pool, KeepsItsPromisesUnderAnyCrowd) {
  const auto seed = std::random_device{}();
  for (const auto* text :
       {"duel:2x1", "squads:2x4", "trios:4x3", "arena:8x1:2", "six:2x6:8", "party:2x8"}) {
    for (const int arrivals : {1, 8, 40}) {
      SCOPED_TRACE(testing::Message() << text << " seed " << seed << " arrivals " << arrivals);
      Crowd crowd(mode(text), seed);
      for (int i = 0; i < 150 && !testing::Test::HasFatalFailure(); ++i) crowd.step(arrivals);
      EXPECT_GT(crowd.matches(), 0U);
    }
  }
}

TEST(Pool, DoesTheSameForTheSame) {
  Crowd one(mode("squads:2x4"), 5), two(mode("squads:2x4"), 5);
  for (int i = 0; i < 100; ++i) {
    one.step(20);
    two.step(20);
  }
  EXPECT_EQ(one.log(), two.log());
}

}  // namespace
}  // namespace troupe::matchmaking
