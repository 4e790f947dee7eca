#include "sim/ads_requests.hpp"

#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace troupe::sim {
namespace {

namespace json = boost::json;

struct Dimension {
  int w, h;
};
constexpr std::array<Dimension, 5> kSizes{
    {{300, 250}, {728, 90}, {320, 50}, {160, 600}, {970, 250}}};
constexpr std::array<const char*, 4> kCountries{"DEU", "FRA", "USA", "JPN"};
constexpr int kUsers = 50'000;

}  // namespace

json::object sample_campaign(int n) {
  const auto i = static_cast<std::size_t>(n);
  const auto& size = kSizes[i % kSizes.size()];
  // Whole cents and ten-thousandths divided once: the nearest double, which prints as meant.
  const int cents = 50 + n * 37 % 400;
  const double small_budget = static_cast<double>(cents * 5) / 10'000;  // 50 impressions
  json::object targeting;
  if (n % 3 == 0) targeting["countries"] = json::array{kCountries[i / 3 % kCountries.size()]};
  if (n % 7 == 0) targeting["blocked_domains"] = json::array{"site7.example"};
  return {{"name", fmt::format("Campaign {}", n)},
          {"advertiser", fmt::format("seat-{}", n % 200)},
          {"adomain", fmt::format("brand{}.example", n % 200)},
          {"bid_cpm", static_cast<double>(cents) / 100},
          {"budget", n % 20 == 0 ? small_budget : 1'000.0},
          {"frequency_cap", {{"impressions", n % 2 == 0 ? 20 : 0}, {"window_s", 3'600}}},
          {"creative",
           {{"crid", fmt::format("cr-{}", n)},
            {"adm", "<img src=\"https://cdn.example/a.png?p=${AUCTION_PRICE}\">"},
            {"w", size.w},
            {"h", size.h},
            {"categories", json::array{fmt::format("IAB{}", n % 20 + 1)}}}},
          {"targeting", std::move(targeting)}};
}

SampleRequest sample_request(std::mt19937_64& random, std::uint64_t n, int tmax_ms,
                             double no_bid_share) {
  const auto pick = [&](std::size_t count) { return static_cast<std::size_t>(random() % count); };
  constexpr Dimension kUnsold{1, 1};
  const auto& sold = kSizes[pick(kSizes.size())];
  const auto& size = static_cast<double>(pick(10'000)) < no_bid_share * 10'000 ? kUnsold : sold;
  SampleRequest out;
  out.id = fmt::format("r{}", n);
  out.floor = static_cast<double>(pick(200) + 1) / 100;
  out.body = fmt::format(
      R"({{"id":"{}","at":2,"tmax":{},"cur":["USD"],"imp":[{{"id":"1","bidfloor":{:.2f},"secure":1,)"
      R"("banner":{{"format":[{{"w":{},"h":{}}}],"pos":1}}}}],)"
      R"("site":{{"id":"s1","domain":"site{}.example","page":"https://site.example/p/{}","cat":["IAB12"]}},)"
      R"("device":{{"ua":"Mozilla/5.0","ip":"192.0.2.{}","devicetype":{},"language":"en",)"
      R"("geo":{{"country":"{}"}}}},"user":{{"id":"u{}"}},"bcat":["IAB{}"],"badv":["brand{}.example"]}})",
      out.id, tmax_ms, out.floor, size.w, size.h, pick(20), pick(1'000), pick(250) + 1, pick(5) + 1,
      kCountries[pick(kCountries.size())], pick(kUsers), pick(26) + 1, pick(200));
  return out;
}

std::optional<CheckedBid> check_response(const SampleRequest& request, const std::string& body,
                                         std::string& problem) {
  boost::system::error_code ec;
  const auto value = json::parse(body, ec);
  const auto* root = ec ? nullptr : value.if_object();
  try {
    if (root == nullptr) throw std::runtime_error("the response is not an object");
    if (root->at("id").as_string() != request.id)
      throw std::runtime_error("id is another request's");
    if (root->contains("cur") && root->at("cur").as_string() != "USD")
      throw std::runtime_error("cur is not USD");
    const auto& bids = root->at("seatbid").as_array().at(0).at("bid").as_array();
    if (bids.size() != 1) throw std::runtime_error("one impression, but not one bid");
    const auto& bid = bids.front().as_object();
    if (bid.at("id").as_string().empty()) throw std::runtime_error("a bid without an id");
    if (bid.at("impid").as_string() != "1") throw std::runtime_error("impid is not in the request");
    const double price = bid.at("price").to_number<double>();
    if (!(price > 0) || price < request.floor - 1e-9)
      throw std::runtime_error("price is under the floor");
    const std::string burl(bid.at("burl").as_string());
    if (burl.find("${") != std::string::npos ||
        std::string(bid.at("adm").as_string()).find("${") != std::string::npos) {
      throw std::runtime_error("a macro was left in the markup");
    }
    return CheckedBid{std::string(bid.at("cid").as_string()), burl.substr(burl.find("/openrtb2"))};
  } catch (const std::exception& e) {
    problem = e.what();
    return std::nullopt;
  }
}

}  // namespace troupe::sim
