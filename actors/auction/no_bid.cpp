#include "actors/auction/no_bid.hpp"

#include <cstddef>
#include <cstdint>

namespace troupe::auction {
namespace {

/// By code: the place in kNoBidOrder. Looked up for every campaign that an auction passes over.
constexpr auto kPlaces = [] {
  std::array<std::uint8_t, 512> places{};
  for (std::size_t i = 0; i < kNoBidOrder.size(); ++i)
    places[static_cast<std::size_t>(kNoBidOrder[i])] = static_cast<std::uint8_t>(i);
  return places;
}();

}  // namespace

NoBid further(NoBid a, NoBid b) noexcept {
  return kPlaces[static_cast<std::size_t>(a)] >= kPlaces[static_cast<std::size_t>(b)] ? a : b;
}

const char* to_string(NoBid reason) noexcept {
  switch (reason) {
    case NoBid::unknown:
      return "unknown";
    case NoBid::technical_error:
      return "technical_error";
    case NoBid::invalid_request:
      return "invalid_request";
    case NoBid::web_crawler:
      return "web_crawler";
    case NoBid::unsupported_device:
      return "unsupported_device";
    case NoBid::blocked_publisher:
      return "blocked_publisher";
    case NoBid::unmatched_user:
      return "unmatched_user";
    case NoBid::user_cap:
      return "user_cap";
    case NoBid::insufficient_time:
      return "insufficient_time";
    case NoBid::incomplete_schain:
      return "incomplete_schain";
    case NoBid::no_campaign:
      return "no_campaign";
    case NoBid::unsupported_media:
      return "unsupported_media";
    case NoBid::no_format:
      return "no_format";
    case NoBid::no_deal:
      return "no_deal";
    case NoBid::blocked_by_request:
      return "blocked_by_request";
    case NoBid::not_targeted:
      return "not_targeted";
    case NoBid::outside_hours:
      return "outside_hours";
    case NoBid::no_budget:
      return "no_budget";
    case NoBid::below_floor:
      return "below_floor";
  }
  return "unknown";
}

}  // namespace troupe::auction
