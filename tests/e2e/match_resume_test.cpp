// The server is killed under many matches whose players come back by themselves.
#include <atomic>
#include <cstdio>
#include <future>
#include <limits>
#include <thread>

#include <boost/json.hpp>

#include "net/client/prediction.hpp"
#include "tests/e2e/match_players.hpp"

namespace troupe::test {
namespace {

struct Returning : Bot {
  std::string match;
  void join(const ServerProcess& server, const std::string& player, const std::atomic<bool>& up) {
    const auto ticket = [&server, &up, this, player]() -> std::optional<client::Ticket> {
      if (!up) return std::nullopt;
      const auto reply =
          server.client(player).request("POST", "/api/v1/matches/" + match + "/join");
      if (!reply.ok() || reply->status != 200) return std::nullopt;
      const auto body = reply->json();
      return client::Ticket{std::string(body.at("host").as_string()),
                            body.at("port").to_number<std::uint16_t>(),
                            std::string(body.at("token").as_string())};
    };
    const auto first = ticket();
    ASSERT_TRUE(first);
    game = std::move(host->connect(first->host, first->port, first->token, ticket)).value();
  }
};

TEST(MatchResume, NoTickThatAPlayerSawIsLostWhenTheServerIsKilled) {
  constexpr int kMatches = 10, kPlayers = 2;
  ServerProcess server({"match.checkpoint_ticks=300"});  // all that is saved is saved by the log
  std::atomic<bool> up{true};
  std::vector<std::unique_ptr<Returning>> bots;
  std::vector<Bot*> all;
  for (int m = 0; m < kMatches; ++m) {
    const auto match = make_match(server);
    for (int p = 0; p < kPlayers; ++p) {
      bots.push_back(std::make_unique<Returning>());
      bots.back()->match = match;
      bots.back()->join(server, "p" + std::to_string(p), up);
      all.push_back(bots.back().get());
    }
  }
  const auto everyone = [&](auto&& condition) {
    return std::ranges::all_of(bots, [&](const auto& bot) { return condition(*bot->game); });
  };
  ASSERT_TRUE(play(all, wander, [&] {
    return everyone([](const GameClient& game) { return game.statistics().snapshots > 60; });
  }));

  up = false;
  server.kill();
  std::promise<void> finished;
  std::thread restart([&] {
    server.start();
    up = true;
    finished.get_future().wait();  // a child ends with the thread that began it
  });
  const bool back = play(all, wander, [&] {
    return everyone([](const GameClient& game) {
      return game.statistics().reconnects == 1 && game.state() == State::playing &&
             game.statistics().lost_ticks == 0 && game.statistics().snapshots > 120;
    });
  });
  std::vector<double> pauses;
  for (const auto& bot : bots) {
    const auto statistics = bot->game->statistics();
    EXPECT_EQ(bot->game->state(), State::playing);
    EXPECT_EQ(statistics.reconnects, 1U);
    EXPECT_EQ(statistics.lost_ticks, 0U);
    EXPECT_LE(statistics.largest_correction, client::arena::kMaxDivergence);
    pauses.push_back(statistics.longest_silence_ms);
  }
  EXPECT_TRUE(back);
  std::ranges::sort(pauses);
  std::printf("pause of %zu players: median %.0f ms, longest %.0f ms\n", pauses.size(),
              pauses[pauses.size() / 2], pauses.back());

  // A running match is shown to administrators only, and every tick of it is what it was.
  const auto path = "/api/v1/matches/" + bots[0]->match + "/replay";
  EXPECT_EQ(server.client("p0").get(path)->status, 409);
  const auto replay = server.client("root", "admin").get(path + "?tick=100");
  EXPECT_EQ(replay->status, 200) << replay->body;
  EXPECT_EQ(replay->json().at("verified_ticks").to_number<int>(), 100);
  EXPECT_EQ(server.client("root", "admin").get(path + "?tick=x")->status, 400);
  finished.set_value();
  restart.join();
}

}  // namespace
}  // namespace troupe::test
