// Clearing: which bid wins an impression and what it pays. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/auction/openrtb.hpp"

namespace troupe::auction {

/// OpenRTB 2.6 section 5.25 (AdCOM "Loss Reason Codes"): those that clearing gives.
enum class LossReason : int {
  won = 0,
  below_floor = 100,
  below_deal_floor = 101,
  lost_to_higher_bid = 102,
  lost_to_deal = 103,
};

struct Bid {
  std::string id;
  std::string seat;
  Micros price = 0;     ///< CPM
  std::string deal_id;  ///< empty: open auction
  int duration_s = 0;   ///< of a video; 0: a banner
};

struct Clearing {
  struct Outcome {
    LossReason reason = LossReason::lost_to_higher_bid;
    Micros min_to_win = 0;  ///< ${AUCTION_MIN_TO_WIN}
  };
  std::optional<std::size_t> winner;  ///< index into the bids
  Micros price = 0;                   ///< what the winner pays (CPM)
  std::vector<Outcome> outcomes;      ///< one for each bid, in order
};

/// Second price pays this much over the best rival.
inline constexpr Micros kIncrement = 10'000;

/// What the exchange asks for whatever a request says.
struct AuctionRules {
  /// Nothing is sold under this (CPM).
  Micros min_price = 0;
};

/// What a bid has to reach: its deal's floor if it is in one, else the video's for its duration,
/// else the impression's; and never under the exchange's minimum. Where several floors of a video
/// apply, the highest does.
[[nodiscard]] Micros floor_of(const Impression& imp, const Deal* deal, int duration_s,
                              const AuctionRules& rules);

/// Floors, deal tiers and prices as OpenRTB 2.6 sections 3.2.4 (floors), 3.2.11/12 (deals) and 7.3
/// (auction types) say: bids under their own floor drop out; with `private_auction` those without a
/// deal do; a deal beats the open auction; within a tier the higher price wins and ties fall by a
/// hash of the bid id and `seed`. The second price is min(own bid, max(own floor, best rival of
/// another seat + increment)); equal top bids pay their own bid. Rivals are the bids of the same
/// tier and, for a deal that beats a higher open bid, those below its own price.
[[nodiscard]] Clearing clear(const Impression& imp, int auction_type, const std::vector<Bid>& bids,
                             std::uint64_t seed, const AuctionRules& rules = {});

}  // namespace troupe::auction
