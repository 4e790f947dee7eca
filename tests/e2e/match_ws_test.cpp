// Matches over WebSocket: with players on UDP, and against those who do not keep to the protocol.
#include <map>
#include <thread>

#include "tests/e2e/match_ws_player.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

/// What a connection that sends `messages` is closed with.
std::uint16_t closed_with(const ServerProcess& server, const std::string& match,
                          const std::vector<std::string>& messages, bool text = false) {
  auto socket = sim::WsClient::connect("127.0.0.1", server.endpoint().http_port, play_path(match));
  if (!socket.ok()) return 0;
  for (const auto& message : messages)
    (void)(text ? socket->send_text(message) : socket->send_binary(message));
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until) {
    const auto message = socket->receive(1s);
    if (!message.ok() && message.code() == ErrorCode::io) return socket->close_code();
  }
  return 0;
}

double refused(const ServerProcess& server, const std::string& reason) {
  return server.metric("troupe_udp_bad_packets_total{reason=\"" + reason + "\"}");
}

TEST(MatchWebSocket, PlayersOnBothTransportsSeeEachOtherAndEqualStates) {
  ServerProcess server({"match.hide_behind_walls=false"});
  const auto match = make_match(server);
  Bot a;
  a.connect(server, join_token(server, match, "ann"));
  WsPlayer b(server, match, join_token(server, match, "bob"));
  std::map<std::uint32_t, std::uint64_t> of_a, of_b;
  std::size_t equal = 0;
  auto next = std::chrono::steady_clock::now();

  const bool played = play({&a}, wander, [&] {
    b.service();
    if (const auto now = std::chrono::steady_clock::now(); now >= next) {
      next = now + 33ms;
      b.send(wander(1));
    }
    if (const auto* seen = client::arena::latest(*a.game))
      of_a[seen->tick] = game::view_hash(*seen);
    for (const auto& seen : b.replica().history())
      of_b[seen->tick] = game::arena_game().hash(*seen);
    equal = 0;
    for (const auto& [tick, hash] : of_a) {
      const auto other = of_b.find(tick);
      if (other == of_b.end()) continue;
      EXPECT_EQ(hash, other->second) << "tick " << tick;
      ++equal;
    }
    return equal >= 60 && b.slot() >= 0 && view(*a.game, b.slot()) != nullptr;
  });

  ASSERT_TRUE(played) << equal << " equal ticks, " << b.snapshots() << " snapshots";
  EXPECT_EQ(b.mismatches(), 0U);
  EXPECT_NE(a.game->slot(), b.slot());
  EXPECT_EQ(game::snapshot_of(*b.replica().latest()).players.size(), 2U);
  EXPECT_EQ(server.metric("troupe_match_ws_clients"), 1);
  EXPECT_EQ(server.metric("troupe_match_state_mismatches_total"), 0);
}

TEST(MatchWebSocket, JoiningNamesThePathAndTheResultComesBeforeTheGoodbye) {
  ServerProcess server;
  auto host = server.client("host");
  const auto made = host.post("/api/v1/matches", {{"max_players", 2}, {"time_limit_s", 2}});
  const std::string match(made->json().at("id").as_string());
  const auto joined = server.client("ann").request("POST", "/api/v1/matches/" + match + "/join");
  EXPECT_EQ(joined->json().at("ws").as_string(), play_path(match));
  WsPlayer player(server, match, std::string(joined->json().at("token").as_string()));

  ASSERT_TRUE(eventually([&] {
    player.service(20ms);
    player.send({});
    return player.closed();
  }));

  EXPECT_EQ(player.placements(), 1U);
  EXPECT_EQ(player.socket().close_code(), 4109);
}

TEST(MatchWebSocket, WhatIsNotOfTheProtocolIsCountedAndItsSenderSentAway) {
  ServerProcess server;
  const auto match = make_match(server);

  EXPECT_EQ(closed_with(server, match, {std::string(1, '\0') + "garbage!"}), 4101);
  EXPECT_EQ(closed_with(server, match, {std::string("\2garbage!")}), 4101);
  EXPECT_EQ(closed_with(server, match, {std::string()}), 4101);
  EXPECT_EQ(closed_with(server, match, {"hello"}, /*text=*/true), 4101);
  EXPECT_EQ(refused(server, "malformed"), 4);
  EXPECT_EQ(closed_with(server, match, {ws_hello("not a token")}), 4102);
  EXPECT_EQ(refused(server, "token"), 1);
  EXPECT_EQ(server.metric("troupe_match_ws_clients"), 0);
}

TEST(MatchWebSocket, ATokenOpensOneConnectionWhateverTheTransport) {
  ServerProcess server;
  const auto match = make_match(server), other = make_match(server);
  const auto token = join_token(server, match, "ann");
  Bot first;
  first.connect(server, token);
  ASSERT_TRUE(play({&first}, wander, [&] { return first.game->state() == State::playing; }));

  EXPECT_EQ(closed_with(server, match, {ws_hello(token)}), 4102);
  EXPECT_EQ(refused(server, "token_used"), 1);
  EXPECT_EQ(closed_with(server, other, {ws_hello(join_token(server, match, "bob"))}), 4102);
  EXPECT_EQ(refused(server, "token_of_another_match"), 1);
  EXPECT_EQ(first.game->state(), State::playing);
}

TEST(MatchWebSocket, WhoFloodsIsSentAwayAndOthersPlayOn) {
  ServerProcess server;
  const auto match = make_match(server);
  Bot player;
  player.connect(server, join_token(server, match, "ann"));
  ASSERT_TRUE(play({&player}, wander, [&] { return player.game->state() == State::playing; }));
  const std::vector<std::string> flood(1'000, ws_hello(join_token(server, match, "bob")));

  EXPECT_EQ(closed_with(server, match, flood), 4104);

  EXPECT_EQ(refused(server, "rate"), 1);
  const auto before = player.game->statistics().snapshots;
  EXPECT_TRUE(
      play({&player}, wander, [&] { return player.game->statistics().snapshots > before + 10; }));
}

// TCP would deliver all of it, seconds late.
TEST(MatchWebSocket, WhoReadsSlowlyIsShownWhatIsNewAndNotWhatWaited) {
  ServerProcess server({"match.hide_behind_walls=false"});
  const auto match = make_match(server);
  Bot fast;
  fast.connect(server, join_token(server, match, "ann"));
  WsPlayer slow(server, match, join_token(server, match, "bob"));
  ASSERT_TRUE(play({&fast}, wander, [&] {
    slow.service();
    return fast.game->statistics().snapshots > 3 && slow.snapshots() > 3;
  }));
  slow.send({});
  const auto seen = slow.replica().latest()->tick;
  const auto before = slow.snapshots();

  ASSERT_TRUE(play({&fast}, wander, [&] { return fast.game->latest()->tick > seen + 150; }));
  slow.service(50ms);

  // A second's worth, and four for each of the other four seconds.
  EXPECT_LE(slow.snapshots() - before, 30U + 5U * 4U);
  EXPECT_GE(server.metric("troupe_udp_snapshots_replaced_total"), 90);
  // Once it says what it has, it is shown the newest.
  slow.send({});
  ASSERT_TRUE(play({&fast}, wander, [&] {
    slow.service();
    return slow.replica().latest()->tick + 3 >= fast.game->latest()->tick;
  }));
  EXPECT_EQ(slow.mismatches(), 0U);
}

TEST(MatchWebSocket, WhoComesInAgainReplacesItself) {
  ServerProcess server;
  const auto match = make_match(server);
  WsPlayer first(server, match, join_token(server, match, "ann"));
  ASSERT_TRUE(eventually([&] {
    first.service(20ms);
    return first.snapshots() > 3;
  }));

  WsPlayer second(server, match, join_token(server, match, "ann"));
  ASSERT_TRUE(eventually([&] {
    first.service();
    second.service(20ms);
    return first.closed() && second.snapshots() > 3;
  }));

  EXPECT_EQ(first.socket().close_code(), 4107);
  EXPECT_EQ(second.slot(), first.slot());
}

TEST(MatchWebSocket, AServerThatStopsSaysSo) {
  ServerProcess server;
  const auto match = make_match(server);
  WsPlayer player(server, match, join_token(server, match, "ann"));
  ASSERT_TRUE(eventually([&] {
    player.service(20ms);
    return player.snapshots() > 3;
  }));

  std::thread stop([&] { server.terminate(); });
  const bool closed = eventually([&] {
    player.service(20ms);
    return player.closed();
  });
  stop.join();

  ASSERT_TRUE(closed);
  EXPECT_EQ(player.socket().close_code(), 4108);
}

}  // namespace
}  // namespace troupe::test
