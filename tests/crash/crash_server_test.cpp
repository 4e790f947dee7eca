// Kills a server that is being written to, at random instants, and checks after each restart that
// every acknowledged write is there and that no budget was overspent. Rounds: TROUPE_CRASH_ROUNDS,
// 6 by default.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;

int rounds() {
  const char* text = std::getenv("TROUPE_CRASH_ROUNDS");
  return text == nullptr ? 6 : std::atoi(text);
}

struct Acknowledged {
  std::mutex mutex;
  std::vector<std::string> posts;
  std::set<std::string> bills;  ///< targets
};

constexpr double kBudget = 400;  // four hundred impressions at a CPM of 1,000

void post_until_cut(const ServerProcess& server, int writer, Acknowledged& seen) {
  auto client = server.client("writer" + std::to_string(writer));
  for (int i = 0;; ++i) {
    const auto reply =
        client.post("/api/v1/posts", {{"text", fmt::format("{} of writer {}", i, writer)}});
    if (!reply.ok() || reply->status != 201) return;
    const std::lock_guard lock(seen.mutex);
    seen.posts.emplace_back(reply->json().at("id").as_string());
  }
}

/// Sells and bills one impression after the other; the floor makes each cost its full bid.
void sell_until_cut(const ServerProcess& server, Acknowledged& seen) {
  auto exchange = server.client("exchange", "exchange");
  for (int i = 0;; ++i) {
    const json::object request{
        {"id", std::to_string(i)},
        {"imp", {{{"id", "1"}, {"bidfloor", 1'000}, {"banner", {{"w", 300}, {"h", 250}}}}}},
        {"user", {{"id", "u" + std::to_string(i)}}}};
    const auto reply = exchange.post("/openrtb2/auction", request);
    if (!reply.ok()) return;
    if (reply->status != 200) continue;
    const auto response = reply->json();
    const std::string url(response.at("seatbid").at(0).at("bid").at(0).at("burl").as_string());
    const auto target = url.substr(url.find("/openrtb2"));
    const auto billed = exchange.request("POST", target);
    if (!billed.ok()) return;
    if (billed->status != 204) continue;
    const std::lock_guard lock(seen.mutex);
    seen.bills.insert(target);
  }
}

TEST(Crash, NothingAcknowledgedIsLostAndNoBudgetOverspent) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  ServerProcess server({"http.access_log=false", "log.level=warn"});
  for (int i = 0; i < 3; ++i) {
    const auto name = "writer" + std::to_string(i);
    ASSERT_EQ(server.client(name).post("/api/v1/users", {{"handle", name}})->status, 201);
  }
  const json::object campaign{
      {"name", "c"},
      {"advertiser", "acme"},
      {"adomain", "acme.example"},
      {"bid_cpm", 1'000},
      {"budget", kBudget},
      {"creative", {{"crid", "c"}, {"adm", "<a>"}, {"w", 300}, {"h", 250}}}};
  Acknowledged seen;
  std::size_t billed = 0;

  for (int round = 0; round < rounds(); ++round) {
    SCOPED_TRACE(round);
    // A budget of its own for each round: every kill meets bills under way.
    const auto made = server.client("adv", "ads").post("/api/v1/campaigns", campaign);
    ASSERT_EQ(made->status, 201);
    const auto stats_path =
        "/api/v1/campaigns/" + std::string(made->json().at("id").as_string()) + "/stats";
    seen.bills.clear();
    const auto first = seen.posts.size();
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&, i] { post_until_cut(server, i, seen); });
    threads.emplace_back([&] { sell_until_cut(server, seen); });
    std::this_thread::sleep_for(
        std::chrono::milliseconds(20 + random() % 400));  // the random instant
    server.kill();
    for (auto& thread : threads) thread.join();
    server.start();

    auto reader = server.client("reader"), advertiser = server.client("adv", "ads");
    for (auto i = first; i < seen.posts.size(); ++i) {
      ASSERT_EQ(reader.get("/api/v1/posts/" + seen.posts[i])->status, 200) << seen.posts[i];
    }
    const auto before = advertiser.get(stats_path)->json();
    // An acknowledged bill that comes again is known, and changes nothing.
    for (const auto& bill : seen.bills)
      ASSERT_EQ(reader.request("POST", bill)->status, 204) << bill;
    const auto after = advertiser.get(stats_path)->json();
    ASSERT_EQ(after.at("spent_nanos"), before.at("spent_nanos"));
    ASSERT_GE(after.at("bills").to_number<std::size_t>(), seen.bills.size());
    ASSERT_LE(after.at("spent_nanos").to_number<double>(), kBudget * 1e9);
    billed += seen.bills.size();
  }
  std::printf("seed %u: %zu posts and %zu bills acknowledged over %d kills\n", seed,
              seen.posts.size(), billed, rounds());

  auto reader = server.client("reader");
  for (const auto& post : seen.posts) {
    ASSERT_EQ(reader.get("/api/v1/posts/" + post)->status, 200) << post;
  }
  EXPECT_GT(seen.posts.size(), 10U);
  EXPECT_GT(billed, 0U);
  EXPECT_EQ(server.terminate(), 0);
  auto verify =
      sim::ChildProcess::start({program("troupe"), "verify", "--data-dir", server.data_dir()}, {});
  EXPECT_EQ(verify->wait(std::chrono::seconds(60)), 0);
}

}  // namespace
}  // namespace troupe::test
