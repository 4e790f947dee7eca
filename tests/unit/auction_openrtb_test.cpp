#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "actors/auction/openrtb.hpp"
#include "net/api/openrtb_response.hpp"

namespace troupe::auction {
namespace {

boost::json::object minimal() {
  return boost::json::parse(R"({"id":"r1","imp":[{"id":"1","banner":{"w":300,"h":250}}]})")
      .as_object();
}

std::string detail(const boost::json::object& request) {
  const auto parsed = parse_bid_request(request);
  return parsed.ok() ? "accepted" : parsed.error().detail;
}

TEST(BidRequest, TheSmallestValidOneTakesTheSpecificationsDefaults) {
  const auto request = parse_bid_request(minimal());

  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->auction_type, 2);
  EXPECT_EQ(request->impressions[0].floor, 0);
  EXPECT_EQ(request->impressions[0].sizes, (std::vector<Size>{{300, 250}}));
}

TEST(BidRequest, UnknownFieldsAreTolerated) {
  auto request = minimal();
  request["ext"] = {{"anything", {1, 2, 3}}};
  request["unheard_of"] = "x";

  EXPECT_EQ(detail(request), "accepted");
}

TEST(BidRequest, MoneyIsExactInMillionths) {
  auto request = minimal();
  request["imp"].as_array()[0].as_object()["bidfloor"] = 0.000007;
  EXPECT_EQ(parse_bid_request(request)->impressions[0].floor, 7);

  request["imp"].as_array()[0].as_object()["bidfloor"] = 2.675;
  EXPECT_EQ(parse_bid_request(request)->impressions[0].floor, 2'675'000);
}

TEST(BidRequest, ErrorsNameTheField) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"imp":[{"id":"1","banner":{}}]})", "id: is required"},
      {R"({"id":"r"})", "imp: at least one impression is required"},
      {R"({"id":"r","imp":[]})", "imp: at least one impression is required"},
      {R"({"id":"r","imp":[{"banner":{}}]})", "imp[0].id: is required"},
      {R"({"id":"r","imp":[{"id":"1"}]})",
       "imp[0].banner: one of banner, video, audio, native is required"},
      {R"({"id":"r","imp":[{"id":"1","banner":{}},{"id":"1","banner":{}}]})",
       "imp[1].id: is not unique"},
      {R"({"id":"r","imp":[{"id":"1","video":{}}]})", "imp[0].video.mimes: is required"},
      {R"({"id":"r","imp":[{"id":"1","banner":3}]})", "imp[0].banner: must be an object"},
      {R"({"id":"r","imp":[{"id":"1","banner":{},"bidfloor":"x"}]})",
       "imp[0].bidfloor: must be a number"},
      {R"({"id":"r","imp":[{"id":"1","banner":{},"bidfloor":0.1234567}]})",
       "imp[0].bidfloor: has more than 6 decimal places"},
      {R"({"id":"r","imp":[{"id":"1","banner":{},"bidfloor":1e12}]})",
       "imp[0].bidfloor: is out of range"},
      {R"({"id":"r","imp":[{"id":"1","banner":{},"bidfloorcur":"EUR"}]})",
       "imp[0].bidfloorcur: only USD is traded here"},
      {R"({"id":"r","tmax":0,"imp":[{"id":"1","banner":{}}]})", "tmax: must be over 0"},
      {R"({"id":"r","tmax":-5,"imp":[{"id":"1","banner":{}}]})", "tmax: must be over 0"},
      {R"({"id":"r","tmax":"1","imp":[{"id":"1","banner":{}}]})", "tmax: must be an integer"},
      {R"({"id":"r","test":2,"imp":[{"id":"1","banner":{}}]})", "test: must be 0 or 1"},
      {R"({"id":"r","imp":[{"id":"1","video":{"mimes":["a"],"minduration":9,"maxduration":5}}]})",
       "imp[0].video.maxduration: is under minduration"},
      {R"({"id":"r","imp":[{"id":"1","video":{"mimes":["a"],"rqddurs":[15],"maxduration":5}}]})",
       "imp[0].video.rqddurs: excludes minduration and maxduration"},
      {R"({"id":"r","imp":[{"id":"1","video":{"mimes":["a"],"protocols":["2"]}}]})",
       "imp[0].video.protocols: must be a list of integers"},
      {R"({"id":"r","imp":[{"id":"1","banner":{},"pmp":{"deals":[{"id":"d","at":4}]}}]})",
       "imp[0].pmp.deals[0].at: must be 1, 2 or 3"},
      {R"({"id":"r","imp":[{"id":"1","banner":{}}],"source":{"schain":{"complete":1}}})",
       "source.schain.nodes: is required"},
      {R"({"id":"r","imp":[{"id":"1","banner":{},"bidfloor":-1}]})",
       "imp[0].bidfloor: must not be negative"},
      {R"({"id":"r","at":9,"imp":[{"id":"1","banner":{}}]})", "at: must be 1 or 2"},
      {R"({"id":"r","site":{},"app":{},"imp":[{"id":"1","banner":{}}]})",
       "site: site, app and dooh exclude each other"},
      {R"({"id":"r","wseat":["a"],"bseat":["b"],"imp":[{"id":"1","banner":{}}]})",
       "wseat: wseat and bseat exclude each other"},
      {R"({"id":"r","cur":["EUR"],"imp":[{"id":"1","banner":{}}]})",
       "cur: only USD is traded here"},
      {R"({"id":"r","imp":[{"id":"1","banner":{},"pmp":{"deals":[{}]}}]})",
       "imp[0].pmp.deals[0].id: is required"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(detail(boost::json::parse(text).as_object()), expected) << text;
  }
}

TEST(Macros, AreReplacedOrBecomeEmpty) {
  EXPECT_EQ(
      api::replace_macros("a=${AUCTION_PRICE}&b=${AUCTION_PRICE:B64}&c=${AUCTION_LOSS}&d=${OTHER}",
                          {{"AUCTION_PRICE", "0.91"}}),
      "a=0.91&b=0.91&c=&d=${OTHER}");
  EXPECT_EQ(api::replace_macros("${AUCTION_PRICE", {{"AUCTION_PRICE", "1"}}), "${AUCTION_PRICE");
}

}  // namespace
}  // namespace troupe::auction
