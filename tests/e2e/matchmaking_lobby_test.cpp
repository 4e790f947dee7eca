// Matchmaking over the game protocol: from the lobby into a match, by UDP and by WebSocket.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "net/client/lobby_client.hpp"
#include "sim/impairment.hpp"
#include "tests/e2e/match_ws_player.hpp"

namespace troupe::test {
namespace {

using client::LobbyClient;

struct Way {
  std::uint16_t port = 0;
  std::string ws, token;
};

Way lobby_way(const ServerProcess& server, const std::string& player) {
  const auto reply = server.client(player).request("POST", "/api/v1/matchmaking/queue/token");
  EXPECT_EQ(reply->status, 200) << reply->body;
  const auto body = reply->json();
  return {body.at("port").to_number<std::uint16_t>(), std::string(body.at("ws").as_string()),
          std::string(body.at("token").as_string())};
}

std::unique_ptr<LobbyClient> enter_lobby(const ServerProcess& server, const std::string& player,
                                         std::uint16_t port = 0) {
  const auto way = lobby_way(server, player);
  return std::move(LobbyClient::connect("127.0.0.1", port == 0 ? way.port : port, way.token))
      .value();
}

/// Serves them all until `client` is told `state`.
bool becomes(const std::vector<LobbyClient*>& all, const LobbyClient& client,
             const std::string& state) {
  return eventually([&] {
    for (auto* one : all) one->service(1);
    return client.state() && client.state()->state == state;
  });
}

TEST(MatchmakingLobby, TwoWhoWaitConnectedAreMatchedAcceptAndPlay) {
  ServerProcess server({"matchmaking.every_ms=20"});
  const auto ann = enter_lobby(server, "ann"), bob = enter_lobby(server, "bob");
  const std::vector<LobbyClient*> both{ann.get(), bob.get()};
  ASSERT_TRUE(becomes(both, *ann, "none"));
  ASSERT_TRUE(becomes(both, *bob, "none"));

  ann->enter({.mode = "duel"});
  ASSERT_TRUE(becomes(both, *ann, "queued"));
  EXPECT_GE(ann->state()->ping_ms, 1U);
  EXPECT_EQ(ann->state()->region, "local");
  bob->enter({.mode = "duel", .auto_accept = true});
  ASSERT_TRUE(becomes(both, *ann, "proposed"));
  EXPECT_GT(ann->state()->deadline_ms, 0U);
  ann->accept();
  ASSERT_TRUE(becomes(both, *ann, "matched"));
  ASSERT_TRUE(becomes(both, *bob, "matched"));

  EXPECT_EQ(ann->state()->match, bob->state()->match);
  EXPECT_NE(ann->state()->team, bob->state()->team);
  Bot a, b;
  a.connect(ann->state()->game.port, ann->state()->game.token);
  b.connect(bob->state()->game.port, bob->state()->game.token);
  EXPECT_TRUE(play({&a, &b}, wander, [&] {
    return a.game->statistics().snapshots > 10 && b.game->statistics().snapshots > 10;
  }));
}

TEST(MatchmakingLobby, WhoDeclinesIsOutAndTheOtherWaitsOn) {
  ServerProcess server({"matchmaking.every_ms=20"});
  const auto ann = enter_lobby(server, "ann"), bob = enter_lobby(server, "bob");
  const std::vector<LobbyClient*> both{ann.get(), bob.get()};
  for (auto* one : both) {
    ASSERT_TRUE(becomes(both, *one, "none"));
    one->enter({.mode = "duel"});
  }
  ASSERT_TRUE(becomes(both, *ann, "proposed"));

  ann->decline();

  ASSERT_TRUE(becomes(both, *ann, "ended"));
  EXPECT_EQ(ann->state()->reason, "declined");
  ASSERT_TRUE(becomes(both, *bob, "queued"));
}

TEST(MatchmakingLobby, WhatCannotBeIsRefusedInWordsAndTheConnectionStays) {
  ServerProcess server;
  const auto ann = enter_lobby(server, "ann");
  ASSERT_TRUE(becomes({ann.get()}, *ann, "none"));

  ann->enter({.mode = "no such"});
  ASSERT_TRUE(becomes({ann.get()}, *ann, "refused"));
  EXPECT_NE(ann->state()->reason.find("mode"), std::string::npos) << ann->state()->reason;
  ann->enter({.mode = "duel"});
  ASSERT_TRUE(becomes({ann.get()}, *ann, "queued"));
  ann->decline();
  ASSERT_TRUE(becomes({ann.get()}, *ann, "ended"));
  EXPECT_EQ(ann->state()->reason, "cancelled");
}

TEST(MatchmakingLobby, WhoComesBackFindsTheTicket) {
  ServerProcess server;
  std::string ticket;
  {
    const auto ann = enter_lobby(server, "ann");
    ASSERT_TRUE(becomes({ann.get()}, *ann, "none"));
    ann->enter({.mode = "duel"});
    ASSERT_TRUE(becomes({ann.get()}, *ann, "queued"));
    ticket = ann->state()->ticket;
  }
  const auto again = enter_lobby(server, "ann");

  ASSERT_TRUE(becomes({again.get()}, *again, "queued"));
  EXPECT_EQ(again->state()->ticket, ticket);
  const auto shown = server.client("ann").get("/api/v1/matchmaking/queue/" + ticket);
  EXPECT_EQ(shown->json().at("state").as_string(), "queued");
}

TEST(MatchmakingLobby, WhoStaysAwayLosesTheTicket) {
  ServerProcess server({"matchmaking.away_s=1"});
  std::string ticket;
  {
    const auto ann = enter_lobby(server, "ann");
    ASSERT_TRUE(becomes({ann.get()}, *ann, "none"));
    ann->enter({.mode = "duel"});
    ASSERT_TRUE(becomes({ann.get()}, *ann, "queued"));
    ticket = ann->state()->ticket;
  }

  EXPECT_TRUE(eventually([&] {
    const auto shown = server.client("ann").get("/api/v1/matchmaking/queue/" + ticket)->json();
    return shown.at("state").as_string() == "ended" &&
           shown.at("reason").as_string() == "cancelled";
  }));
}

TEST(MatchmakingLobby, ThePingIsWhatTheWayTakesWhateverThePlayerSays) {
  ServerProcess server;
  auto way = sim::ImpairmentProxy::start({.port = server.endpoint().game_port,
                                          .to_server = {.latency_ms = 60},
                                          .to_client = {.latency_ms = 60}});
  ASSERT_TRUE(way.ok());
  const auto ann = enter_lobby(server, "ann", (*way)->port());
  ASSERT_TRUE(becomes({ann.get()}, *ann, "none"));
  ASSERT_TRUE(eventually([&] {  // until it has been measured
    ann->service(1);
    return ann->state()->ping_ms > 0;
  }));

  ann->enter({.mode = "duel", .pings = {{"local", 1}}});
  ASSERT_TRUE(becomes({ann.get()}, *ann, "queued"));

  EXPECT_GE(ann->state()->ping_ms, 120U);
  EXPECT_LE(ann->state()->ping_ms, 400U);
}

/// The lobby over WebSocket, by hand.
struct WsGuest {
  sim::WsClient socket;
  std::string state;
  std::string token, match;

  void say(flatbuffers::FlatBufferBuilder& builder) {
    (void)socket.send_binary(
        std::string(1, '\0') +
        std::string(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()));
  }

  void service() {
    const auto message = socket.receive(std::chrono::milliseconds(1));
    if (!message.ok()) return;
    const auto bytes = message->bytes.substr(1);
    const auto* in = flatbuffers::GetRoot<fbs::ServerMessage>(bytes.data());
    if (const auto* told = in->body_as_QueueState()) {
      state = told->state()->str();
      token = told->token()->str();
      match = told->match()->str();
    }
    if (const auto* probe = in->body_as_Probe()) {
      flatbuffers::FlatBufferBuilder builder;
      builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Probe,
                                              fbs::CreateProbe(builder, probe->number()).Union()));
      say(builder);
    }
  }
};

TEST(MatchmakingLobby, OneOnUdpAndOneOnWebSocketAreMatched) {
  ServerProcess server({"matchmaking.every_ms=20"});
  const auto ann = enter_lobby(server, "ann");
  const auto way = lobby_way(server, "bob");
  WsGuest bob{
      std::move(sim::WsClient::connect("127.0.0.1", server.endpoint().http_port, way.ws).value()),
      {},
      {},
      {}};
  ASSERT_TRUE(bob.socket.send_binary(ws_hello(way.token)).ok());
  const auto until = [&](const std::function<bool()>& condition) {
    return eventually([&] {
      ann->service(1);
      bob.service();
      return condition();
    });
  };
  ASSERT_TRUE(until([&] { return bob.state == "none" && ann->state(); }));

  ann->enter({.mode = "duel", .auto_accept = true});
  flatbuffers::FlatBufferBuilder builder;
  const auto queue =
      fbs::CreateQueue(builder, builder.CreateString("duel"), 0, 0, 0, /*auto_accept=*/true);
  builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Queue, queue.Union()));
  bob.say(builder);
  ASSERT_TRUE(until([&] { return bob.state == "matched" && ann->state()->state == "matched"; }));

  EXPECT_EQ(ann->state()->match, bob.match);
  WsPlayer b(server, bob.match, bob.token);
  EXPECT_TRUE(eventually([&] {
    b.service();
    return b.snapshots() > 3;
  }));
}

TEST(MatchmakingLobby, ATokenIsForOneOfTheTwo) {
  ServerProcess server;
  const auto match = make_match(server);
  auto wrong =
      std::move(LobbyClient::connect("127.0.0.1", server.endpoint().game_port, "no token")).value();
  ASSERT_TRUE(eventually([&] {
    wrong->service(5);
    return wrong->closed();
  }));
  EXPECT_EQ(wrong->goodbye(), game::Goodbye::bad_token);

  // Commands have no place in the lobby.
  Bot bot;
  bot.connect(server, lobby_way(server, "ann").token);
  ASSERT_TRUE(eventually([&] {
    bot.host->service(5);
    return server.metric("troupe_udp_packets_in_total") >= 2;
  }));
  EXPECT_EQ(bot.game->state(), State::connecting);
}

}  // namespace
}  // namespace troupe::test
