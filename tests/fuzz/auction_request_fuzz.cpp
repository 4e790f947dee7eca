// Bid requests: whatever parses can be cleared against an index without harm.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "actors/auction/openrtb.hpp"
#include "actors/auction/run.hpp"

namespace {

using namespace troupe::auction;

constexpr Micros kBid = 2'000'000;

/// A banner in the open auction, one in a deal, a video, and one with hours.
std::vector<Campaign> campaigns() {
  Campaign open;
  open.id = open.advertiser = "open";
  open.bid_cpm = kBid;
  open.creative.width = 300;
  open.creative.height = 250;
  auto deal = open, video = open, hours = open;
  deal.id = deal.advertiser = "Agency1";
  deal.deals = {"AB-Agency1-0001"};
  video.id = "video";
  video.creative.duration_s = 15;
  video.creative.mimes = {"video/mp4"};
  video.creative.protocols = {2, 3};
  hours.id = "hours";
  hours.cap_impressions = 1;
  hours.targeting.hours = 1;
  hours.targeting.utc_offset_min = -840;
  return {open, deal, video, hours};
}

std::shared_ptr<const CampaignIndex> index() {
  std::vector<std::shared_ptr<const Bidder>> bidders;
  for (const auto& campaign : campaigns()) {
    auto allowance = std::make_shared<Allowance>(0);
    allowance->grant(1'000'000'000);
    bidders.push_back(std::make_shared<const Bidder>(Bidder{campaign, allowance, 1}));
  }
  return std::make_shared<const CampaignIndex>(std::move(bidders));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = parse_with_money({reinterpret_cast<const char*>(data), size});
  if (!json.ok()) return 0;
  const auto request = parse_bid_request(*json);
  if (!request.ok()) {
    assert(!request.error().detail.empty());
    return 0;
  }
  constexpr AuctionRules kRules{.min_price = 10'000};
  FrequencyCaps caps(10);
  const auto outcome = run_auction(*request, index(), caps, 1'000, 1, kRules);
  for (const auto& win : outcome.wins) assert(win.price >= kRules.min_price && win.price <= kBid);
  return 0;
}
