// Why an auction, or an impression of it, got no bid.
#pragma once

#include <array>

namespace troupe::auction {

/// OpenRTB 2.6 section 5.24 refers to the list "No-Bid Reason Codes" of OpenRTB 3.0; 500 and more
/// are an exchange's own.
enum class NoBid : int {
  unknown = 0,
  technical_error = 1,
  invalid_request = 2,
  web_crawler = 3,
  unsupported_device = 6,
  blocked_publisher = 7,
  unmatched_user = 8,
  user_cap = 9,
  insufficient_time = 15,
  incomplete_schain = 16,
  no_campaign = 500,         ///< none at all is running
  unsupported_media = 501,   ///< audio, native, dynamic pods
  no_format = 502,           ///< no creative of that size, type, duration, protocol
  no_deal = 503,             ///< none in the deals that the impression is for
  blocked_by_request = 504,  ///< seats, advertisers, categories
  not_targeted = 505,        ///< country, language
  outside_hours = 506,
  no_budget = 507,
  below_floor = 508,
};

/// In the order in which a campaign is checked: of several refusals the one furthest on is told,
/// since that campaign came closest to a bid.
inline constexpr std::array kNoBidOrder{
    NoBid::unknown,           NoBid::technical_error,    NoBid::invalid_request,
    NoBid::insufficient_time, NoBid::web_crawler,        NoBid::incomplete_schain,
    NoBid::no_campaign,       NoBid::unsupported_media,  NoBid::no_format,
    NoBid::no_deal,           NoBid::blocked_by_request, NoBid::unsupported_device,
    NoBid::blocked_publisher, NoBid::not_targeted,       NoBid::outside_hours,
    NoBid::unmatched_user,    NoBid::user_cap,           NoBid::no_budget,
    NoBid::below_floor};

/// The one that is further on in kNoBidOrder.
[[nodiscard]] NoBid further(NoBid a, NoBid b) noexcept;
/// Stable snake_case name, for metrics and logs.
[[nodiscard]] const char* to_string(NoBid reason) noexcept;

}  // namespace troupe::auction
