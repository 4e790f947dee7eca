// OpenRTB 2.6 bid requests: what the auction needs of them, checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "actors/auction/money.hpp"
#include "base/result.hpp"

namespace troupe::auction {

struct Size {
  int width = 0;
  int height = 0;
  friend auto operator<=>(const Size&, const Size&) = default;
};

/// Section 3.2.35: a floor for creatives of some durations.
struct DurationFloor {
  int min_s = 0;
  int max_s = 0;  ///< 0: no upper end
  Micros floor = 0;
};

/// Prices that depend on how long a video is.
struct VideoFloors {
  Micros per_second = 0;  ///< mincpmpersec
  std::vector<DurationFloor> by_duration;
};

struct Deal {
  std::string id;
  Micros floor = 0;
  int auction_type = 0;  ///< `at`; 0: as the request says
  std::vector<std::string> seats = {};
  std::vector<std::string> domains = {};  ///< `wadomain`
  VideoFloors video = {};
};

struct Video {
  std::vector<std::string> mimes;
  int min_duration_s = 0, max_duration_s = 0;  ///< 0: no bound
  std::vector<int> durations_s;                ///< rqddurs: exactly one of these, if any
  std::vector<int> protocols;                  ///< none: any
  bool linear = true;
  bool dynamic_pod = false;  ///< poddur: as many ads as fit
  VideoFloors floors;
};

struct Impression {
  std::string id;
  bool banner = false;
  std::vector<Size> sizes = {};  ///< banner formats
  std::optional<Video> video = {};
  bool other_media = false;  ///< audio or native: tolerated, not served
  Micros floor = 0;
  bool secure = false;
  bool private_auction = false;
  std::vector<Deal> deals = {};
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
  std::string user_agent;
  bool complete_schain = true;  ///< false: source.schain says that a node is missing
};

/// Validates what section 3.2 of the specification requires of what we use; unknown fields are
/// tolerated. Errors: invalid_argument, the detail begins with the field's path ("imp[0].banner:
/// …").
[[nodiscard]] Result<BidRequest> parse_bid_request(const boost::json::object& json);

/// Limits on what one request may ask for; beyond them it is invalid.
inline constexpr std::size_t kMaxImpressions = 64;
inline constexpr std::size_t kMaxListEntries = 1'000;
inline constexpr std::size_t kMaxFormats = 100;
inline constexpr std::size_t kMaxDeals = 100;
inline constexpr std::size_t kMaxIdBytes = 256;
inline constexpr std::size_t kMaxUserAgentBytes = 2'048;

}  // namespace troupe::auction
