// Keys and records of the ads domain.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/auction/budget.hpp"
#include "actors/auction/campaign.hpp"
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
[[nodiscard]] std::string encode_campaign(const Campaign& campaign);
[[nodiscard]] std::optional<Campaign> decode_campaign(std::string_view bytes);
[[nodiscard]] std::string encode_books(const Books& books);
[[nodiscard]] std::optional<Books> decode_books(std::string_view bytes);
[[nodiscard]] std::string encode_bill(Nanos price, std::uint64_t time_ms);
void add_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::auction
