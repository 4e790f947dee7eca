#include <boost/json.hpp>
#include <enet/enet.h>
#include <gtest/gtest.h>

#include "tests/e2e/match_players.hpp"

namespace troupe::test {
namespace {

TEST(MatchE2E, TwoPlayersMoveSeeEachOtherAndThePredictionHolds) {
  ServerProcess server({"match.hide_behind_walls=false"});
  const auto match = make_match(server);
  Bot a, b;
  a.connect(server, join_token(server, match, "ann"));
  b.connect(server, join_token(server, match, "bob"));
  ASSERT_TRUE(play({&a, &b}, wander, [&] {
    return a.game->state() == State::playing && view(*a.game, b.game->slot()) != nullptr;
  }));
  const auto start = *view(*a.game, b.game->slot());

  ASSERT_TRUE(play({&a, &b}, wander, [&] {
    return a.game->statistics().snapshots > 120 && b.game->statistics().snapshots > 120;
  }));

  const auto* seen = view(*a.game, b.game->slot());
  ASSERT_NE(seen, nullptr);
  EXPECT_NE(std::pair(seen->x, seen->y), std::pair(start.x, start.y))
      << "the match is being played";
  for (const auto* bot : {&a, &b}) {
    const auto statistics = bot->game->statistics();
    EXPECT_GT(statistics.commands, 100U);
    EXPECT_LE(statistics.corrections, statistics.commands / 5);
    // A command that came too late for its tick moves a player by one tick's walk; several may.
    EXPECT_LE(statistics.largest_correction, 8U * game::kWalkSpeed);
    EXPECT_TRUE(client::arena::interpolated(*bot->game, 2) != nullptr);
    EXPECT_TRUE(client::arena::predicted(*bot->game).has_value());
    // Mean size of a delta beside the 14 bytes of head.
    EXPECT_LT(
        static_cast<double>(statistics.snapshot_bytes) / static_cast<double>(statistics.snapshots),
        40);
  }
}

TEST(MatchE2E, APlayerWhoseConnectionDroppedComesBackToTheSamePlace) {
  ServerProcess server;
  const auto match = make_match(server);
  Bot a;
  a.connect(server, join_token(server, match, "ann"));
  ASSERT_TRUE(play({&a}, wander, [&] { return a.game->statistics().snapshots > 20; }));
  const int slot = a.game->slot();
  a.game->drop();

  Bot again;
  again.connect(server, join_token(server, match, "ann"));
  ASSERT_TRUE(play({&again}, wander, [&] { return again.game->statistics().snapshots > 20; }));

  EXPECT_EQ(again.game->slot(), slot);
  EXPECT_EQ(client::arena::latest(*again.game)->players.size(), 1U);
}

TEST(MatchE2E, AKilledMatchComesBackWithItsStateWhileClientsStayConnected) {
  ServerProcess server(
      {"admin.drills=true", "match.checkpoint_ticks=5", "match.hide_behind_walls=false"});
  const auto match = make_match(server);
  Bot a, b;
  a.connect(server, join_token(server, match, "ann"));
  b.connect(server, join_token(server, match, "bob"));
  ASSERT_TRUE(play({&a, &b}, wander, [&] {
    return a.game->statistics().snapshots > 60 && b.game->statistics().snapshots > 60;
  }));
  const auto before = *view(*a.game, b.game->slot());
  const auto tick = a.game->latest()->tick;
  const auto snapshots = a.game->statistics().snapshots;

  ASSERT_EQ(server.client("root", "admin")
                .request("POST", "/api/v1/admin/actors/match/" + match + "/crash")
                ->status,
            202);
  const auto still = [](std::size_t) { return game::Command{}; };
  ASSERT_TRUE(eventually(
      [&] { return server.metric("troupe_entity_crashes_total{kind=\"match\"}") >= 1; }));
  ASSERT_TRUE(play({&a, &b}, still, [&] {
    return a.game->statistics().snapshots > snapshots + 40 && a.game->latest()->tick > tick;
  }));

  EXPECT_EQ(a.game->state(), State::playing);
  EXPECT_EQ(b.game->state(), State::playing);
  const auto* after = view(*a.game, b.game->slot());
  ASSERT_NE(after, nullptr);
  // It lost at most a checkpoint's ticks, so nobody is far from where they were (unless shot
  // meanwhile).
  EXPECT_LE(std::abs(static_cast<int>(after->x) - static_cast<int>(before.x)),
            20 * game::kWalkSpeed);
}

TEST(MatchE2E, AMatchSurvivesAKillOfTheServer) {
  ServerProcess server({"match.checkpoint_ticks=5"});
  const auto match = make_match(server);
  Bot a;
  a.connect(server, join_token(server, match, "ann"));
  ASSERT_TRUE(play({&a}, wander, [&] { return a.game->statistics().snapshots > 60; }));
  const auto tick = a.game->latest()->tick;

  server.kill();
  server.start();

  Bot again;
  again.connect(server, join_token(server, match, "ann"));
  ASSERT_TRUE(play({&again}, wander, [&] { return again.game->statistics().snapshots > 5; }));
  EXPECT_GE(again.game->latest()->tick + 60, tick);
}

TEST(MatchE2E, WrongTokensAndFullMatchesAreRefusedWithAReason) {
  ServerProcess server;
  const auto match = make_match(server, 2);
  Bot forged, one, two, three;
  forged.connect(server, "not a token");
  one.connect(server, join_token(server, match, "p1"));
  two.connect(server, join_token(server, match, "p2"));
  ASSERT_TRUE(play({&forged, &one, &two}, wander, [&] {
    return forged.game->state() == State::closed && one.game->state() == State::playing &&
           two.game->state() == State::playing;
  }));
  EXPECT_EQ(forged.game->goodbye(), game::Goodbye::bad_token);

  three.connect(server, join_token(server, match, "p3"));
  ASSERT_TRUE(play({&three}, wander, [&] { return three.game->state() == State::closed; }));
  EXPECT_EQ(three.game->goodbye(), game::Goodbye::match_full);
}

// A match that emptied must take newcomers once the grace time is over (colyseus #962: rooms leaked
// for ever).
TEST(MatchE2E, AFullMatchThatEmptiedTakesNewcomersAfterTheGraceTime) {
  ServerProcess server({"match.rejoin_grace_s=1"});
  const auto match = make_match(server, 2);
  {
    Bot one, two;
    one.connect(server, join_token(server, match, "p1"));
    two.connect(server, join_token(server, match, "p2"));
    ASSERT_TRUE(play({&one, &two}, wander, [&] {
      return one.game->state() == State::playing && two.game->state() == State::playing;
    }));
  }

  EXPECT_TRUE(eventually([&] {
    Bot three;
    three.connect(server, join_token(server, match, "p3"));
    return play(
               {&three}, wander, [&] { return three.game->state() != State::connecting; }, 5) &&
           three.game->state() == State::playing;
  }));
}

// A raw ENet peer that does not speak the protocol.
TEST(MatchE2E, MalformedPacketsAreCountedAndTheSenderIsSentAway) {
  ServerProcess server;
  ASSERT_EQ(enet_initialize(), 0);
  ENetHost* host = enet_host_create(nullptr, 4, game::kChannels, 0, 0);
  ENetAddress address{};
  enet_address_set_host_ip(&address, "127.0.0.1");
  address.port = server.endpoint().game_port;
  ENetPeer* peer = enet_host_connect(host, &address, game::kChannels, 0);
  std::optional<std::uint32_t> reason;
  ASSERT_TRUE(eventually([&] {
    ENetEvent event;
    while (enet_host_service(host, &event, 1) > 0) {
      if (event.type == ENET_EVENT_TYPE_CONNECT) {
        enet_peer_send(peer, 0, enet_packet_create("garbage!", 8, ENET_PACKET_FLAG_RELIABLE));
      } else if (event.type == ENET_EVENT_TYPE_DISCONNECT) {
        reason = event.data;
      }
    }
    return reason.has_value();
  }));
  enet_host_destroy(host);

  EXPECT_EQ(*reason, static_cast<std::uint32_t>(game::Goodbye::bad_message));
  EXPECT_EQ(server.metric("troupe_udp_bad_packets_total{reason=\"malformed\"}"), 1);
}

TEST(MatchE2E, AMatchEndsWithOneResultThatOutlivesTheServer) {
  ServerProcess server;
  auto host = server.client("host");
  const auto made = host.post("/api/v1/matches", {{"max_players", 4}, {"time_limit_s", 2}});
  ASSERT_EQ(made->status, 201);
  const std::string match(made->json().at("id").as_string());
  const auto path = "/api/v1/matches/" + match;
  Bot a, b;
  a.connect(server, join_token(server, match, "ann"));
  b.connect(server, join_token(server, match, "bob"));

  ASSERT_TRUE(play({&a, &b}, wander, [&] {
    return a.game->state() == State::closed && b.game->state() == State::closed;
  }));

  EXPECT_EQ(a.game->goodbye(), game::Goodbye::match_over);
  ASSERT_EQ(a.game->result().size(), 2U);
  EXPECT_EQ(a.game->result()[0].place, 1);
  const auto shown = host.get(path)->json();
  EXPECT_EQ(shown.at("state").as_string(), "ended");
  EXPECT_EQ(shown.at("result").as_array().size(), 2U);
  EXPECT_EQ(server.client("late").request("POST", path + "/join")->status, 409);

  server.kill();
  server.start();

  auto again = server.client("host");
  EXPECT_EQ(again.get(path)->json().at("result"), shown.at("result"));
  EXPECT_EQ(again.get(path)->json().at("ended_ms"), shown.at("ended_ms"));
}

TEST(MatchE2E, ATokenOpensOneConnectionOnly) {
  ServerProcess server;
  const auto match = make_match(server);
  const auto token = join_token(server, match, "ann");
  Bot first, second;
  first.connect(server, token);
  ASSERT_TRUE(play({&first}, wander, [&] { return first.game->state() == State::playing; }));

  second.connect(server, token);

  ASSERT_TRUE(
      play({&first, &second}, wander, [&] { return second.game->state() == State::closed; }));
  EXPECT_EQ(second.game->goodbye(), game::Goodbye::bad_token);
  EXPECT_EQ(first.game->state(), State::playing);
  EXPECT_EQ(server.metric("troupe_udp_bad_packets_total{reason=\"token_used\"}"), 1);
}

// Used tokens are remembered in memory: after a restart those of before count for nothing.
TEST(MatchE2E, ATokenOfBeforeARestartIsRefused) {
  ServerProcess server;
  const auto match = make_match(server);
  const auto token = join_token(server, match, "ann");
  const auto issued = std::chrono::system_clock::now();
  server.kill();
  ASSERT_TRUE(eventually([&] {
    return std::chrono::system_clock::now() - issued > std::chrono::milliseconds(1'100);
  }));
  server.start();
  Bot thief;

  thief.connect(server, token);

  ASSERT_TRUE(play({&thief}, wander, [&] { return thief.game->state() == State::closed; }));
  EXPECT_EQ(thief.game->goodbye(), game::Goodbye::bad_token);
  EXPECT_EQ(server.metric("troupe_udp_bad_packets_total{reason=\"token_of_before\"}"), 1);
}

TEST(MatchE2E, WhoIsOutOfSightIsNotSent) {
  ServerProcess server({"match.view_units=60"});
  const auto match = make_match(server, 8);
  std::vector<std::unique_ptr<Bot>> bots;
  std::vector<Bot*> all;
  for (int i = 0; i < 8; ++i) {
    bots.push_back(std::make_unique<Bot>());
    bots.back()->connect(server, join_token(server, match, "p" + std::to_string(i)));
    all.push_back(bots.back().get());
  }
  std::size_t seen = 0, hidden = 0;
  double furthest = 0;
  ASSERT_TRUE(play(all, wander, [&] {
    for (const auto* bot : all) {
      const auto* own = view(*bot->game, bot->game->slot());
      if (own == nullptr) continue;
      const auto& players = client::arena::latest(*bot->game)->players;
      seen += players.size() - 1;
      hidden += 8 - players.size();
      for (const auto& player : players)
        furthest = std::max(furthest, std::hypot(player.x - own->x, player.y - own->y));
    }
    return std::ranges::all_of(
        all, [](const Bot* bot) { return bot->game->statistics().snapshots > 150; });
  }));

  // 60 and the edge; and what is on its way is sent again as it was, while the own player walks on.
  EXPECT_LE(furthest, 66 * game::kUnit);
  EXPECT_GT(seen, 0U);
  EXPECT_GT(hidden, 0U);
  for (const auto* bot : all) EXPECT_EQ(bot->game->statistics().mismatches, 0U);
}

TEST(MatchE2E, AnAddressThatConnectsTooOftenIsSentAwayAndOthersPlayOn) {
  ServerProcess server({"match.connects_per_second=1", "match.connects_burst=3"});
  const auto match = make_match(server);
  Bot player;
  player.connect(server, join_token(server, match, "ann"));
  ASSERT_TRUE(play({&player}, wander, [&] { return player.game->state() == State::playing; }));
  std::vector<std::unique_ptr<Bot>> flood;
  for (int i = 0; i < 5; ++i) {
    flood.push_back(std::make_unique<Bot>());
    flood.back()->connect(server, "whatever");
  }

  std::vector<Bot*> all{&player};
  for (const auto& bot : flood) all.push_back(bot.get());
  ASSERT_TRUE(play(all, wander, [&] {
    return std::ranges::all_of(flood,
                               [](const auto& b) { return b->game->state() == State::closed; });
  }));

  const auto limited = std::ranges::count_if(
      flood, [](const auto& b) { return b->game->goodbye() == game::Goodbye::rate_limited; });
  EXPECT_GE(limited, 2);
  const auto before = player.game->statistics().snapshots;
  EXPECT_TRUE(
      play({&player}, wander, [&] { return player.game->statistics().snapshots > before + 10; }));
}

TEST(MatchE2E, TheApiValidatesAndPages) {
  ServerProcess server;
  auto host = server.client("host");
  EXPECT_EQ(host.post("/api/v1/matches", {{"max_players", 1}})->status, 400);
  EXPECT_EQ(host.post("/api/v1/matches", {{"max_players", 65}})->status, 400);
  EXPECT_EQ(host.post("/api/v1/matches", {{"time_limit_s", -1}})->status, 400);
  EXPECT_EQ(host.post("/api/v1/matches", {{"score_limit", "ten"}})->status, 400);
  EXPECT_EQ(host.get("/api/v1/matches/01ARZ3NDEKTSV4RRFFQ69G5FAV")->status, 404);
  for (int i = 0; i < 5; ++i) make_match(server);

  const auto first = host.get("/api/v1/matches?limit=3")->json();
  EXPECT_EQ(first.at("items").as_array().size(), 3U);
  const auto rest =
      host.get("/api/v1/matches?limit=3&cursor=" + std::string(first.at("next").as_string()))
          ->json();
  EXPECT_EQ(rest.at("items").as_array().size(), 2U);
}

}  // namespace
}  // namespace troupe::test
