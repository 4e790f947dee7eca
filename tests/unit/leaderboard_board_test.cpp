// The order of a leaderboard against a sorted vector, and what becomes of scores and seasons.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/leaderboard/board.hpp"
#include "actors/leaderboard/season.hpp"

namespace troupe::leaderboard {
namespace {

/// The same by sorting all anew for each question.
class SlowBoard {
 public:
  explicit SlowBoard(Order order) : order_(order) {}

  void set(const std::string& player, std::int64_t score, std::uint64_t sequence) {
    const auto known = entries_.find(player);
    if (known != entries_.end() && known->second.score == score) return;
    entries_[player] = {player, score, sequence};
  }
  void remove(const std::string& player) { entries_.erase(player); }

  [[nodiscard]] std::vector<Standing> all() const {
    std::vector<Entry> sorted;
    for (const auto& [player, entry] : entries_) sorted.push_back(entry);
    std::ranges::sort(sorted, [this](const Entry& a, const Entry& b) {
      if (a.score != b.score)
        return order_ == Order::high_first ? a.score > b.score : a.score < b.score;
      return a.sequence < b.sequence;
    });
    std::vector<Standing> out;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const bool tied = i > 0 && sorted[i].score == sorted[i - 1].score;
      out.push_back({sorted[i].player, sorted[i].score, tied ? out.back().rank : i + 1, i});
    }
    return out;
  }
  [[nodiscard]] std::vector<Entry> entries() const {
    std::vector<Entry> out;
    for (const auto& [player, entry] : entries_) out.push_back(entry);
    return out;
  }

 private:
  Order order_;
  std::map<std::string, Entry> entries_;
};

std::vector<Standing> slice(const std::vector<Standing>& all, std::size_t from, std::size_t count) {
  if (from >= all.size()) return {};
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
  return {begin, begin + static_cast<std::ptrdiff_t>(std::min(count, all.size() - from))};
}

/// A number in the name varies its length, so that names of all lengths come and go.
std::string player_name(std::uint64_t number) {
  return std::string(number % 40, 'x') + std::to_string(number);
}

void expect_same(const Board& board, const SlowBoard& slow, std::mt19937_64& random) {
  const auto all = slow.all();
  ASSERT_TRUE(board.valid());
  ASSERT_EQ(board.list(0, all.size() + 1), all);
  for (int i = 0; i < 20 && !all.empty(); ++i) {
    const auto at = random() % all.size();
    const auto& wanted = all[at];
    ASSERT_EQ(board.standing(wanted.player), wanted);
    const auto side = random() % 5;
    const auto from = at - std::min<std::size_t>(at, side);
    ASSERT_EQ(board.around(wanted.player, side), slice(all, from, at - from + 1 + side));
    const auto key = board.entry(wanted.player);
    ASSERT_EQ(board.list_after(key->score, key->sequence, 7), slice(all, at + 1, 7));
  }
}

/// Random changes: `spread` scores make many ties or few, `leaving` of a hundred changes remove.
void run_changes(std::uint64_t seed, Order order, std::size_t players, std::int64_t spread,
                 std::uint64_t leaving, int changes) {
  SCOPED_TRACE(testing::Message() << "seed " << seed << " spread " << spread);
  std::mt19937_64 random(seed);
  Board board(order);
  SlowBoard slow(order);
  for (int i = 1; i <= changes; ++i) {
    const auto player = player_name(random() % players);
    if (random() % 100 < leaving) {
      board.remove(player);
      slow.remove(player);
    } else {
      const auto score =
          static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(spread)) - spread / 2;
      board.set(player, score, static_cast<std::uint64_t>(i));
      slow.set(player, score, static_cast<std::uint64_t>(i));
    }
    if (i % (changes / 6) == 0) expect_same(board, slow, random);
  }
  Board loaded(order);
  auto entries = slow.entries();
  std::ranges::shuffle(entries, random);
  loaded.load(std::move(entries));
  expect_same(loaded, slow, random);
  loaded.set("newcomer", 0, loaded.sequence() + 1);
  EXPECT_TRUE(loaded.valid());
}

TEST(Board, StandsAsASortedVectorWouldAfterAnyChanges) {
  const auto seed = std::random_device{}();
  for (std::uint64_t i = 0; i < 4; ++i) {
    run_changes(seed + i, Order::high_first, 3'000, 1'000'000, 10, 12'000);
    run_changes(seed + i, Order::low_first, 3'000, 5, 10, 12'000);
    run_changes(seed + i, Order::high_first, 40, 10, 50, 1'200);
  }
}

TEST(Board, ShrinksAgainWhenAllButFewLeave) {
  const std::uint64_t players = 40'000;
  Board board(Order::high_first);
  for (std::uint64_t i = 0; i < players; ++i)
    board.set(player_name(i), static_cast<std::int64_t>(i * 7919 % players), i + 1);
  for (std::uint64_t i = 10; i < players; ++i) board.remove(player_name(i));

  EXPECT_TRUE(board.valid());
  EXPECT_EQ(board.size(), 10U);
  EXPECT_EQ(board.list(0, 100).size(), 10U);
}

TEST(Board, KeepsThePlaceOfWhoHadTheScoreFirst) {
  Board board(Order::high_first);
  board.set("first", 10, 1);
  board.set("second", 10, 2);
  board.set("best", 20, 3);
  board.set("last", 5, 4);
  board.set("first", 10, 5);  // no change

  EXPECT_EQ(board.list(0, 9),
            (std::vector<Standing>{
                {"best", 20, 1, 0}, {"first", 10, 2, 1}, {"second", 10, 2, 2}, {"last", 5, 4, 3}}));
  EXPECT_FALSE(board.standing("nobody"));
  EXPECT_TRUE(board.around("nobody", 3).empty());
}

TEST(Keep, DecidesWhatASubmissionChanges) {
  using enum Order;
  EXPECT_EQ(kept(Keep::best, high_first, std::nullopt, -3), -3);
  EXPECT_EQ(kept(Keep::best, high_first, 10, 9), std::nullopt);
  EXPECT_EQ(kept(Keep::best, high_first, 10, 11), 11);
  EXPECT_EQ(kept(Keep::best, low_first, 10, 9), 9);
  EXPECT_EQ(kept(Keep::last, high_first, 10, 9), 9);
  EXPECT_EQ(kept(Keep::last, high_first, 10, 10), std::nullopt);
  EXPECT_EQ(kept(Keep::sum, high_first, 10, 9), 19);
  EXPECT_EQ(kept(Keep::sum, high_first, kMaxScore, kMaxScore), std::nullopt);
}

constexpr std::uint64_t kHour = 3'600'000, kDay = 24 * kHour;

TEST(Season, ChangesAtTheScheduledHour) {
  const std::uint64_t noon = 1'750'000'000'000 / kDay * kDay + 12 * kHour;
  const Schedule daily{Reset::daily, 12};

  EXPECT_EQ(season_at(daily, noon - 1).number + 1, season_at(daily, noon).number);
  EXPECT_EQ(season_at(daily, noon).start_ms, noon);
  EXPECT_EQ(season_at(daily, noon).end_ms, noon + kDay);
  EXPECT_EQ(season_at({Reset::never, 0}, noon), Season());
}

TEST(Season, WeeksBeginOnMondaysAndMonthsOnTheFirst) {
  constexpr std::uint64_t monday = 1'782'691'200'000;  // 2026-06-29T00:00:00Z
  constexpr std::uint64_t july = 1'782'864'000'000;    // 2026-07-01T00:00:00Z
  constexpr std::uint64_t august = 1'785'542'400'000;  // 2026-08-01T00:00:00Z

  EXPECT_EQ(season_at({Reset::weekly, 0}, monday + 3 * kDay).start_ms, monday);
  EXPECT_EQ(season_at({Reset::weekly, 0}, monday - 1).end_ms, monday);
  const auto month = season_at({Reset::monthly, 0}, july + 5 * kDay);
  EXPECT_EQ(month.start_ms, july);
  EXPECT_EQ(month.end_ms, august);
  EXPECT_EQ(month.number, 56U * 12 + 6);
}

TEST(Season, EveryInstantIsInTheSeasonThatItsNumberNames) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2'000; ++i) {
    const Schedule schedule{static_cast<Reset>(1 + random() % 3),
                            static_cast<std::uint8_t>(random() % 24)};
    const auto now = random() % 4'000'000'000'000;
    const auto season = season_at(schedule, now);
    ASSERT_LE(season.start_ms, now);
    ASSERT_LT(now, season.end_ms);
    ASSERT_EQ(season_numbered(schedule, season.number), season);
    ASSERT_EQ(season_at(schedule, season.end_ms).start_ms, season.end_ms);
  }
}

}  // namespace
}  // namespace troupe::leaderboard
