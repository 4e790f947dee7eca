#include "actors/auction/domain.hpp"

#include <caf/actor_cast.hpp>

#include "actors/auction/auction_actor.hpp"
#include "actors/auction/campaign_actor.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::auction {

Result<std::shared_ptr<CampaignBook>> add_auction(actors::Context& context,
                                                  const AuctionOptions& options) {
  auto book = std::make_shared<CampaignBook>([&reads = context.reads](std::function<void()> task) {
    return reads.post([task = std::move(task)](const storage::Store&) { task(); }).ok();
  });
  actors::EntityKind campaigns;
  campaigns.name = kCampaignKind;
  campaigns.domain = kAuctionKind;
  campaigns.idle_after = std::chrono::milliseconds(0);  // they keep leases and expire reservations
  campaigns.restart_eagerly = true;
  campaigns.activate = [&context, book](caf::actor_system& system, const std::string& id) {
    return caf::actor_cast<caf::actor>(system.spawn(campaign_actor, &context, book, id));
  };
  context.entities.add_kind(std::move(campaigns));

  actors::EntityKind auctions;
  auctions.name = kAuctionKind;
  auctions.idle_after = std::chrono::milliseconds(0);
  auctions.max_active = options.auction_actors;
  auctions.shards = options.auction_actors;
  auctions.activate = [&context, book, rules = options.rules](caf::actor_system& system,
                                                              const std::string&) {
    return caf::actor_cast<caf::actor>(system.spawn(auction_actor, &context, book, rules));
  };
  context.entities.add_kind(std::move(auctions));

  const auto prefix = storage::KeyBuilder("camp").take();
  auto listed = context.store.scan(storage::Family::ads, prefix, storage::prefix_end(prefix),
                                   SIZE_MAX, [&](std::string_view key, std::string_view) {
                                     storage::KeyReader reader(key, "camp");
                                     context.entities.tell(kCampaignKind, reader.text(),
                                                           caf::make_message(wake_atom::value));
                                     return true;
                                   });
  if (!listed.ok()) return listed.error();
  return book;
}

}  // namespace troupe::auction
