// One auction from request to winners, given the index, the caps and the clock. Pure but for the
// allowances it takes from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/auction/campaign.hpp"
#include "actors/auction/clearing.hpp"
#include "actors/auction/frequency.hpp"
#include "actors/auction/openrtb.hpp"
#include "base/ids.hpp"

namespace troupe::auction {

struct Win {
  std::string impression;
  const Bidder* bidder = nullptr;  ///< kept alive by Outcome::index
  Id bid;
  Micros price = 0;  ///< CPM; as nanos, what one impression costs
  Micros min_to_win = 0;
  std::uint64_t expires_ms = 0;
  std::string deal_id;  ///< empty: open auction
};

struct Outcome {
  std::string request;
  std::vector<Win> wins;
  std::size_t candidates = 0;
  /// Without a win: why the campaign that came closest did not bid.
  NoBid no_bid = NoBid::unknown;
  std::shared_ptr<const CampaignIndex> index;
  std::vector<std::string>
      low_campaigns;  ///< whose allowance runs low: their entities should lease more
};

/// How many of the best candidates of an impression take part, in its deals and in the open auction
/// each: beyond these none can win or set the price unless the caps or budgets of all above are
/// used up.
inline constexpr std::size_t kMaxBidsPerImpression = 32;

[[nodiscard]] Outcome run_auction(const BidRequest& request,
                                  std::shared_ptr<const CampaignIndex> index, FrequencyCaps& caps,
                                  std::uint64_t now_ms, std::uint64_t seed,
                                  const AuctionRules& rules = {});

}  // namespace troupe::auction
