#include "actors/auction/campaign.hpp"

#include <algorithm>

#include "actors/auction/clearing.hpp"

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

bool fits_video(const Creative& creative, const Video& video) {
  const bool mime = std::any_of(creative.mimes.begin(), creative.mimes.end(),
                                [&](const std::string& m) { return contains(video.mimes, m); });
  const bool protocol =
      video.protocols.empty() || std::any_of(creative.protocols.begin(), creative.protocols.end(),
                                             [&](int p) { return contains(video.protocols, p); });
  const bool duration =
      video.durations_s.empty()
          ? creative.duration_s >= video.min_duration_s &&
                (video.max_duration_s == 0 || creative.duration_s <= video.max_duration_s)
          : contains(video.durations_s, creative.duration_s);
  return video.linear && !video.dynamic_pod && mime && protocol && duration;
}

bool fits_format(const Creative& creative, const Impression& imp) {
  if (creative.duration_s > 0) return imp.video && fits_video(creative, *imp.video);
  return imp.banner && contains(imp.sizes, Size{creative.width, creative.height});
}

/// An empty list of the deal admits all.
bool admits(const Deal& deal, const Campaign& campaign) {
  return contains(campaign.deals, deal.id) && allows(deal.seats, campaign.advertiser) &&
         allows(deal.domains, campaign.adomain);
}

bool in_hours(const Targeting& targeting, std::uint64_t now_ms) {
  if (targeting.hours == 0 && targeting.days == 0) return true;
  constexpr std::int64_t kWeek = 7 * 24 * 60;  // keeps the sum positive at any offset
  const auto minute = static_cast<std::int64_t>(now_ms / 60'000) + kWeek + targeting.utc_offset_min;
  const auto hour = minute / 60;
  // 1 January 1970 was a Thursday.
  const auto day = (hour / 24 + 3) % 7;
  return (targeting.hours == 0 || (targeting.hours >> (hour % 24) & 1U) != 0) &&
         (targeting.days == 0 || (targeting.days >> day & 1U) != 0);
}

bool blocked_by_request(const Campaign& campaign, const BidRequest& request) {
  if (contains(request.blocked_domains, campaign.adomain) ||
      contains(request.blocked_seats, campaign.advertiser) ||
      !allows(request.allowed_seats, campaign.advertiser)) {
    return true;
  }
  const auto& categories = campaign.creative.categories;
  return std::any_of(categories.begin(), categories.end(), [&](const std::string& c) {
    return blocks_category(request.blocked_categories, c);
  });
}

}  // namespace

std::optional<NoBid> refusal(const Campaign& campaign, const BidRequest& request,
                             const Impression& imp, std::uint64_t now_ms) {
  const auto& targeting = campaign.targeting;
  if (!campaign.active) return NoBid::no_campaign;
  if (!fits_format(campaign.creative, imp)) return NoBid::no_format;
  const bool open = campaign.deals.empty() && !imp.private_auction;
  if (!open && deal_for(campaign, imp) == nullptr) return NoBid::no_deal;
  if (blocked_by_request(campaign, request)) return NoBid::blocked_by_request;
  if (!allows(targeting.device_types, request.device_type)) return NoBid::unsupported_device;
  if (!allows(targeting.domains, request.domain) ||
      contains(targeting.blocked_domains, request.domain)) {
    return NoBid::blocked_publisher;
  }
  if (!allows(targeting.countries, request.country) ||
      !allows(targeting.languages, request.language)) {
    return NoBid::not_targeted;
  }
  if (!in_hours(targeting, now_ms)) return NoBid::outside_hours;
  return std::nullopt;
}

const Deal* deal_for(const Campaign& campaign, const Impression& imp) {
  const Deal* best = nullptr;
  for (const auto& deal : imp.deals) {
    if (!admits(deal, campaign)) continue;
    const auto floor = floor_of(imp, &deal, campaign.creative.duration_s, {});
    if (floor <= campaign.bid_cpm) return &deal;
    if (best == nullptr) best = &deal;
  }
  return best;
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

CampaignIndex::Found CampaignIndex::find(const BidRequest& request, const Impression& imp,
                                         std::uint64_t now_ms) const {
  Found found;
  if (!bidders_.empty()) found.refusal = NoBid::no_format;
  if (!imp.banner && (!imp.video || imp.video->dynamic_pod))
    found.refusal = NoBid::unsupported_media;
  const auto look = [&](std::uint64_t key) {
    const auto it = by_size_.find(key);
    if (it == by_size_.end()) return;
    for (const auto i : it->second) {
      const auto why = refusal(bidders_[i]->campaign, request, imp, now_ms);
      if (why) {
        found.refusal = further(found.refusal, *why);
      } else {
        found.bidders.push_back(bidders_[i].get());
      }
    }
  };
  if (imp.banner) {
    for (const auto& size : imp.sizes) look(size_key(size.width, size.height));
  }
  if (imp.video) look(size_key(0, 0));
  std::stable_sort(
      found.bidders.begin(), found.bidders.end(),
      [](const Bidder* a, const Bidder* b) { return a->campaign.bid_cpm > b->campaign.bid_cpm; });
  return found;
}

}  // namespace troupe::auction
