// Game hosts of one server: where matches go, draining, and what a crash leaves of both.
#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include "storage/journal.hpp"
#include "storage/store.hpp"
#include "tests/e2e/match_players.hpp"

namespace troupe::test {
namespace {

boost::json::array hosts_of(const ServerProcess& server) {
  const auto reply = server.client("root", "admin").get("/api/v1/fleet/hosts");
  EXPECT_EQ(reply->status, 200) << reply->body;
  return reply->json().at("items").as_array();
}

std::uint16_t join_port(const ServerProcess& server, const std::string& match,
                        const std::string& player) {
  const auto reply = server.client(player).request("POST", "/api/v1/matches/" + match + "/join");
  EXPECT_EQ(reply->status, 200) << reply->body;
  return reply->status == 200 ? reply->json().at("port").to_number<std::uint16_t>()
                              : std::uint16_t{0};
}

int post(const ServerProcess& server, const std::string& path,
         const std::string& scopes = "admin") {
  return server.client("root", scopes).request("POST", "/api/v1/fleet/" + path)->status;
}

/// A player of a match who comes in where the server says.
struct Seated : Bot {
  std::uint16_t port = 0;
  void join(const ServerProcess& server, const std::string& match, const std::string& player) {
    const auto reply = server.client(player).request("POST", "/api/v1/matches/" + match + "/join");
    ASSERT_EQ(reply->status, 200) << reply->body;
    port = reply->json().at("port").to_number<std::uint16_t>();
    connect(port, std::string(reply->json().at("token").as_string()));
  }
};

bool all_play(const std::vector<Bot*>& bots) {
  return play(bots, wander, [&] {
    return std::ranges::all_of(bots, [](const Bot* bot) {
      return bot->game->state() == State::playing && bot->game->statistics().snapshots > 10;
    });
  });
}

TEST(Fleet, MatchesFillOneHostAfterAnotherAndArePlayedThere) {
  ServerProcess server({"match.hosts=3", "match.host_matches=2"});
  std::vector<std::unique_ptr<Seated>> players;
  std::vector<Bot*> bots;
  for (int i = 0; i < 6; ++i) {
    players.push_back(std::make_unique<Seated>());
    players.back()->join(server, make_match(server), "p" + std::to_string(i));
    bots.push_back(players.back().get());
  }

  EXPECT_TRUE(all_play(bots));

  std::map<std::uint16_t, int> matches_at;
  for (const auto& player : players) ++matches_at[player->port];
  EXPECT_EQ(matches_at.size(), 3U);
  for (const auto& host : hosts_of(server)) {
    EXPECT_EQ(host.at("matches").to_number<int>(), 2);
    EXPECT_EQ(host.at("players").to_number<int>(), 16);
    EXPECT_EQ(matches_at[host.at("port").to_number<std::uint16_t>()], 2);
    const auto id = std::string(host.at("id").as_string());
    EXPECT_EQ(server.metric("troupe_udp_clients{host=\"" + id + "\"}"), 2) << id;
  }
  // The fleet is full: come back.
  const auto refused = server.client("host").post("/api/v1/matches", {{"max_players", 8}});
  EXPECT_EQ(refused->status, 503) << refused->body;
  EXPECT_TRUE(refused->headers.contains("retry-after"));
}

TEST(Fleet, AMatchOfAnUnknownRegionIsRefused) {
  ServerProcess server({"match.region=eu"});

  const auto there = server.client("host").post("/api/v1/matches", {{"region", "eu"}});
  const auto nowhere = server.client("host").post("/api/v1/matches", {{"region", "mars"}});

  EXPECT_EQ(there->status, 201) << there->body;
  EXPECT_EQ(nowhere->status, 400) << nowhere->body;
}

TEST(Fleet, ADrainingHostKeepsItsMatchesTakesNoOthersAndStaysSoOverACrash) {
  ServerProcess server({"match.hosts=2"});
  const auto kept = make_match(server);
  Seated player;
  player.join(server, kept, "p");
  ASSERT_TRUE(all_play({&player}));
  const auto first = std::string(hosts_of(server)[0].at("id").as_string());

  EXPECT_EQ(post(server, "hosts/" + first + "/drain", ""), 403);
  EXPECT_EQ(post(server, "hosts/nobody/drain"), 404);
  ASSERT_EQ(post(server, "hosts/" + first + "/drain"), 200);

  EXPECT_EQ(join_port(server, kept, "late"), player.port);
  EXPECT_NE(join_port(server, make_match(server), "q"), player.port);
  const auto snapshots = player.game->statistics().snapshots;
  EXPECT_TRUE(play({&player}, wander,
                   [&] { return player.game->statistics().snapshots > snapshots + 30; }));

  server.kill();
  server.start();
  EXPECT_EQ(hosts_of(server)[0].at("state").as_string(), "draining");
  EXPECT_EQ(server.metric("troupe_fleet_host_open{host=\"" + first + "\"}"), 0);
  ASSERT_EQ(post(server, "hosts/" + first + "/open"), 200);
  EXPECT_EQ(hosts_of(server)[0].at("state").as_string(), "open");
  server.terminate();

  auto store = storage::Store::open({.path = server.data_dir() + "/db", .read_only = true});
  ASSERT_TRUE(store.ok());
  const auto journal = storage::read_journal(**store, 1, 1'000);
  std::vector<std::string> audited;
  for (const auto& entry : *journal) {
    if (entry.entity == "fleet/" + first) audited.push_back(entry.type + entry.payload);
  }
  ASSERT_EQ(audited.size(), 2U);
  EXPECT_NE(audited[0].find("draining.v1"), std::string::npos) << audited[0];
  EXPECT_NE(audited[0].find("\"by\":\"root\""), std::string::npos) << audited[0];
  EXPECT_NE(audited[1].find("opened.v1"), std::string::npos) << audited[1];
}

TEST(Fleet, MatchesGoBackToTheirHostsAfterACrashAndToOthersWhereTheirsAreGone) {
  ServerProcess server({"match.hosts=2", "match.host_matches=1"});
  const std::vector<std::string> matches{make_match(server), make_match(server)};
  std::vector<std::unique_ptr<Seated>> players;
  std::map<std::uint16_t, std::string> at;
  for (const auto& host : hosts_of(server))
    at[host.at("port").to_number<std::uint16_t>()] = std::string(host.at("id").as_string());
  std::vector<std::string> before;
  for (const auto& match : matches) {
    Seated player;
    player.join(server, match, "p");
    ASSERT_TRUE(all_play({&player}));
    before.push_back(at[player.port]);
  }
  EXPECT_NE(before[0], before[1]);

  server.kill();
  server.start();

  at.clear();
  for (const auto& host : hosts_of(server))
    at[host.at("port").to_number<std::uint16_t>()] = std::string(host.at("id").as_string());
  // The other order: they are not simply packed anew.
  EXPECT_EQ(at[join_port(server, matches[1], "p")], before[1]);
  EXPECT_EQ(at[join_port(server, matches[0], "p")], before[0]);

  server.kill();
  server.settings({"match.hosts=1", "match.host_matches=2"});
  server.start();
  std::set<std::uint16_t> ports;
  for (const auto& match : matches) {
    Seated player;
    player.join(server, match, "p");
    EXPECT_TRUE(all_play({&player}));
    ports.insert(player.port);
  }
  EXPECT_EQ(ports.size(), 1U);
}

TEST(Fleet, AServerThatIsToldToStopLetsMatchesEndAndTakesNoOthers) {
  ServerProcess server({"match.drain_s=30", "match.rejoin_grace_s=1"});
  const auto match = make_match(server);
  Seated player;
  player.join(server, match, "p");
  ASSERT_TRUE(all_play({&player}));

  server.signal(SIGTERM);

  sim::HttpClient http(server.endpoint().host, server.endpoint().http_port);
  ASSERT_TRUE(eventually([&] { return http.get("/readyz")->status == 503; }));
  ASSERT_TRUE(eventually(
      [&] { return http.get("/readyz")->body.find("draining: 1 matches") != std::string::npos; }));
  EXPECT_EQ(server.metric("troupe_fleet_draining"), 1);
  const auto refused = server.client("host").post("/api/v1/matches", {{"max_players", 8}});
  EXPECT_EQ(refused->status, 503) << refused->body;
  EXPECT_TRUE(refused->headers.contains("retry-after"));
  const auto snapshots = player.game->statistics().snapshots;
  EXPECT_TRUE(play({&player}, wander,
                   [&] { return player.game->statistics().snapshots > snapshots + 30; }));
  EXPECT_EQ(join_port(server, match, "p"), player.port);  // who plays may come back

  player.game->disconnect();
  play({&player}, wander, [&] { return player.game->state() == State::closed; });
  EXPECT_EQ(server.wait(), 0);
}

TEST(Fleet, TheWholeServerDrainsAndOpensAgainByRequest) {
  ServerProcess server;
  ASSERT_EQ(post(server, "drain"), 200);
  EXPECT_EQ(server.client("host").post("/api/v1/matches", {{"max_players", 8}})->status, 503);
  EXPECT_EQ(server.metric("troupe_fleet_refused_total{reason=\"unavailable\"}"), 1);
  const auto queued = server.client("p").post("/api/v1/matchmaking/queue", {{"mode", "duel"}});
  EXPECT_EQ(queued->status, 503) << queued->body;
  EXPECT_TRUE(queued->headers.contains("retry-after"));

  ASSERT_EQ(post(server, "open"), 200);
  EXPECT_EQ(server.client("host").post("/api/v1/matches", {{"max_players", 8}})->status, 201);
}

}  // namespace
}  // namespace troupe::test
