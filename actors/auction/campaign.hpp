// Campaigns and the index that finds those which may bid on an impression. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/json/fwd.hpp>

#include "actors/auction/budget.hpp"
#include "actors/auction/no_bid.hpp"
#include "actors/auction/openrtb.hpp"
#include "base/result.hpp"

namespace troupe::auction {

struct Creative {
  std::string crid, adm;
  int width = 0, height = 0;
  std::vector<std::string> mimes;
  int duration_s = 0;  ///< over 0: a video
  std::vector<std::string> categories;
  std::vector<int> protocols;  ///< of a video: AdCOM creative subtypes (2 VAST 2, 3 VAST 3, …)
};

/// Empty lists do not restrict.
struct Targeting {
  std::vector<std::string> countries, languages, domains, blocked_domains;
  std::vector<int> device_types;
  /// Bit n: the hour n, and the weekday n from Monday on, at `utc_offset_min` from UTC; 0: all.
  std::uint32_t hours = 0, days = 0;
  int utc_offset_min = 0;
};

struct Campaign {
  std::string id, owner, name, advertiser, adomain;
  bool active = true;
  Micros bid_cpm = 0;
  Micros budget = 0;
  int cap_impressions = 0;  ///< per user within the window; 0: no cap
  int cap_window_s = 86'400;
  Creative creative;
  Targeting targeting;
  std::uint32_t version = 1;
  std::uint64_t created_ms = 0;
  /// Of the body that made it, when that came with an Idempotency-Key. Not shown.
  std::string fingerprint;
  /// Bids in these deals only; none: in the open auction.
  std::vector<std::string> deals;
};

/// From the API's JSON. `base`: the campaign that is changed (PATCH), or a fresh one (POST, where
/// name, advertiser, adomain, bid_cpm, budget and creative are required). Errors: invalid_argument
/// that names the field.
[[nodiscard]] Result<Campaign> apply_campaign_json(Campaign base, const boost::json::object& json,
                                                   bool is_new);
[[nodiscard]] boost::json::object to_json(const Campaign& campaign);

/// A campaign as auctions see it. Immutable but for the allowance.
struct Bidder {
  Campaign campaign;
  std::shared_ptr<Allowance> allowance;
  std::uint64_t epoch = 0;  ///< which activation of the campaign's entity keeps the allowance
};

/// All active campaigns by what narrows most: the creative's size. Immutable; auctions share one
/// until the next is published.
class CampaignIndex {
 public:
  explicit CampaignIndex(std::vector<std::shared_ptr<const Bidder>> bidders);

  struct Found {
    std::vector<const Bidder*> bidders;  ///< best price first
    NoBid refusal = NoBid::no_campaign;  ///< of the one that came closest, when there are none
  };
  /// Those whose creative fits and whose targeting allows this impression now. Budgets and caps are
  /// not looked at.
  [[nodiscard]] Found find(const BidRequest& request, const Impression& imp,
                           std::uint64_t now_ms) const;
  [[nodiscard]] std::size_t size() const noexcept { return bidders_.size(); }

 private:
  std::vector<std::shared_ptr<const Bidder>> bidders_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>>
      by_size_;  ///< each list by falling price
};

/// Why `campaign` may not serve this impression now: format, deals, blocks, seats, targeting,
/// hours. Nothing: it may.
[[nodiscard]] std::optional<NoBid> refusal(const Campaign& campaign, const BidRequest& request,
                                           const Impression& imp, std::uint64_t now_ms);

/// The first of the impression's deals that `campaign` may bid in with its price; nullptr: none.
[[nodiscard]] const Deal* deal_for(const Campaign& campaign, const Impression& imp);

}  // namespace troupe::auction
