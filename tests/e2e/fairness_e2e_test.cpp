// Cheats of each kind against a real server: caught, or without effect; and what operators do.
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "game/arena/walls.hpp"
#include "net/client/arena.hpp"
#include "sim/cheats.hpp"
#include "sim/impairment.hpp"
#include "sim/marksman.hpp"
#include "tests/e2e/match_players.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;

/// Fast ticks and a lower bar, so that a minute's evidence takes seconds.
TEST(FairnessE2E, EachCheatIsCaughtOrHasNoEffectAndTheHonestAreNotFlagged) {
  ServerProcess server({"match.tick_hz=90", "match.fairness_z=2"});
  const std::atomic<bool> stop{false};
  sim::Progress progress(false);
  std::vector<std::thread> threads;
  std::map<std::string, Result<sim::Section>> outcomes;
  std::mutex mutex;
  std::uint64_t seed = 0;
  for (const std::string name : {"aimbot", "wallhack", "speed", "spam", "replay", "forged"}) {
    ++seed;
    threads.emplace_back([&, name, seed] {
      const auto cheat = *sim::parse_cheat(name);
      const auto seconds = std::chrono::seconds(cheat == sim::Cheat::wallhack ? 8 : 60);
      auto one = sim::run_cheat(server.endpoint(),
                                {.cheat = cheat, .honest = 5, .duration = seconds, .seed = seed},
                                progress, stop);
      const std::lock_guard lock(mutex);
      outcomes.emplace(name, std::move(one));
    });
  }
  for (auto& thread : threads) thread.join();

  for (const auto& [name, outcome] : outcomes) {
    ASSERT_TRUE(outcome.ok()) << name << ": " << outcome.error().detail;
    for (const auto& failure : outcome->failures) ADD_FAILURE() << name << ": " << failure;
    for (const auto& row : outcome->rows)
      std::printf("%s: %s %.2f %s\n", name.c_str(), row.name.c_str(), row.value, row.unit.c_str());
  }
  EXPECT_GE(server.metric("troupe_udp_bad_packets_total{reason=\"token\"}"), 1);
}

json::value dossier(const ServerProcess& server, const std::string& player) {
  const auto reply = server.client("root", "admin").get("/api/v1/fairness/players/" + player);
  EXPECT_EQ(reply->status, 200) << reply->body;
  return reply->json();
}

sim::HttpReply act(const ServerProcess& server, const std::string& player,
                   const std::string& action) {
  return *server.client("root", "admin")
              .post("/api/v1/fairness/players/" + player + "/action",
                    {{"action", action}, {"reason", "tested"}});
}

TEST(FairnessE2E, WhoIsKickedOrBannedGoesAndComesBackOnlyWhenCleared) {
  ServerProcess server({"match.tick_hz=90"});
  const auto match = make_match(server);
  Bot ann, eve;
  ann.connect(server, join_token(server, match, "ann"));
  eve.connect(server, join_token(server, match, "eve"));
  ASSERT_TRUE(play({&ann, &eve}, wander, [&] { return eve.game->latest() != nullptr; }));
  const auto later = join_token(server, match, "eve");

  ASSERT_EQ(act(server, "eve", "ban").status, 200);

  EXPECT_TRUE(play({&ann, &eve}, wander, [&] { return eve.game->state() == State::closed; }));
  EXPECT_EQ(eve.game->goodbye(), game::Goodbye::kicked);
  const auto join = [&] {
    return *server.client("eve").request("POST", "/api/v1/matches/" + match + "/join");
  };
  EXPECT_EQ(join().status, 403);
  EXPECT_NE(join().body.find("banned"), std::string::npos);
  Bot again;
  again.connect(server, later);
  EXPECT_TRUE(play({&ann, &again}, wander, [&] { return again.game->state() == State::closed; }));
  EXPECT_EQ(again.game->goodbye(), game::Goodbye::kicked);
  EXPECT_EQ(ann.game->state(), State::playing);
  EXPECT_TRUE(dossier(server, "eve").at("banned").as_bool());
  const auto queued = server.client("eve").post("/api/v1/matchmaking/queue",
                                                {{"mode", "duel"}, {"regions", {{"local", 10}}}});
  ASSERT_LT(queued->status, 300) << queued->body;
  const auto ticket =
      "/api/v1/matchmaking/queue/" + std::string(queued->json().at("ticket").as_string());
  EXPECT_TRUE(eventually([&] {
    return server.client("eve").get(ticket)->body.find("\"barred\"") != std::string::npos;
  }));
  EXPECT_EQ(act(server, "eve", "clear").status, 200);
  EXPECT_EQ(join().status, 200);
  Bot cleared;
  cleared.connect(server, join_token(server, match, "eve"));
  ASSERT_TRUE(
      play({&ann, &cleared}, wander, [&] { return cleared.game->statistics().snapshots > 30; }));
  EXPECT_EQ(server.client("eve").get("/api/v1/fairness/flags")->status, 403);
  EXPECT_EQ(act(server, "eve", "hang").status, 400);
}

/// A match of steady hands behind a line of this latency in each direction.
class Duel {
 public:
  Duel(const ServerProcess& server, double latency_ms, int players)
      : name_("hand" + std::to_string(static_cast<int>(latency_ms)) + "-") {
    const auto match = make_match(server, players);
    const sim::Impairment line{.latency_ms = latency_ms};
    proxy_ = std::move(*sim::ImpairmentProxy::start(
        {.port = server.endpoint().game_port, .to_server = line, .to_client = line}));
    for (int i = 0; i < players; ++i) {
      auto& hand = hands_.emplace_back();
      hand.bot.connect(proxy_->port(), join_token(server, match, name_ + std::to_string(i)));
      hand.mind =
          std::make_unique<sim::Marksman>(sim::Hand::aimbot, static_cast<std::uint64_t>(7 + i));
    }
  }
  void turn() {
    for (auto& hand : hands_) {
      hand.bot.host->service(0);
      if (std::chrono::steady_clock::now() < hand.next) continue;
      auto& game = *hand.bot.game;
      hand.next = std::chrono::steady_clock::now() + game.command_period();
      const auto me = client::arena::predicted(game);
      const auto shown = client::arena::interpolated(game, 1);
      client::arena::send(game, me && shown ? hand.mind->decide({.shown = shown.get(),
                                                                 .slot = game.slot(),
                                                                 .me = {me->x, me->y},
                                                                 .tick = shown->tick})
                                            : game::Command{});
    }
  }
  [[nodiscard]] std::uint32_t tick() const {
    const auto* newest = hands_.front().bot.game->latest();
    return newest != nullptr ? newest->tick : 0;
  }
  struct Score {
    double hits = 0, shots = 0;
    [[nodiscard]] double rate() const { return shots > 0 ? hits / shots : 0; }
  };
  [[nodiscard]] Score score(const ServerProcess& server) const {
    Score out;
    for (std::size_t i = 0; i < hands_.size(); ++i) {
      const auto share = dossier(server, name_ + std::to_string(i)).at("conduct").at("accuracy");
      out.hits += share.at("of").to_number<double>();
      out.shots += share.at("all").to_number<double>();
    }
    return out;
  }

 private:
  struct Hand {
    Bot bot;
    std::unique_ptr<sim::Marksman> mind;
    std::chrono::steady_clock::time_point next{};
  };
  std::string name_;
  std::unique_ptr<sim::ImpairmentProxy> proxy_;
  std::vector<Hand> hands_;
};

// Round trips of 0, 150, 200 and, to be seen, 400 ms; 250 ms is the bound, of which one tick and a
// half are drawing behind and waiting for the tick.
TEST(FairnessE2E, At200MillisecondsShotsHitAsAtNone) {
  ServerProcess server({"match.fairness_z=1000", "match.connects_burst=10000"});
  std::map<int, std::unique_ptr<Duel>> duels;
  for (const int one_way : {0, 75, 100, 200})
    duels[one_way] = std::make_unique<Duel>(server, one_way, 14);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(40);

  // A report of each player comes every 300 ticks.
  while (std::chrono::steady_clock::now() < until) {
    bool done = true;
    for (auto& [latency, duel] : duels) {
      duel->turn();
      done = done && duel->tick() > 305;
    }
    if (done) break;
  }

  std::map<int, Duel::Score> scores;
  for (auto& [latency, duel] : duels) {
    scores[latency] = duel->score(server);
    std::printf("round trip %d ms: %.0f of %.0f shots hit, %.2f\n", 2 * latency,
                scores[latency].hits, scores[latency].shots, scores[latency].rate());
    EXPECT_GT(scores[latency].shots, 40);
  }
  EXPECT_GT(scores[0].rate(), 0.75);
  // Some 100 shots each: three standard deviations of the difference.
  EXPECT_GT(scores[75].rate(), scores[0].rate() - 0.14);
  EXPECT_GT(scores[100].rate(), scores[0].rate() - 0.14);
}

TEST(FairnessE2E, AShotIsJudgedAgainAsTheMatchDid) {
  ServerProcess server({"match.fairness_z=1000", "match.tick_hz=60"});
  Duel duel(server, 20, 6);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (duel.tick() < 305 && std::chrono::steady_clock::now() < until) duel.turn();
  json::value hit;
  for (int i = 0; i < 6; ++i) {
    const auto known = dossier(server, "hand20-" + std::to_string(i));
    for (const auto& one : known.at("evidence").as_array()) {
      if (one.at("suspicion").as_string() == "accuracy") hit = one;
    }
  }
  ASSERT_TRUE(hit.is_object());
  const auto match = std::string(hit.at("match").as_string());
  const auto tick = std::to_string(hit.at("tick").to_number<int>());
  const auto slot = std::to_string(hit.at("slot").to_number<int>());
  const auto path = "/api/v1/matches/" + match + "/shots?tick=" + tick + "&slot=" + slot;

  const auto reply = server.client("root", "admin").get(path);

  ASSERT_EQ(reply->status, 200) << reply->body;
  const auto judged = reply->json();
  EXPECT_TRUE(judged.at("as_logged").as_bool());
  EXPECT_TRUE(judged.at("shot").at("same").as_bool());
  EXPECT_FALSE(judged.at("shot").at("hit").is_null());
  EXPECT_EQ(server.client("eve").get(path)->status, 403);
  EXPECT_EQ(
      server.client("root", "admin").get("/api/v1/matches/" + match + "/shots?tick=x")->status,
      400);
  server.kill();
  const auto command = program("troupe") + " match adjudicate " + match + " --tick " + tick +
                       " --slot " + slot + " --json --data-dir " + server.data_dir();
  std::string printed;
  auto* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char buffer[4096];
  while (const auto n = std::fread(buffer, 1, sizeof buffer, pipe)) printed.append(buffer, n);
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_EQ(json::parse(printed), judged);
}

}  // namespace
}  // namespace troupe::test
