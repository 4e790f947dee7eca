#include "actors/auction/campaign.hpp"

#include <algorithm>
#include <cmath>

#include <boost/json.hpp>

namespace troupe::auction {
namespace {

std::uint64_t size_key(int width, int height) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(width)) << 32) |
         static_cast<std::uint32_t>(height);
}

template <class T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// A restriction that the request says nothing about is not met.
template <class T>
bool allows(const std::vector<T>& list, const T& value) {
  return list.empty() || contains(list, value);
}

/// "IAB1" blocks "IAB1-3".
bool blocks_category(const std::vector<std::string>& blocked, const std::string& category) {
  return std::any_of(blocked.begin(), blocked.end(), [&](const std::string& b) {
    return category == b || (category.size() > b.size() && category.compare(0, b.size(), b) == 0 &&
                             category[b.size()] == '-');
  });
}

bool fits_format(const Creative& creative, const Impression& imp) {
  if (creative.duration_s > 0) {
    if (!imp.video) return false;
    const bool mime = std::any_of(creative.mimes.begin(), creative.mimes.end(),
                                  [&](const std::string& m) { return contains(imp.mimes, m); });
    return mime && creative.duration_s >= imp.min_duration_s &&
           (imp.max_duration_s == 0 || creative.duration_s <= imp.max_duration_s);
  }
  return imp.banner && contains(imp.sizes, Size{creative.width, creative.height});
}

}  // namespace

bool may_serve(const Campaign& campaign, const BidRequest& request, const Impression& imp) {
  const auto& targeting = campaign.targeting;
  if (!campaign.active || !fits_format(campaign.creative, imp)) return false;
  if (!allows(targeting.countries, request.country) ||
      !allows(targeting.languages, request.language) ||
      !allows(targeting.device_types, request.device_type) ||
      !allows(targeting.domains, request.domain)) {
    return false;
  }
  if (contains(targeting.blocked_domains, request.domain) ||
      contains(request.blocked_domains, campaign.adomain))
    return false;
  if (!allows(request.allowed_seats, campaign.advertiser) ||
      contains(request.blocked_seats, campaign.advertiser))
    return false;
  const auto& categories = campaign.creative.categories;
  return std::none_of(categories.begin(), categories.end(), [&](const std::string& c) {
    return blocks_category(request.blocked_categories, c);
  });
}

CampaignIndex::CampaignIndex(std::vector<std::shared_ptr<const Bidder>> bidders)
    : bidders_(std::move(bidders)) {
  std::sort(bidders_.begin(), bidders_.end(), [](const auto& a, const auto& b) {
    return a->campaign.bid_cpm != b->campaign.bid_cpm ? a->campaign.bid_cpm > b->campaign.bid_cpm
                                                      : a->campaign.id < b->campaign.id;
  });
  for (std::uint32_t i = 0; i < bidders_.size(); ++i) {
    const auto& creative = bidders_[i]->campaign.creative;
    // Videos scale; they are found under no size.
    const auto key =
        creative.duration_s > 0 ? size_key(0, 0) : size_key(creative.width, creative.height);
    by_size_[key].push_back(i);
  }
}

std::vector<const Bidder*> CampaignIndex::find(const BidRequest& request,
                                               const Impression& imp) const {
  std::vector<const Bidder*> found;
  const auto look = [&](std::uint64_t key) {
    const auto it = by_size_.find(key);
    if (it == by_size_.end()) return;
    for (const auto i : it->second) {
      if (may_serve(bidders_[i]->campaign, request, imp)) found.push_back(bidders_[i].get());
    }
  };
  if (imp.banner) {
    for (const auto& size : imp.sizes) look(size_key(size.width, size.height));
  }
  if (imp.video) look(size_key(0, 0));
  std::stable_sort(found.begin(), found.end(), [](const Bidder* a, const Bidder* b) {
    return a->campaign.bid_cpm > b->campaign.bid_cpm;
  });
  return found;
}

}  // namespace troupe::auction
