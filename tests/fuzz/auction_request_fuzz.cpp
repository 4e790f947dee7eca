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

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::auction;
  boost::system::error_code ec;
  const auto json =
      boost::json::parse(std::string_view(reinterpret_cast<const char*>(data), size), ec);
  if (ec || !json.is_object()) return 0;
  const auto request = parse_bid_request(json.get_object());
  if (!request.ok()) {
    assert(!request.error().detail.empty());
    return 0;
  }
  Campaign campaign;
  campaign.id = "c";
  campaign.bid_cpm = 2'000'000;
  campaign.creative.width = 300;
  campaign.creative.height = 250;
  auto allowance = std::make_shared<Allowance>(0);
  allowance->grant(1'000'000'000);
  auto bidder = std::make_shared<const Bidder>(Bidder{campaign, allowance, 1});
  FrequencyCaps caps(10);
  const auto outcome = run_auction(
      *request, std::make_shared<const CampaignIndex>(std::vector{bidder}), caps, 1'000, 1);
  for (const auto& win : outcome.wins) assert(win.price >= 0 && win.price <= campaign.bid_cpm);
  return 0;
}
