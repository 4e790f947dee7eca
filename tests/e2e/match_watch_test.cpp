// Watching a match over a real WebSocket while others play it over UDP.
#include <algorithm>
#include <cstring>
#include <vector>

#include "sim/ws_client.hpp"
#include "tests/e2e/match_players.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

Result<sim::WsClient> watch(const ServerProcess& server, const std::string& match) {
  return sim::WsClient::connect("127.0.0.1", server.endpoint().http_port,
                                "/api/v1/matches/" + match + "/watch");
}

/// What one spectator has had so far.
struct Watched {
  std::vector<std::uint32_t> ticks;
  std::vector<std::string> texts;
  bool closed = false;

  void read(sim::WsClient& from) {
    while (!closed) {
      const auto message = from.receive(1ms);
      if (!message.ok()) {
        closed = message.code() != ErrorCode::timeout;
        return;
      }
      if (message->text) {
        texts.push_back(message->bytes);
      } else {
        std::uint32_t tick = 0;
        ASSERT_GE(message->bytes.size(), 8U);
        std::memcpy(&tick, message->bytes.data() + 4, sizeof tick);
        ticks.push_back(tick);
      }
    }
  }
};

TEST(MatchWatch, SpectatorsSeeEachTickLateAndThenTheResult) {
  ServerProcess server({"match.spectator_delay_ms=500"});
  const auto reply = server.client("host").post("/api/v1/matches", {{"time_limit_s", 4}});
  const std::string match(reply->json().at("id").as_string());
  Bot a;
  a.connect(server, join_token(server, match, "ann"));
  ASSERT_TRUE(play({&a}, wander, [&] { return a.game->statistics().snapshots > 5; }));
  auto first = watch(server, match);
  auto second = watch(server, match);
  ASSERT_TRUE(first.ok() && second.ok());
  Watched seen, also;
  std::vector<std::uint32_t> late;  // in ticks

  ASSERT_TRUE(play({&a}, wander, [&] {
    seen.read(*first);
    also.read(*second);
    if (!seen.ticks.empty() && a.game->latest() != nullptr)
      late.push_back(a.game->latest()->tick - seen.ticks.back());
    return seen.closed && also.closed;
  }));

  ASSERT_GT(seen.ticks.size(), 30U);
  for (std::size_t i = 1; i < seen.ticks.size(); ++i)
    EXPECT_EQ(seen.ticks[i], seen.ticks[i - 1] + 1);
  const auto middle = late.begin() + static_cast<std::ptrdiff_t>(late.size() / 2);
  std::ranges::nth_element(late, middle);
  EXPECT_GE(*middle, 14U) << "half a second is 15 ticks; the player may be one behind, and more "
                             "now and then where the machine is busy";
  ASSERT_EQ(seen.texts.size(), 2U);
  EXPECT_NE(seen.texts[0].find("\"hello\""), std::string::npos);
  EXPECT_NE(seen.texts[1].find("\"player\":\"ann\""), std::string::npos) << seen.texts[1];
  EXPECT_EQ(also.texts, seen.texts);
  EXPECT_EQ(first->close_code(), 1000);
  EXPECT_EQ(watch(server, match)->receive(5s).code(), ErrorCode::io) << "it is over";
}

TEST(MatchWatch, AMatchTakesSoManySpectatorsAndNoMore) {
  ServerProcess server({"match.max_spectators=1"});
  const auto match = make_match(server);
  auto first = watch(server, match);
  ASSERT_TRUE(first->receive(5s).ok());
  auto second = watch(server, match);

  ASSERT_EQ(second->receive(5s).code(), ErrorCode::io);
  EXPECT_EQ(second->close_code(), 1013);
  first->close();

  const auto until = std::chrono::steady_clock::now() + 10s;
  bool in = false;
  while (!in && std::chrono::steady_clock::now() < until)
    in = watch(server, match)->receive(5s).ok();
  EXPECT_TRUE(in) << "who left makes room";
}

TEST(MatchWatch, WhoIsNotWelcomeHearsWhy) {
  ServerProcess server({"match.anonymous_spectators=false"});
  const auto match = make_match(server);

  EXPECT_EQ(watch(server, match).code(), ErrorCode::unauthenticated);

  const auto token = server.endpoint().token("eve", "");
  auto nowhere = sim::WsClient::connect("127.0.0.1", server.endpoint().http_port,
                                        "/api/v1/matches/none/watch", token);
  ASSERT_EQ(nowhere->receive(5s).code(), ErrorCode::io);
  EXPECT_EQ(nowhere->close_code(), 4004);

  auto talker = sim::WsClient::connect("127.0.0.1", server.endpoint().http_port,
                                       "/api/v1/matches/" + match + "/watch", token);
  ASSERT_TRUE(talker->receive(5s).ok());
  ASSERT_TRUE(talker->send_text("hello").ok());
  ASSERT_EQ(talker->receive(5s).code(), ErrorCode::io);
  EXPECT_EQ(talker->close_code(), 4001);
}

}  // namespace
}  // namespace troupe::test
