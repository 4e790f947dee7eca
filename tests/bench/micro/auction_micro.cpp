// A bid request from its JSON to the winners.
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/json.hpp>

#include "actors/auction/run.hpp"

namespace {

using namespace troupe::auction;

constexpr std::string_view kRequest = R"({"id":"80ce30c53c16e6ede735f123ef6e32361bfc7b22","at":2,
  "cur":["USD"],"tmax":120,"imp":[{"id":"1","bidfloor":0.03,"secure":1,
  "banner":{"h":250,"w":300,"pos":0}}],"site":{"id":"102855","cat":["IAB3-1"],
  "domain":"www.example.com","page":"https://www.example.com/1234.html"},
  "device":{"ua":"Mozilla/5.0","ip":"203.0.113.7","language":"en","devicetype":2,
  "geo":{"country":"USA"}},"user":{"id":"55816b39711f9b5acf3b90e313ed29e51665623f"}})";

BidRequest request() {
  return parse_bid_request(boost::json::parse(kRequest).get_object()).value();
}

/// `count` campaigns of four sizes and five countries, with money enough for any run.
std::shared_ptr<const CampaignIndex> campaigns(int count) {
  static constexpr std::array<Size, 4> kSizes{{{300, 250}, {728, 90}, {320, 50}, {160, 600}}};
  static const std::array<std::string, 5> kCountries{"USA", "DEU", "FRA", "JPN", "BRA"};
  std::vector<std::shared_ptr<const Bidder>> bidders;
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(i);
    Campaign campaign;
    campaign.id = "campaign-" + std::to_string(i);
    campaign.advertiser = "advertiser-" + std::to_string(i % 50);
    campaign.bid_cpm = 1'000'000 + (i * 7'919) % 4'000'000;
    campaign.creative.width = kSizes[index % 4].width;
    campaign.creative.height = kSizes[index % 4].height;
    campaign.creative.adm = "<a href=\"https://ads.example\">ad</a>";
    campaign.targeting.countries = {kCountries[(index / 4) % 5]};
    auto allowance = std::make_shared<Allowance>(0);
    allowance->grant(1'000'000'000'000'000);
    bidders.push_back(std::make_shared<const Bidder>(Bidder{campaign, std::move(allowance), 1}));
  }
  return std::make_shared<const CampaignIndex>(std::move(bidders));
}

void parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(request());
}
BENCHMARK(parse)->Name("auction/parse_bid_request");

void run(benchmark::State& state) {
  const auto index = campaigns(static_cast<int>(state.range(0)));
  const auto bid_request = request();
  FrequencyCaps caps(10'000);
  std::uint64_t now_ms = 1'000;
  for (auto _ : state) {
    ++now_ms;
    auto outcome = run_auction(bid_request, index, caps, now_ms, now_ms);
    if (outcome.wins.empty()) state.SkipWithError("nobody won");
    benchmark::DoNotOptimize(outcome);
  }
}
BENCHMARK(run)->Name("auction/run")->Arg(1'000)->Arg(10'000);

}  // namespace
