// OpenRTB 2.6 bid requests: what the auction needs of them, checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "base/result.hpp"

namespace troupe::auction {

/// Millionths of a currency unit. Prices are per thousand impressions (CPM), as in OpenRTB.
using Micros = std::int64_t;

struct Size {
  int width = 0;
  int height = 0;
  friend auto operator<=>(const Size&, const Size&) = default;
};

struct Deal {
  std::string id;
  Micros floor = 0;
  int auction_type = 0;  ///< `at`; 0: as the request says
  std::vector<std::string> seats;
};

struct Impression {
  std::string id;
  bool banner = false;
  bool video = false;
  std::vector<Size> sizes;         ///< banner formats; video's one size if given
  std::vector<std::string> mimes;  ///< video
  int min_duration_s = 0, max_duration_s = 0;
  Micros floor = 0;
  bool secure = false;
  bool private_auction = false;
  std::vector<Deal> deals;
};

struct BidRequest {
  std::string id;
  std::vector<Impression> impressions;
  int auction_type = 2;  ///< 1 first price, 2 second price plus
  int tmax_ms = 0;       ///< 0: not given
  std::string domain;    ///< site.domain or app.bundle
  std::string user_id;   ///< user.id, else device.ifa
  std::string country;
  std::string language;
  int device_type = 0;
  std::vector<std::string> blocked_categories, blocked_domains;
  std::vector<std::string> allowed_seats, blocked_seats;
  bool test = false;
};

/// Validates what section 3.2 of the specification requires of what we use; unknown fields are
/// tolerated. Errors: invalid_argument, the detail begins with the field's path ("imp[0].banner:
/// …").
[[nodiscard]] Result<BidRequest> parse_bid_request(const boost::json::object& json);

/// Limits on what one request may ask for; beyond them it is invalid.
inline constexpr std::size_t kMaxImpressions = 64;
inline constexpr std::size_t kMaxListEntries = 1'000;
inline constexpr std::size_t kMaxIdBytes = 256;

}  // namespace troupe::auction
