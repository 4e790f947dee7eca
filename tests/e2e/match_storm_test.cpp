// Short storms, churn and floods against a real server, with the simulators that run long ones.
#include "sim/match_storm.hpp"

#include <algorithm>
#include <filesystem>
#include <random>

#include "sim/flood.hpp"
#include "sim/packet_fuzz.hpp"
#include "tests/e2e/match_players.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

/// Kept packets; tests run from build/<preset>/bin.
std::string corpus() {
  return std::filesystem::canonical("/proc/self/exe").parent_path() /
         "../../../tests/data/fuzz/game_datagram";
}

void expect_clean(const Result<sim::Section>& section) {
  ASSERT_TRUE(section.ok()) << section.error().detail;
  for (const auto& failure : section->failures) ADD_FAILURE() << failure;
}

double row(const sim::Section& section, const std::string& name) {
  const auto it = std::ranges::find(section.rows, name, &sim::Section::Row::name);
  return it == section.rows.end() ? -1 : it->value;
}

TEST(MatchStorm, AllComeBackToTheirPlacesAndNothingIsLeftOfThem) {
  ServerProcess server({"match.hosts=2", "match.host_matches=2"});
  sim::Progress progress(false);
  const std::atomic<bool> stop{false};

  const auto section = sim::run_match_storm(
      server.endpoint(), {.bots = 32, .bots_per_match = 8, .duration = 2s, .calm = 200ms}, progress,
      stop);

  expect_clean(section);
  EXPECT_GE(row(*section, "storms"), 2);
  EXPECT_EQ(row(*section, "reconnects"), 32 * row(*section, "storms"));
}

TEST(MatchStorm, CountsStayRightWhilePlayersComeAndGo) {
  ServerProcess server;
  sim::Progress progress(false);
  const std::atomic<bool> stop{false};

  const auto section = sim::run_match_churn(
      server.endpoint(), {.bots = 24, .bots_per_match = 8, .duration = 4s, .per_second = 60},
      progress, stop);

  expect_clean(section);
  EXPECT_GE(row(*section, "leaves"), 20);
}

TEST(MatchPackets, TheSameSeedMakesTheSamePackets) {
  sim::PacketMutator one(sim::packet_seeds(), 7), two(sim::packet_seeds(), 7);
  for (int i = 0; i < 1'000; ++i) {
    const auto packet = one.next();
    EXPECT_EQ(packet, two.next());
    EXPECT_GE(packet.size(), 1U);
    EXPECT_LE(packet.size(), 1'300U);
  }
}

TEST(MatchPackets, DamagedPacketsInLiveSessionsHurtNobodyElse) {
  ServerProcess server;
  sim::Progress progress(false);
  const std::atomic<bool> stop{false};
  const auto seed = std::random_device{}() % 1'000'000;
  SCOPED_TRACE(seed);

  const auto section = sim::run_packet_fuzz(
      server.endpoint(), {.duration = 4s, .seed = seed, .corpus = corpus()}, progress, stop);

  expect_clean(section);
  EXPECT_GT(row(*section, "packets"), 500);
  EXPECT_GT(row(*section, "sessions"), 10);
  EXPECT_GT(row(*section, "messages refused"), 0);
}

TEST(MatchFlood, AFloodFromOneAddressIsDroppedAndPlayersOfOthersPlayOn) {
  ServerProcess server;
  const auto match = make_match(server);
  Bot player, other;
  player.connect(server, join_token(server, match, "p"));
  other.connect(server, join_token(server, match, "q"));
  const std::vector<Bot*> bots{&player, &other};
  const auto snapshots = [&] {
    return player.game->statistics().snapshots + other.game->statistics().snapshots;
  };
  ASSERT_TRUE(play(bots, wander, [&] { return snapshots() > 20; }));
  const auto dropped = [&](const std::string& reason) {
    const auto host = "troupe_udp_dropped_datagrams_total{host=\"local-1\",reason=\"";
    return server.metric(host + reason + "\"}");
  };
  for (const auto kind :
       {sim::FloodKind::garbage, sim::FloodKind::connects, sim::FloodKind::sessions}) {
    const auto flood =
        sim::Flood::start({.port = server.endpoint().game_port, .kind = kind, .per_second = 5'000});
    ASSERT_TRUE(flood.ok());
    const auto before = snapshots();

    EXPECT_TRUE(play(bots, wander, [&] {
      return (*flood)->sent() > 6'000 && snapshots() > before + 40;
    })) << to_string(kind);
  }

  EXPECT_EQ(player.game->state(), State::playing);
  EXPECT_EQ(other.game->state(), State::playing);
  EXPECT_EQ(player.game->statistics().reconnects, 0U);
  for (const auto* reason : {"junk", "others_session", "no_session", "address_rate"})
    EXPECT_GT(dropped(reason), 0) << reason;
  EXPECT_GT(dropped("connect_rate") + dropped("half_open_address"), 0);
  EXPECT_LE(server.metric("troupe_udp_half_open{host=\"local-1\"}"), 256);
  // And the flooder's address can still play, once it is quiet.
  EXPECT_TRUE(eventually([&] { return server.metric("troupe_udp_half_open") < 256; }));
}

}  // namespace
}  // namespace troupe::test
