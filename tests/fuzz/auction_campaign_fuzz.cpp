// Campaigns as the API takes them, as they are stored, and sealed notices.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <boost/json.hpp>

#include "actors/auction/campaign.hpp"
#include "actors/auction/campaign_store.hpp"
#include "actors/auction/notice.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::auction;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)decode_campaign(text);
  (void)decode_books(text);
  static const NoticeSeal seal("fuzz");
  assert(!seal.open(text));
  const auto json = parse_with_money(text);
  if (!json.ok()) return 0;
  auto campaign = apply_campaign_json({}, *json, true);
  if (!campaign.ok()) return 0;
  campaign->id = "c";
  campaign->owner = "o";
  const auto stored = decode_campaign(encode_campaign(*campaign));
  assert(stored && to_json(*stored) == to_json(*campaign));
  return 0;
}
