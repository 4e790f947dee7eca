// The actors that run auctions.
#pragma once

#include <memory>

#include "actors/auction/campaign_book.hpp"
#include "actors/auction/messages.hpp"
#include "actors/system/context.hpp"

namespace troupe::auction {

struct AuctionState {
  static constexpr const char* name = "auction";
  /// Pairs of user and campaign that one actor remembers: about 200 bytes each.
  FrequencyCaps caps{200'000};
  std::uint64_t runs = 0;
};

AuctionActor::behavior_type auction_actor(AuctionActor::stateful_pointer<AuctionState> self,
                                          actors::Context* context,
                                          std::shared_ptr<CampaignBook> book, AuctionRules rules);

}  // namespace troupe::auction
