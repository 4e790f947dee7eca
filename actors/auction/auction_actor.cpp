#include "actors/auction/auction_actor.hpp"

#include "actors/system/ask.hpp"

namespace troupe::auction {

AuctionActor::behavior_type auction_actor(AuctionActor::stateful_pointer<AuctionState> self,
                                          actors::Context* context,
                                          std::shared_ptr<CampaignBook> book, AuctionRules rules) {
  return {
      [self, context, book, rules](run_atom, const AuctionJobPtr& job) -> caf::result<OutcomePtr> {
        const auto now = context->now_ms();
        if (now >= job->deadline_ms) {
          return actors::to_caf(
              error(ErrorCode::timeout, "the deadline passed before the auction began"));
        }
        auto outcome = std::make_shared<const Outcome>(run_auction(
            job->request, book->index(), self->state.caps, now, ++self->state.runs, rules));
        for (const auto& id : outcome->low_campaigns) {
          context->entities.tell(kCampaignKind, id, caf::make_message(refill_atom::value));
        }
        return outcome;
      },
      [self](actors::passivate_atom) { self->quit(); },
  };
}

}  // namespace troupe::auction
