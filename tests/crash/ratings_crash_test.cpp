// Kills the server around the ends of matches and checks that each result is in ratings and
// standings once. Rounds: TROUPE_CRASH_ROUNDS, 3 by default.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/e2e/match_players.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;

constexpr std::size_t kMatches = 6;

int rounds() {
  const char* text = std::getenv("TROUPE_CRASH_ROUNDS");
  return text == nullptr ? 3 : std::atoi(text);
}

std::string player(std::size_t i) {
  return "p" + std::to_string(i);
}

/// Two bots in each of some matches that end after two seconds.
class Round {
 public:
  explicit Round(const ServerProcess& server) {
    for (std::size_t i = 0; i < kMatches; ++i) {
      const auto made =
          server.client("host").post("/api/v1/matches", {{"max_players", 2}, {"time_limit_s", 2}});
      EXPECT_EQ(made->status, 201) << made->body;
      matches.emplace_back(made->json().at("id").as_string());
    }
    enter(server);
  }

  void enter(const ServerProcess& server) {
    for (std::size_t i = 0; i < bots.size(); ++i) {
      bots[i].game.reset();
      bots[i] = Bot();
      const auto& match = matches[i / 2];
      const auto joined =
          server.client(player(i)).request("POST", "/api/v1/matches/" + match + "/join");
      if (!joined.ok() || joined->status != 200) continue;  // it is over
      bots[i].connect(server, std::string(joined->json().at("token").as_string()));
    }
  }

  bool play_until(const std::function<bool()>& condition, double seconds) {
    std::vector<Bot*> all;
    for (auto& bot : bots) all.push_back(&bot);
    return play(all, wander, condition, seconds);
  }

  /// On a slow machine the first match may be over before the last one is full.
  [[nodiscard]] bool all_came() const {
    return std::ranges::all_of(
        bots, [](const Bot& bot) { return !bot.game || bot.game->state() != State::connecting; });
  }

  /// The result of a match once it has one.
  [[nodiscard]] static std::optional<json::array> result(const ServerProcess& server,
                                                         const std::string& match) {
    const auto shown = server.client("host").get("/api/v1/matches/" + match);
    if (!shown.ok() || shown->status != 200) return std::nullopt;
    const auto body = shown->json();
    const auto* rows = body.as_object().if_contains("result");
    return rows == nullptr ? std::nullopt : std::optional(rows->as_array());
  }
  [[nodiscard]] bool all_ended(const ServerProcess& server) const {
    return std::ranges::all_of(
        matches, [&](const std::string& match) { return result(server, match).has_value(); });
  }

  std::vector<std::string> matches;
  std::array<Bot, kMatches * 2> bots;
};

/// How many matches a player has in the ratings, and their points.
std::pair<std::int64_t, std::int64_t> rating(const ServerProcess& server, const std::string& name) {
  const auto shown = server.client("host").get("/api/v1/ratings/" + name);
  if (!shown.ok() || shown->status != 200) return {-1, 0};
  const auto body = shown->json();
  const auto* arena = body.at("modes").as_object().if_contains("arena");
  if (arena == nullptr) return {0, 0};
  return {arena->at("matches").to_number<std::int64_t>(),
          arena->at("points").to_number<std::int64_t>()};
}

std::optional<std::int64_t> points_on_board(const ServerProcess& server, const std::string& name) {
  const auto shown =
      server.client("host").get("/api/v1/leaderboards/rating-arena/rank?player=" + name);
  if (!shown.ok() || shown->status != 200) return std::nullopt;
  return shown->json().at("score").to_number<std::int64_t>();
}

TEST(RatingsCrash, EachResultIsSettledOnce) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  ServerProcess server({"http.access_log=false", "log.level=warn", "match.connects_per_second=0",
                        "http.rate_per_second=0"});
  std::map<std::string, std::int64_t> expected;

  for (int i = 0; i < rounds(); ++i) {
    SCOPED_TRACE(i);
    Round round(server);
    ASSERT_TRUE(round.play_until([&] { return round.all_came(); }, 20));
    // Two seconds of play, less what the joining took: the ends lie around the kill.
    const auto pause = std::chrono::milliseconds(1'500 + random() % 700);
    const auto at = std::chrono::steady_clock::now() + pause;
    round.play_until([&] { return std::chrono::steady_clock::now() >= at; }, 10);
    server.kill();
    server.start();
    round.enter(server);
    auto look = std::chrono::steady_clock::now();
    ASSERT_TRUE(round.play_until(
        [&] {
          if (std::chrono::steady_clock::now() < look) return false;
          look = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
          return round.all_ended(server);
        },
        30));
    for (const auto& match : round.matches) {
      const auto rows = Round::result(server, match);
      ASSERT_TRUE(rows);
      if (rows->size() < 2) continue;
      for (const auto& row : *rows) ++expected[std::string(row.at("player").as_string())];
    }
  }

  for (const auto& [name, matches] : expected) {
    EXPECT_TRUE(eventually([&] { return rating(server, name).first == matches; }))
        << name << ": " << rating(server, name).first << " of " << matches;
    EXPECT_TRUE(eventually([&] {
      return points_on_board(server, name) == rating(server, name).second;
    })) << name;
  }
  std::int64_t settled = 0;
  for (const auto& [name, matches] : expected) settled += matches;
  EXPECT_GT(settled, 0);
  std::printf("seed %u: %d kills, %lld places in results, each rated once\n", seed, rounds(),
              static_cast<long long>(settled));
  EXPECT_EQ(server.terminate(), 0);
  auto verify =
      sim::ChildProcess::start({program("troupe"), "verify", "--data-dir", server.data_dir()}, {});
  EXPECT_EQ(verify->wait(std::chrono::seconds(60)), 0);
}

}  // namespace
}  // namespace troupe::test
