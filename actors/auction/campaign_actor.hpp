// The entity of one campaign.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "actors/auction/campaign_book.hpp"
#include "actors/auction/campaign_store.hpp"
#include "actors/auction/messages.hpp"
#include "actors/auction/notice_log.hpp"
#include "actors/system/context.hpp"

namespace troupe::auction {

struct CampaignState {
  static constexpr const char* name = "campaign";

  actors::Context* context = nullptr;
  std::shared_ptr<CampaignBook> book;
  std::string id;
  bool loaded = false;
  std::optional<Campaign> campaign;
  Books books;
  std::shared_ptr<Allowance> allowance;
  std::uint64_t epoch = 0;
  /// Leased by earlier activations and not billed: may still be billed until the bids of that time
  /// have expired.
  Nanos inherited = 0;
  std::uint64_t inherited_until_ms = 0;
  /// Bids whose notices have been counted.
  NoticeLog billed{kNoticeKeptMs}, won{kNoticeKeptMs};
  /// By record key: repeated notices whose first write is not durable yet. Answered when it is.
  std::unordered_map<std::string, std::vector<caf::typed_response_promise<bool>>> booking;
  bool leasing = false;
  std::vector<std::function<void()>> early;  ///< requests that came before the state was read
};

CampaignActor::behavior_type campaign_actor(CampaignActor::stateful_pointer<CampaignState> self,
                                            actors::Context* context,
                                            std::shared_ptr<CampaignBook> book, std::string id);

}  // namespace troupe::auction
