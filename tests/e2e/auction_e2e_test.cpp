#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;

json::object campaign(double bid, double budget) {
  return {
      {"name", "spring"},
      {"advertiser", "acme"},
      {"adomain", "acme.example"},
      {"bid_cpm", bid},
      {"budget", budget},
      {"creative", {{"crid", "c1"}, {"adm", "<a>${AUCTION_PRICE}</a>"}, {"w", 300}, {"h", 250}}}};
}

json::object bid_request(const std::string& user) {
  return {{"id", "r-" + user},
          {"imp", {{{"id", "1"}, {"banner", {{"w", 300}, {"h", 250}}}}}},
          {"user", {{"id", user}}}};
}

/// The path and query of a notice's URL.
std::string target(const json::value& bid, const char* key) {
  const std::string url(bid.at(key).as_string());
  return url.substr(url.find("/openrtb2"));
}

std::optional<json::value> first_bid(sim::HttpClient& exchange, const std::string& user) {
  const auto reply = exchange.post("/openrtb2/auction", bid_request(user));
  if (!reply.ok() || reply->status != 200) return std::nullopt;
  return reply->json().at("seatbid").at(0).at("bid").at(0);
}

/// The new campaign takes part once its first lease is synced and the index rebuilt.
std::optional<json::value> wait_for_bid(sim::HttpClient& exchange) {
  std::optional<json::value> bid;
  EXPECT_TRUE(eventually([&] { return (bid = first_bid(exchange, "warm-up")).has_value(); }));
  return bid;
}

TEST(AuctionE2E, ACampaignBidsWinsAndIsBilledExactlyOnce) {
  ServerProcess server;
  auto advertiser = server.client("adv", "ads"), exchange = server.client("ssp", "exchange");
  const auto created = advertiser.post("/api/v1/campaigns", campaign(2.5, 10));
  ASSERT_TRUE(created.ok());
  ASSERT_EQ(created->status, 201) << created->body;
  const std::string id(created->json().at("id").as_string());

  const auto bid = wait_for_bid(exchange);
  ASSERT_TRUE(bid);
  EXPECT_EQ(bid->at("impid").as_string(), "1");
  EXPECT_EQ(exchange.request("GET", target(*bid, "nurl"))->status, 204);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(exchange.request("POST", target(*bid, "burl"))->status, 204);

  const auto stats = advertiser.get("/api/v1/campaigns/" + id + "/stats")->json();
  EXPECT_EQ(stats.at("bills").to_number<int>(), 1);
  EXPECT_EQ(stats.at("wins").to_number<int>(), 1);
  EXPECT_EQ(stats.at("spent_nanos").to_number<std::int64_t>(),
            std::llround(bid->at("price").to_number<double>() * 1e6));
}

TEST(AuctionE2E, ARepeatedNoticeCountsOnceAlsoAfterAKill) {
  ServerProcess server;
  std::string id, nurl, burl;
  const auto stats = [&] {
    return server.client("adv", "ads").get("/api/v1/campaigns/" + id + "/stats")->json();
  };
  {
    auto advertiser = server.client("adv", "ads"), exchange = server.client("ssp", "exchange");
    id = advertiser.post("/api/v1/campaigns", campaign(2.5, 10))->json().at("id").as_string();
    const auto bid = wait_for_bid(exchange);
    ASSERT_TRUE(bid);
    nurl = target(*bid, "nurl");
    burl = target(*bid, "burl");
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(exchange.request("GET", nurl)->status, 204);
      ASSERT_EQ(exchange.request("GET", burl)->status, 204);
    }
  }
  const auto before = stats();

  server.kill();
  server.start();
  auto exchange = server.client("ssp", "exchange");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(exchange.request("POST", nurl)->status, 204);
    EXPECT_EQ(exchange.request("POST", burl)->status, 204);
  }

  const auto after = stats();
  EXPECT_EQ(after.at("wins").to_number<int>(), 1);
  EXPECT_EQ(after.at("bills").to_number<int>(), 1);
  EXPECT_EQ(after.at("spent_nanos"), before.at("spent_nanos"));
}

TEST(AuctionE2E, AnIdempotencyKeyGivesOneAnswerAndRefusesAnotherBody) {
  ServerProcess server;
  auto advertiser = server.client("adv", "ads");
  const std::map<std::string, std::string> key{{"Idempotency-Key", "k1"}};
  const auto first = advertiser.post("/api/v1/campaigns", campaign(1, 10), key);
  ASSERT_EQ(first->status, 201) << first->body;
  const std::string path = "/api/v1/campaigns/" + std::string(first->json().at("id").as_string());
  ASSERT_EQ(advertiser.request("PATCH", path, R"({"bid_cpm":3})")->status, 200);

  const auto again = advertiser.post("/api/v1/campaigns", campaign(1, 10), key);
  const auto other = advertiser.post("/api/v1/campaigns", campaign(2, 10), key);

  EXPECT_EQ(again->status, 201);
  EXPECT_EQ(again->body, first->body);
  EXPECT_EQ(other->status, 422);
  EXPECT_EQ(other->json().at("code").as_string(), "conflict");
  EXPECT_EQ(other->json().at("status").to_number<int>(), 422);
}

TEST(AuctionE2E, AReasonForNoBidIsToldToWhoAsksAndCounted) {
  ServerProcess server;
  auto exchange = server.client("ssp", "exchange");

  EXPECT_EQ(exchange.post("/openrtb2/auction", bid_request("u"))->status, 204);
  const auto told = exchange.post("/openrtb2/auction?nbr=1", bid_request("u"));

  EXPECT_EQ(told->status, 200);
  EXPECT_EQ(told->body, R"({"id":"r-u","seatbid":[],"nbr":500})");
  EXPECT_EQ(server.metric(R"(troupe_auction_no_bids_total{reason="no_campaign"})"), 2);
}

TEST(AuctionE2E, PricesAreExactFromRequestToBill) {
  ServerProcess server;
  auto advertiser = server.client("adv", "ads"), exchange = server.client("ssp", "exchange");
  auto body = campaign(2.5, 10);
  body["bid_cpm"] = 0.1 + 0.2;  // 0.30000000000000004
  const auto bad = advertiser.post("/api/v1/campaigns", body);
  EXPECT_EQ(bad->status, 400);
  EXPECT_EQ(bad->json().at("detail").as_string(), "bid_cpm: has more than 6 decimal places");
  ASSERT_EQ(advertiser.post("/api/v1/campaigns", campaign(2.5, 10))->status, 201);
  ASSERT_TRUE(wait_for_bid(exchange));

  const auto reply = exchange.request(
      "POST", "/openrtb2/auction",
      R"({"id":"r","imp":[{"id":"1","bidfloor":1.100001,"banner":{"w":300,"h":250}}]})");

  ASSERT_EQ(reply->status, 200);
  const auto answer = reply->json();
  const auto& bid = answer.at("seatbid").at(0).at("bid").at(0);
  EXPECT_EQ(bid.at("adm").as_string(), "<a>1.100001</a>");
  EXPECT_EQ(bid.at("price").to_number<double>(), 1.100001);
}

TEST(AuctionE2E, AChangeReachesTheAuctionsSoonAfterItsAnswer) {
  ServerProcess server;
  auto advertiser = server.client("adv", "ads"), exchange = server.client("ssp", "exchange");
  const std::string id(
      advertiser.post("/api/v1/campaigns", campaign(2.5, 10))->json().at("id").as_string());
  ASSERT_TRUE(wait_for_bid(exchange));

  ASSERT_EQ(
      advertiser.request("PATCH", "/api/v1/campaigns/" + id, R"({"status":"paused"})")->status,
      200);

  EXPECT_TRUE(eventually([&] { return !first_bid(exchange, "u").has_value(); }, 1));
}

TEST(AuctionE2E, ABudgetIsNotOverspentAndBillsSurviveAKill) {
  ServerProcess server;
  auto advertiser = server.client("adv", "ads");
  // Ten impressions at a CPM of 1,000 with a budget of 10.
  auto body = campaign(1'000, 10);
  const std::string id(advertiser.post("/api/v1/campaigns", body)->json().at("id").as_string());
  std::set<std::string> bills;
  const auto run = [&](int rounds) {
    auto exchange = server.client("ssp", "exchange");
    for (int i = 0; i < rounds; ++i) {
      // A floor at the bid makes every impression cost the full 1.
      auto request = bid_request("u" + std::to_string(i));
      request["imp"].as_array()[0].as_object()["bidfloor"] = 1'000;
      const auto reply = exchange.post("/openrtb2/auction", request);
      if (reply.ok() && reply->status == 200)
        bills.insert(target(reply->json().at("seatbid").at(0).at("bid").at(0), "burl"));
    }
  };
  ASSERT_TRUE(eventually([&] {
    run(1);
    return !bills.empty();
  }));
  run(4);
  auto exchange = server.client("ssp", "exchange");
  const auto early = bills;
  int acknowledged = 0;
  for (const auto& bill : early)
    acknowledged += exchange.request("POST", bill)->status == 204 ? 1 : 0;
  EXPECT_EQ(acknowledged, static_cast<int>(early.size()));

  server.kill();
  server.start();
  run(40);
  auto again = server.client("ssp", "exchange");
  for (const auto& bill : bills) {
    const auto status = again.request("POST", bill)->status;
    EXPECT_TRUE(status == 204 || status == 409) << status;
  }

  auto after = server.client("adv", "ads");
  const auto stats = after.get("/api/v1/campaigns/" + id + "/stats")->json();
  EXPECT_GE(stats.at("bills").to_number<int>(), acknowledged);
  EXPECT_LE(stats.at("spent_nanos").to_number<std::int64_t>(), 10'000'000'000);
  EXPECT_LE(stats.at("bills").to_number<int>(), 10);
}

TEST(BackupE2E, ABackupOfARunningServerRestoresWhatWasAcknowledged) {
  ServerProcess server;
  const std::string id(server.client("adv", "ads")
                           .post("/api/v1/campaigns", campaign(1, 10))
                           ->json()
                           .at("id")
                           .as_string());
  const auto made = server.client("root", "admin").request("POST", "/api/v1/admin/backups");
  ASSERT_EQ(made->status, 201) << made->body;
  TempDir dir;

  auto restore = sim::ChildProcess::start({program("troupe"), "restore", "--data-dir", dir / "data",
                                           std::string(made->json().at("path").as_string())},
                                          {});
  ASSERT_EQ(restore->wait(std::chrono::seconds(60)), 0);
  auto verify = sim::ChildProcess::start({program("troupe"), "verify", "--data-dir", dir / "data"},
                                         {.stdout_path = dir / "out"});
  ASSERT_EQ(verify->wait(std::chrono::seconds(60)), 0);

  auto backup = sim::ChildProcess::start(
      {program("troupe"), "backup", "--data-dir", dir / "data", dir / "again"}, {});
  EXPECT_EQ(backup->wait(std::chrono::seconds(60)), 0);
}

TEST(AuctionE2E, BadInputGetsATypedErrorAndTheRightStatus) {
  ServerProcess server;
  auto exchange = server.client("ssp", "exchange"), nobody = server.client("x");

  EXPECT_EQ(nobody.post("/openrtb2/auction", bid_request("u"))->status, 403);
  const auto bad = exchange.post("/openrtb2/auction", json::object{{"id", "r"}});
  EXPECT_EQ(bad->status, 400);
  EXPECT_EQ(bad->json().at("detail").as_string(), "imp: at least one impression is required");
  EXPECT_EQ(bad->headers.at("content-type"), "application/problem+json");
  EXPECT_EQ(exchange.request("POST", "/openrtb2/auction", "{\"id\":")->status, 400);
  EXPECT_EQ(exchange.request("POST", "/openrtb2/auction", std::string(300'000, ' '))->status, 413);
  EXPECT_EQ(exchange.post("/openrtb2/auction", bid_request("u"))->status, 204)
      << "no campaign: no bid";
  EXPECT_EQ(exchange.request("GET", "/openrtb2/bill?n=forged")->status, 400);
}

TEST(AuctionE2E, CampaignsAreVersionedIdempotentAndPaged) {
  ServerProcess server;
  auto advertiser = server.client("adv", "ads"), other = server.client("rival", "ads");
  const auto first =
      advertiser.post("/api/v1/campaigns", campaign(1, 10), {{"Idempotency-Key", "k1"}});
  const auto retry =
      advertiser.post("/api/v1/campaigns", campaign(1, 10), {{"Idempotency-Key", "k1"}});
  const std::string id(first->json().at("id").as_string());
  EXPECT_EQ(retry->json().at("id").as_string(), id);
  for (int i = 0; i < 4; ++i)
    ASSERT_EQ(advertiser.post("/api/v1/campaigns", campaign(1, 10))->status, 201);

  const std::string path = "/api/v1/campaigns/" + id;
  EXPECT_EQ(advertiser.request("PATCH", path, R"({"bid_cpm":3})", {{"If-Match", "\"1\""}})->status,
            200);
  EXPECT_EQ(advertiser.request("PATCH", path, R"({"bid_cpm":4})", {{"If-Match", "\"1\""}})->status,
            409);
  EXPECT_EQ(other.get(path)->status, 404);
  EXPECT_EQ(other.request("PATCH", path, R"({"bid_cpm":9})")->status, 404);

  std::set<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto page =
        advertiser.get("/api/v1/campaigns?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor))
            ->json();
    for (const auto& item : page.at("items").as_array()) seen.emplace(item.at("id").as_string());
    cursor = page.as_object().contains("next") ? std::string(page.at("next").as_string()) : "";
  } while (!cursor.empty() && ++pages < 10);
  EXPECT_EQ(seen.size(), 5U);
}

}  // namespace
}  // namespace troupe::test
