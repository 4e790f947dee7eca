#include "actors/auction/run.hpp"

#include <algorithm>

namespace troupe::auction {
namespace {

/// An allowance with less than this many impressions left asks for more.
constexpr Nanos kLowImpressions = 200;

std::vector<const Bidder*> willing(const BidRequest& request, const Impression& imp,
                                   const CampaignIndex& index, const FrequencyCaps& caps,
                                   std::uint64_t now_ms, Outcome& outcome) {
  std::vector<const Bidder*> out;
  for (const auto* bidder : index.find(request, imp)) {
    const auto& c = bidder->campaign;
    if (bidder->allowance->available() < c.bid_cpm * kLowImpressions &&
        !bidder->allowance->refill_asked.exchange(true)) {
      outcome.low_campaigns.push_back(c.id);
    }
    if (bidder->allowance->available() < c.bid_cpm) continue;
    if (!caps.allows(request.user_id, c.id, c.cap_impressions, c.cap_window_s, now_ms)) continue;
    out.push_back(bidder);
    if (out.size() == kMaxBidsPerImpression) break;
  }
  return out;
}

bool already_won(const Outcome& outcome, const Bidder* bidder) {
  return std::any_of(outcome.wins.begin(), outcome.wins.end(),
                     [&](const Win& w) { return w.bidder == bidder; });
}

void sell(const BidRequest& request, const Impression& imp, const CampaignIndex& index,
          FrequencyCaps& caps, std::uint64_t now_ms, std::uint64_t seed, Outcome& outcome) {
  auto bidders = willing(request, imp, index, caps, now_ms, outcome);
  // One campaign is shown once on a page.
  std::erase_if(bidders, [&](const Bidder* b) { return already_won(outcome, b); });
  outcome.candidates += bidders.size();
  while (!bidders.empty()) {
    std::vector<Bid> bids;
    for (const auto* b : bidders)
      bids.push_back({b->campaign.id, b->campaign.advertiser, b->campaign.bid_cpm, {}});
    const auto cleared = clear(imp, request.auction_type, bids, seed);
    if (!cleared.winner) return;
    const auto* winner = bidders[*cleared.winner];
    const auto expires_ms = now_ms + kBidExpiryMs;
    if (request.test || winner->allowance->reserve(cleared.price, expires_ms)) {
      const auto& c = winner->campaign;
      if (c.cap_impressions > 0 && !request.test)
        caps.shown(request.user_id, c.id, c.cap_window_s, now_ms);
      outcome.wins.push_back({imp.id, winner, make_id(), cleared.price,
                              cleared.outcomes[*cleared.winner].min_to_win, expires_ms});
      return;
    }
    bidders.erase(bidders.begin() + static_cast<std::ptrdiff_t>(
                                        *cleared.winner));  // its budget went elsewhere meanwhile
  }
}

}  // namespace

Outcome run_auction(const BidRequest& request, std::shared_ptr<const CampaignIndex> index,
                    FrequencyCaps& caps, std::uint64_t now_ms, std::uint64_t seed) {
  Outcome outcome;
  outcome.request = request.id;
  outcome.index = std::move(index);
  for (const auto& imp : request.impressions)
    sell(request, imp, *outcome.index, caps, now_ms, seed, outcome);
  return outcome;
}

}  // namespace troupe::auction
