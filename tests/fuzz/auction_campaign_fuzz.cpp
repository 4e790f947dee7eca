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
  boost::system::error_code ec;
  const auto json = boost::json::parse(text, ec);
  if (ec || !json.is_object()) return 0;
  auto campaign = apply_campaign_json({}, json.get_object(), true);
  if (!campaign.ok()) return 0;
  campaign->id = "c";
  campaign->owner = "o";
  const auto stored = decode_campaign(encode_campaign(*campaign));
  assert(stored && stored->bid_cpm == campaign->bid_cpm && stored->budget == campaign->budget);
  return 0;
}
