// The ads domain as the composition root sees it.
#pragma once

#include <memory>

#include "actors/auction/campaign_book.hpp"
#include "actors/auction/clearing.hpp"
#include "actors/system/context.hpp"
#include "base/result.hpp"

namespace troupe::auction {

struct AuctionOptions {
  std::size_t auction_actors = 4;
  AuctionRules rules;
};

/// Registers the kinds "campaign" and "auction" and wakes every stored campaign, which leases
/// budget and publishes itself. Blocks while it lists them: call it at start. Errors: io, corrupt.
Result<std::shared_ptr<CampaignBook>> add_auction(actors::Context& context,
                                                  const AuctionOptions& options);

}  // namespace troupe::auction
