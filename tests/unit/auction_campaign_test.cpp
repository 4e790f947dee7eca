#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "actors/auction/campaign.hpp"
#include "actors/auction/campaign_store.hpp"
#include "actors/auction/run.hpp"

namespace troupe::auction {
namespace {

constexpr std::uint64_t kNow = 1'000'000;

boost::json::object valid() {
  return boost::json::parse(
             R"({"name":"n","advertiser":"a","adomain":"a.example","bid_cpm":2.5,"budget":100,
      "creative":{"crid":"c","adm":"<img>","w":300,"h":250},
      "targeting":{"countries":["DEU"]},"frequency_cap":{"impressions":2,"window_s":60}})")
      .as_object();
}

Campaign campaign(const std::string& id, Micros bid) {
  auto c = *apply_campaign_json({}, valid(), true);
  c.id = id;
  c.advertiser = id;
  c.bid_cpm = bid;
  c.cap_impressions = 0;
  return c;
}

std::shared_ptr<const Bidder> bidder(Campaign c, Nanos granted) {
  auto allowance = std::make_shared<Allowance>(1'000'000);
  allowance->grant(granted);
  return std::make_shared<const Bidder>(Bidder{std::move(c), std::move(allowance), 1});
}

BidRequest request() {
  BidRequest r;
  r.id = "r";
  r.country = "DEU";
  r.user_id = "u";
  r.impressions.push_back({.id = "1", .banner = true, .sizes = {{300, 250}}});
  return r;
}

TEST(Campaign, SurvivesItsRecordUnchanged) {
  const auto before = *apply_campaign_json({}, valid(), true);
  auto named = before;
  named.id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  named.owner = "o";

  const auto after = decode_campaign(encode_campaign(named));

  ASSERT_TRUE(after);
  EXPECT_EQ(to_json(*after), to_json(named));
  EXPECT_FALSE(decode_campaign("garbage that is no record at all"));
}

TEST(Campaign, ErrorsNameTheField) {
  auto no_budget = valid();
  no_budget.erase("budget");
  auto negative = valid();
  negative["bid_cpm"] = -1;
  auto unknown = valid();
  unknown["colour"] = "red";

  EXPECT_EQ(apply_campaign_json({}, no_budget, true).error().detail, "budget: is required");
  EXPECT_EQ(apply_campaign_json({}, negative, true).error().detail,
            "bid_cpm: must not be negative");
  EXPECT_EQ(apply_campaign_json({}, unknown, true).error().detail, "colour: is not a known field");
}

TEST(CampaignIndex, ServesOnlyWhatTargetingAndBlocksAllow) {
  const auto c = campaign("a", 1'000'000);
  const auto r = request();
  EXPECT_EQ(refusal(c, r, r.impressions[0], kNow), std::nullopt);

  auto elsewhere = r;
  elsewhere.country = "FRA";
  EXPECT_EQ(refusal(c, elsewhere, r.impressions[0], kNow), NoBid::not_targeted);
  auto blocked = r;
  blocked.blocked_domains = {"a.example"};
  EXPECT_EQ(refusal(c, blocked, r.impressions[0], kNow), NoBid::blocked_by_request);
  auto category = c;
  category.creative.categories = {"IAB7-3"};
  auto bcat = r;
  bcat.blocked_categories = {"IAB7"};
  EXPECT_EQ(refusal(category, bcat, r.impressions[0], kNow), NoBid::blocked_by_request);
  auto other_size = r;
  other_size.impressions[0].sizes = {{728, 90}};
  EXPECT_EQ(refusal(c, other_size, other_size.impressions[0], kNow), NoBid::no_format);
}

TEST(RunAuction, TheBestPaysTheSecondPriceOutOfItsAllowance) {
  const auto rich = bidder(campaign("a", 3'000'000), 10'000'000),
             second = bidder(campaign("b", 2'000'000), 10'000'000);
  const auto index = std::make_shared<const CampaignIndex>(std::vector{rich, second});
  FrequencyCaps caps(100);

  const auto outcome = run_auction(request(), index, caps, 1'000'000, 1);

  ASSERT_EQ(outcome.wins.size(), 1U);
  EXPECT_EQ(outcome.wins[0].bidder, rich.get());
  EXPECT_EQ(outcome.wins[0].price, 2'010'000);
  EXPECT_EQ(rich->allowance->available(), 10'000'000 - 2'010'000);
  EXPECT_EQ(second->allowance->available(), 10'000'000);
}

TEST(RunAuction, ACampaignWithoutAllowanceAsksForMoreAndLeavesTheFloorToOthers) {
  const auto broke = bidder(campaign("a", 3'000'000), 100),
             other = bidder(campaign("b", 2'000'000), 1'000'000'000);
  const auto index = std::make_shared<const CampaignIndex>(std::vector{broke, other});
  FrequencyCaps caps(100);

  const auto outcome = run_auction(request(), index, caps, 1'000'000, 1);

  ASSERT_EQ(outcome.wins.size(), 1U);
  EXPECT_EQ(outcome.wins[0].bidder, other.get());
  EXPECT_EQ(outcome.low_campaigns, std::vector<std::string>{"a"});
  EXPECT_TRUE(run_auction(request(), index, caps, 1'000'000, 2).low_campaigns.empty())
      << "asked once";
}

TEST(RunAuction, TheFrequencyCapStopsACampaignForThatUser) {
  auto capped = campaign("a", 3'000'000);
  capped.cap_impressions = 2;
  const auto index =
      std::make_shared<const CampaignIndex>(std::vector{bidder(capped, 1'000'000'000)});
  FrequencyCaps caps(100);

  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(run_auction(request(), index, caps, 1'000'000, 1).wins.size(), 1U);

  EXPECT_TRUE(run_auction(request(), index, caps, 1'000'000, 1).wins.empty());
}

}  // namespace
}  // namespace troupe::auction
