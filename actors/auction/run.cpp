#include "actors/auction/run.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace troupe::auction {
namespace {

/// An allowance with less than this many impressions left asks for more.
constexpr Nanos kLowImpressions = 200;

/// What one auction knows while it runs.
struct Run {
  const BidRequest& request;
  FrequencyCaps& caps;
  std::uint64_t now_ms;
  std::uint64_t seed;
  AuctionRules rules;
};

struct Candidate {
  const Bidder* bidder;
  const Deal* deal;  ///< nullptr: open auction
};

/// Why a campaign that may serve stays out all the same.
std::optional<NoBid> holds_back(const Run& run, const Bidder& bidder) {
  const auto& c = bidder.campaign;
  if (c.cap_impressions > 0 && run.request.user_id.empty()) return NoBid::unmatched_user;
  if (!run.caps.allows(run.request.user_id, c.id, c.cap_impressions, c.cap_window_s, run.now_ms))
    return NoBid::user_cap;
  if (bidder.allowance->available() < c.bid_cpm) return NoBid::no_budget;
  return std::nullopt;
}

bool already_won(const Outcome& outcome, const Bidder* bidder) {
  return std::any_of(outcome.wins.begin(), outcome.wins.end(),
                     [&](const Win& w) { return w.bidder == bidder; });
}

std::vector<Candidate> willing(const Run& run, const Impression& imp, Outcome& outcome) {
  std::vector<Candidate> out;
  std::size_t taken[2] = {0, 0};
  const auto found = outcome.index->find(run.request, imp, run.now_ms);
  if (found.bidders.empty()) outcome.no_bid = further(outcome.no_bid, found.refusal);
  for (const auto* bidder : found.bidders) {
    const auto& c = bidder->campaign;
    auto& count = taken[c.deals.empty() ? 0 : 1];
    // One campaign is shown once on a page.
    if (count == kMaxBidsPerImpression || already_won(outcome, bidder)) continue;
    if (bidder->allowance->available() < c.bid_cpm * kLowImpressions &&
        !bidder->allowance->refill_asked.exchange(true)) {
      outcome.low_campaigns.push_back(c.id);
    }
    if (const auto why = holds_back(run, *bidder)) {
      outcome.no_bid = further(outcome.no_bid, *why);
      continue;
    }
    out.push_back({bidder, c.deals.empty() ? nullptr : deal_for(c, imp)});
    ++count;
  }
  return out;
}

Clearing clear_among(const Run& run, const Impression& imp,
                     const std::vector<Candidate>& candidates) {
  std::vector<Bid> bids;
  bids.reserve(candidates.size());
  for (const auto& [bidder, deal] : candidates) {
    const auto& c = bidder->campaign;
    bids.push_back({c.id, c.advertiser, c.bid_cpm, deal == nullptr ? std::string() : deal->id,
                    c.creative.duration_s});
  }
  return clear(imp, run.request.auction_type, bids, run.seed, run.rules);
}

void sell(const Run& run, const Impression& imp, Outcome& outcome) {
  auto candidates = willing(run, imp, outcome);
  outcome.candidates += candidates.size();
  while (!candidates.empty()) {
    const auto cleared = clear_among(run, imp, candidates);
    if (!cleared.winner) {
      outcome.no_bid = further(outcome.no_bid, NoBid::below_floor);
      return;
    }
    const auto [winner, deal] = candidates[*cleared.winner];
    const auto expires_ms = run.now_ms + kBidExpiryMs;
    if (run.request.test || winner->allowance->reserve(cleared.price, expires_ms)) {
      const auto& c = winner->campaign;
      if (c.cap_impressions > 0 && !run.request.test)
        run.caps.shown(run.request.user_id, c.id, c.cap_window_s, run.now_ms);
      outcome.wins.push_back({imp.id, winner, make_id(), cleared.price,
                              cleared.outcomes[*cleared.winner].min_to_win, expires_ms,
                              deal == nullptr ? std::string() : deal->id});
      return;
    }
    // Its budget went elsewhere meanwhile.
    outcome.no_bid = further(outcome.no_bid, NoBid::no_budget);
    candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(*cleared.winner));
  }
}

/// By the words that crawlers put into their name: no list of the IAB's is at hand.
bool names_a_crawler(const std::string& user_agent) {
  std::string lower(user_agent);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower.find("bot/") != std::string::npos || lower.find("crawler") != std::string::npos ||
         lower.find("spider") != std::string::npos;
}

}  // namespace

Outcome run_auction(const BidRequest& request, std::shared_ptr<const CampaignIndex> index,
                    FrequencyCaps& caps, std::uint64_t now_ms, std::uint64_t seed,
                    const AuctionRules& rules) {
  Outcome outcome;
  outcome.request = request.id;
  outcome.index = std::move(index);
  if (!request.complete_schain || names_a_crawler(request.user_agent)) {
    outcome.no_bid = request.complete_schain ? NoBid::web_crawler : NoBid::incomplete_schain;
    return outcome;
  }
  const Run run{request, caps, now_ms, seed, rules};
  for (const auto& imp : request.impressions) sell(run, imp, outcome);
  return outcome;
}

}  // namespace troupe::auction
