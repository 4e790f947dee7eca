// Deals, videos, hours and the reasons for no bid, from request to win.
#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "actors/auction/campaign.hpp"
#include "actors/auction/campaign_store.hpp"
#include "actors/auction/run.hpp"
#include "net/api/openrtb_response.hpp"

namespace troupe::auction {
namespace {

constexpr std::uint64_t kHour = 3'600'000;
/// Monday, 5 January 1970, 00:00 UTC.
constexpr std::uint64_t kMonday = 4 * 24 * kHour;
constexpr AuctionRules kRules{.min_price = 10'000};

Campaign campaign(const std::string& seat, Micros bid) {
  Campaign c;
  c.id = c.advertiser = seat;
  c.adomain = seat + ".example";
  c.bid_cpm = bid;
  c.creative = {.crid = "c", .adm = "<a>", .width = 300, .height = 250};
  return c;
}

Campaign of_deals(Campaign c, std::vector<std::string> deals) {
  c.deals = std::move(deals);
  return c;
}

Campaign video(const std::string& seat, Micros bid, int seconds) {
  auto c = campaign(seat, bid);
  c.creative.duration_s = seconds;
  c.creative.mimes = {"video/mp4"};
  c.creative.protocols = {2, 3};
  return c;
}

Outcome run(const std::string& json, const std::vector<Campaign>& campaigns,
            std::uint64_t now = kMonday) {
  std::vector<std::shared_ptr<const Bidder>> bidders;
  for (const auto& c : campaigns) {
    auto allowance = std::make_shared<Allowance>(now);
    allowance->grant(1'000'000'000'000);
    bidders.push_back(std::make_shared<const Bidder>(Bidder{c, allowance, 1}));
  }
  const auto body = parse_with_money(json);
  EXPECT_TRUE(body.ok());
  const auto request = parse_bid_request(*body);
  EXPECT_TRUE(request.ok()) << request.error().detail;
  FrequencyCaps caps(10);
  return run_auction(*request, std::make_shared<const CampaignIndex>(std::move(bidders)), caps, now,
                     1, kRules);
}

// OpenRTB 2.6 section 6.3.5, "PMP with Direct Deal": its impression, deals and channel.
constexpr const char* kDirectDeal = R"({
  "id": "80ce30c53c16e6ede735f123ef6e32361bfc7b22", "at": 1, "cur": ["USD"],
  "imp": [{"id": "1", "bidfloor": 0.03, "banner": {"h": 250, "w": 300, "pos": 0},
    "pmp": {"private_auction": 1, "deals": [
      {"id": "AB-Agency1-0001", "at": 1, "bidfloor": 2.5, "wseat": ["Agency1"]},
      {"id": "XY-Agency2-0001", "at": 2, "bidfloor": 2, "wseat": ["Agency2"]}]}}],
  "site": {"id": "102855", "domain": "www.foobar.com", "cat": ["IAB3-1"]},
  "device": {"ua": "Mozilla/5.0", "ip": "123.145.167.10"},
  "user": {"id": "55816b39711f9b5acf3b90e313ed29e51665f3d2"}})";

TEST(Deals, TheSpecificationsDirectDealGoesToTheHigherOfTheTwoAgencies) {
  const auto outcome =
      run(kDirectDeal, {of_deals(campaign("Agency1", 3'000'000), {"AB-Agency1-0001"}),
                        of_deals(campaign("Agency2", 4'000'000), {"XY-Agency2-0001"}),
                        campaign("open", 9'000'000)});

  ASSERT_EQ(outcome.wins.size(), 1U);
  EXPECT_EQ(outcome.wins[0].deal_id, "XY-Agency2-0001");
  EXPECT_EQ(outcome.wins[0].price, 3'010'000) << "that deal says second price";
  const auto response = api::bid_response({.id = "r"}, outcome, NoticeSeal("s"), "http://x");
  EXPECT_EQ(response.at("seatbid").at(0).at("seat").as_string(), "Agency2");
  EXPECT_EQ(response.at("seatbid").at(0).at("bid").at(0).at("dealid").as_string(),
            "XY-Agency2-0001");
}

TEST(Deals, TheFirstPriceDealPaysItsBid) {
  const auto outcome =
      run(kDirectDeal, {of_deals(campaign("Agency1", 3'000'000), {"AB-Agency1-0001"})});

  ASSERT_EQ(outcome.wins.size(), 1U);
  EXPECT_EQ(outcome.wins[0].price, 3'000'000);
}

TEST(Deals, AnotherSeatALowBidAndTheOpenAuctionStayOut) {
  EXPECT_EQ(
      run(kDirectDeal, {of_deals(campaign("Agency3", 9'000'000), {"AB-Agency1-0001"})}).no_bid,
      NoBid::no_deal);
  EXPECT_EQ(
      run(kDirectDeal, {of_deals(campaign("Agency1", 2'499'999), {"AB-Agency1-0001"})}).no_bid,
      NoBid::below_floor);
  EXPECT_EQ(run(kDirectDeal, {campaign("open", 9'000'000)}).no_bid, NoBid::no_deal);
}

TEST(Deals, ACampaignOfADealDoesNotBidWithoutIt) {
  const auto outcome = run(R"({"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}]})",
                           {of_deals(campaign("a", 9'000'000), {"d"})});

  EXPECT_TRUE(outcome.wins.empty());
  EXPECT_EQ(outcome.no_bid, NoBid::no_deal);
}

TEST(Deals, ADealIsFoundBehindManyHigherOpenBids) {
  std::vector<Campaign> all{of_deals(campaign("dealer", 1'000'000), {"d"})};
  for (int i = 0; i < 100; ++i) all.push_back(campaign("open" + std::to_string(i), 5'000'000));

  const auto outcome = run(
      R"({"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250},
          "pmp":{"deals":[{"id":"d","bidfloor":0.5,"at":3}]}}]})",
      all);

  ASSERT_EQ(outcome.wins.size(), 1U);
  EXPECT_EQ(outcome.wins[0].deal_id, "d");
  EXPECT_EQ(outcome.wins[0].price, 500'000) << "at 3 the floor is the agreed price";
}

// docs/decisions/0071: clearing = min(own bid, max(own floor, best rival + increment, minimum)).
TEST(Prices, WorkedExamplesOfTheMinimum) {
  const auto price = [](const char* floor, std::vector<Micros> bids) {
    std::vector<Campaign> all;
    for (const auto bid : bids) all.push_back(campaign("s" + std::to_string(all.size()), bid));
    const auto outcome = run(fmt::format(R"({{"id":"r","imp":[{{"id":"1","bidfloor":{},)"
                                         R"("banner":{{"w":300,"h":250}}}}]}})",
                                         floor),
                             all);
    return outcome.wins.empty() ? Micros(-1) : outcome.wins[0].price;
  };

  EXPECT_EQ(price("0", {500'000}), 10'000) << "a lone bid without a floor pays the minimum";
  EXPECT_EQ(price("0.2", {500'000}), 200'000) << "with a floor, that";
  EXPECT_EQ(price("0", {500'000, 300'000}), 310'000) << "with a rival, his bid and 0.01";
  EXPECT_EQ(price("0", {500'000, 495'000}), 500'000) << "never above the own bid";
  EXPECT_EQ(price("0", {10'000}), 10'000) << "a bid at the minimum wins";
  EXPECT_EQ(price("0", {9'999}), -1) << "one under it does not";
  EXPECT_EQ(price("0.001", {500'000}), 10'000) << "a floor under the minimum does not lower it";
}

std::string video_request(const std::string& fields) {
  return R"({"id":"r","imp":[{"id":"1","bidfloor":1,"video":{"mimes":["video/mp4"],"w":640,"h":360)" +
         fields + "}}]}";
}

TEST(VideoImpression, TakesTheTypeDurationAndProtocolItAsksFor) {
  const auto fits = [](const std::string& fields) {
    return !run(video_request(fields), {video("v", 9'000'000, 15)}).wins.empty();
  };

  EXPECT_TRUE(fits(""));
  EXPECT_TRUE(fits(R"(,"minduration":15,"maxduration":15,"protocols":[3,7])"));
  EXPECT_FALSE(fits(R"(,"minduration":16)"));
  EXPECT_FALSE(fits(R"(,"maxduration":14)"));
  EXPECT_TRUE(fits(R"(,"rqddurs":[15,30])"));
  EXPECT_FALSE(fits(R"(,"rqddurs":[30])"));
  EXPECT_FALSE(fits(R"(,"protocols":[7,8])"));
  EXPECT_FALSE(fits(R"(,"linearity":2)"));
  EXPECT_FALSE(fits(R"(,"poddur":60)"));
  EXPECT_TRUE(run(video_request(""), {campaign("banner", 9'000'000)}).wins.empty());
}

TEST(VideoImpression, FloorsFollowTheDuration) {
  const auto price = [](const std::string& fields, int seconds) {
    const auto outcome = run(video_request(fields), {video("v", 20'000'000, seconds)});
    return outcome.wins.empty() ? Micros(-1) : outcome.wins[0].price;
  };
  // The ranges that section 3.2.35 gives as its example.
  const std::string by_duration =
      R"(,"durfloors":[{"mindur":1,"maxdur":15,"bidfloor":5},{"mindur":16,"maxdur":30,"bidfloor":10},{"mindur":31,"bidfloor":20}])";

  EXPECT_EQ(price("", 15), 1'000'000);
  EXPECT_EQ(price(by_duration, 15), 5'000'000);
  EXPECT_EQ(price(by_duration, 16), 10'000'000);
  EXPECT_EQ(price(by_duration, 31), 20'000'000);
  EXPECT_EQ(price(R"(,"mincpmpersec":0.2)", 30), 6'000'000);
  EXPECT_EQ(price(R"(,"mincpmpersec":1)", 30), -1) << "30.00 is over the bid";
}

TEST(Hours, AreThoseOfTheCampaignsOffset) {
  auto c = campaign("a", 1'000'000);
  c.targeting.hours = 1U << 9;  // from 9 to 10
  c.targeting.days = 1U << 0;   // on Mondays
  c.targeting.utc_offset_min = 120;
  const auto serves = [&](std::uint64_t now) {
    return !run(R"({"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}]})", {c}, now)
                .wins.empty();
  };

  EXPECT_FALSE(serves(kMonday + 7 * kHour - 1));
  EXPECT_TRUE(serves(kMonday + 7 * kHour));
  EXPECT_TRUE(serves(kMonday + 8 * kHour - 1));
  EXPECT_FALSE(serves(kMonday + 8 * kHour));
  EXPECT_FALSE(serves(kMonday + 31 * kHour)) << "Tuesday";
}

TEST(Hours, SurviveTheApiAndTheRecord) {
  const auto json = parse_with_money(
      R"({"name":"n","advertiser":"a","adomain":"a.example","bid_cpm":0.1,"budget":100,
      "deals":["d1"],"creative":{"type":"video","crid":"c","adm":"<VAST/>","duration_s":15,
      "mimes":["video/mp4"],"protocols":[3]},
      "targeting":{"hours":[8,23],"days":[1,7],"utc_offset":"-03:30"}})");

  auto c = *apply_campaign_json({}, *json, true);
  EXPECT_EQ(c.bid_cpm, 100'000);
  EXPECT_EQ(c.targeting.utc_offset_min, -210);
  c.id = c.owner = "x";
  const auto shown = to_json(*decode_campaign(encode_campaign(c)));
  EXPECT_EQ(shown, to_json(c));
  EXPECT_EQ(boost::json::serialize(shown.at("targeting").at("hours")), "[8,23]");
  EXPECT_EQ(boost::json::serialize(shown.at("targeting").at("days")), "[1,7]");
  EXPECT_EQ(shown.at("targeting").at("utc_offset").as_string(), "-03:30");
  EXPECT_EQ(boost::json::serialize(shown.at("deals")), R"(["d1"])");
}

TEST(Hours, WrongOnesAreNamed) {
  const auto detail = [](const char* change) {
    auto base = video("v", 1'000'000, 15);
    base.name = "n";
    base.budget = 1'000'000;
    return apply_campaign_json(base, *parse_with_money(change), false).error().detail;
  };

  EXPECT_EQ(detail(R"({"targeting":{"hours":[24]}})"), "hours: must hold integers from 0 to 23");
  EXPECT_EQ(detail(R"({"targeting":{"days":[0]}})"), "days: must hold integers from 1 to 7");
  EXPECT_EQ(detail(R"({"targeting":{"utc_offset":"Europe/Berlin"}})"),
            "utc_offset: must be an offset from UTC such as +02:00");
  EXPECT_EQ(detail(R"({"creative":{"type":"audio"}})"), "creative.type: must be banner or video");
  EXPECT_EQ(detail(R"({"creative":{"type":"banner"}})"),
            "creative.type: a video has duration_s, a banner has none");
  EXPECT_EQ(detail(R"({"bid_cpm":0.0000001})"), "bid_cpm: has more than 6 decimal places");
}

TEST(NoBidReason, IsThatOfTheCampaignThatCameClosest) {
  const auto reason = [](const std::string& more, const std::vector<Campaign>& campaigns) {
    return run(R"({"id":"r","imp":[{"id":"1","bidfloor":2,"banner":{"w":300,"h":250}}])" + more +
                   "}",
               campaigns)
        .no_bid;
  };
  auto phones = campaign("a", 9'000'000);
  phones.targeting.device_types = {4};
  auto elsewhere = campaign("a", 9'000'000);
  elsewhere.targeting.domains = {"b.example"};
  auto capped = campaign("a", 9'000'000);
  capped.cap_impressions = 1;
  auto country = campaign("a", 9'000'000);
  country.targeting.countries = {"DEU"};

  EXPECT_EQ(reason("", {}), NoBid::no_campaign);
  EXPECT_EQ(reason("", {video("v", 9'000'000, 15)}), NoBid::no_format);
  EXPECT_EQ(reason("", {phones}), NoBid::unsupported_device);
  EXPECT_EQ(reason("", {elsewhere}), NoBid::blocked_publisher);
  EXPECT_EQ(reason("", {country}), NoBid::not_targeted);
  EXPECT_EQ(reason("", {capped}), NoBid::unmatched_user);
  EXPECT_EQ(reason("", {campaign("a", 1'000'000)}), NoBid::below_floor);
  EXPECT_EQ(reason("", {phones, campaign("a", 1'000'000)}), NoBid::below_floor);
  EXPECT_EQ(reason(R"(,"bseat":["a"])", {campaign("a", 9'000'000)}), NoBid::blocked_by_request);
  EXPECT_EQ(reason(R"(,"device":{"ua":"Googlebot/2.1"})", {campaign("a", 9'000'000)}),
            NoBid::web_crawler);
  EXPECT_EQ(
      reason(R"(,"source":{"schain":{"complete":0,"ver":"1.0","nodes":[{"asi":"x","sid":"1"}]}})",
             {campaign("a", 9'000'000)}),
      NoBid::incomplete_schain);
}

TEST(NoBidReason, AudioAndNativeAreUnsupportedMedia) {
  const auto outcome =
      run(R"({"id":"r","imp":[{"id":"1","native":{"request":"{}"}}]})", {campaign("a", 9'000'000)});

  EXPECT_EQ(outcome.no_bid, NoBid::unsupported_media);
}

}  // namespace
}  // namespace troupe::auction
