// Keys and records of the ads domain.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/auction/budget.hpp"
#include "actors/auction/campaign.hpp"
#include "base/result.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"

namespace troupe::auction {

struct Books {
  Nanos leased = 0;
  Nanos settled = 0;
  std::uint64_t wins = 0;
  std::uint64_t bills = 0;
};

[[nodiscard]] std::string campaign_key(std::string_view id);
[[nodiscard]] std::string ledger_key(std::string_view id);
[[nodiscard]] std::string bill_key(std::string_view campaign, std::string_view bid);
[[nodiscard]] std::string win_key(std::string_view campaign, std::string_view bid);
[[nodiscard]] std::string encode_campaign(const Campaign& campaign);
[[nodiscard]] std::optional<Campaign> decode_campaign(std::string_view bytes);
[[nodiscard]] std::string encode_books(const Books& books);
[[nodiscard]] std::optional<Books> decode_books(std::string_view bytes);
[[nodiscard]] std::string encode_bill(Nanos price, std::uint64_t time_ms);

/// Notices are kept this long beyond a bid's expiry, for clocks and buckets.
inline constexpr std::uint64_t kNoticeGraceMs = 2 * kBucketMs;
inline constexpr std::uint64_t kNoticeKeptMs = kBidExpiryMs + kNoticeGraceMs;

/// What a campaign's entity begins with.
struct LoadedCampaign {
  std::optional<Campaign> campaign;
  Books books;
  /// Bid ids, the oldest first: bills that may be repeated, and all win records there are.
  std::vector<std::string> bills, wins;
};
/// Errors: io, corrupt.
[[nodiscard]] Result<LoadedCampaign> load_campaign(const storage::Store& store,
                                                   const std::string& id, std::uint64_t now_ms);
void add_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::auction
