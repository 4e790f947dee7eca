#include "actors/auction/campaign_actor.hpp"

#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include "actors/auction/campaign_flow.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "storage/keys.hpp"

namespace troupe::auction {
namespace {

using storage::Family;

/// A lease covers at least this many impressions at the full bid, so that a small budget is not
/// leased coin by coin.
constexpr Nanos kLeaseImpressions = 2'000;
constexpr auto kExpireEvery = std::chrono::seconds(5);

CampaignViewPtr view(const CampaignState& state) {
  return std::make_shared<const CampaignView>(CampaignView{
      *state.campaign, state.books.settled, state.allowance->reserved() + state.inherited,
      state.books.leased, state.books.wins, state.books.bills});
}

void publish(CampaignState& state) {
  state.book->publish(
      std::make_shared<const Bidder>(Bidder{*state.campaign, state.allowance, state.epoch}));
}

/// Leases more budget: written down and synced before it can be promised to anyone.
void lease(CampaignSelf self) {
  auto& state = self->state;
  const auto amount = ledger(state).next_lease(state.campaign->bid_cpm * kLeaseImpressions);
  if (state.leasing) return;
  if (amount <= 0) {
    // All is leased. What expires comes back by itself; asking again would change nothing.
    return;
  }
  state.leasing = true;
  auto books = state.books;
  books.leased += amount;
  storage::Batch batch;
  batch.put(Family::ads, ledger_key(state.id), encode_books(books));
  state.books.leased +=
      amount;  // counts at once: a bill that is written meanwhile must not undo it
  actors::persist(self, state.context->writer, std::move(batch), [self, amount](const auto& done) {
    auto& s = self->state;
    s.leasing = false;
    s.allowance->refill_asked = false;
    if (done.ok()) {
      s.allowance->grant(amount);
    } else {
      s.books.leased -= amount;
      spdlog::error("campaign {}: no lease: {}", s.id, done.error().detail);
    }
  });
}

void on_loaded(CampaignSelf self, Result<LoadedCampaign> loaded) {
  auto& state = self->state;
  if (!loaded.ok()) {
    spdlog::error("campaign {}: {}", state.id, loaded.error().detail);
    self->quit(caf::exit_reason::unhandled_exception);
    return;
  }
  const auto now = state.context->now_ms();
  state.loaded = true;
  state.campaign = std::move(loaded->campaign);
  state.books = loaded->books;
  state.inherited = state.books.leased - state.books.settled;
  state.inherited_until_ms = now + kNoticeKeptMs;
  for (const auto& bid : loaded->bills) state.billed.insert(bid, now);
  for (const auto& bid : loaded->wins) state.won.insert(bid, now);
  if (state.campaign) {
    lease(self);
    publish(state);
  }
  for (auto& request : std::exchange(state.early, {})) request();
}

void not_there(ViewPromise promise) {
  answer(promise, actors::to_caf(error(ErrorCode::not_found, "no such campaign")));
}

/// Writes the campaign and its event, then publishes it.
void store_campaign(CampaignSelf self, Campaign next, const char* event, ViewPromise promise) {
  auto& state = self->state;
  storage::Batch batch;
  batch.put(Family::ads, campaign_key(state.id), encode_campaign(next));
  batch.append({"campaign/" + state.id, event, boost::json::serialize(to_json(next))});
  actors::persist(self, state.context->writer, std::move(batch),
                  [self, next, promise](const auto& done) mutable {
                    auto& s = self->state;
                    if (!done.ok()) return answer(promise, actors::to_caf(done.error()));
                    s.campaign = std::move(next);
                    if (s.allowance->available() < s.campaign->bid_cpm * kLeaseImpressions)
                      lease(self);
                    publish(s);
                    answer(promise, view(s));
                  });
}

ViewPromise create(CampaignSelf self, const CampaignPtr& campaign) {
  ViewPromise promise = self->make_response_promise<CampaignViewPtr>();
  when_loaded(self, promise, [self, campaign, promise]() mutable {
    // A retry of the same idempotent request finds what the first one made.
    if (self->state.campaign) return answer(promise, view(self->state));
    store_campaign(self, *campaign, "troupe.ads.campaign.created.v1", promise);
  });
  return promise;
}

ViewPromise fetch(CampaignSelf self) {
  ViewPromise promise = self->make_response_promise<CampaignViewPtr>();
  when_loaded(self, promise, [self, promise]() mutable {
    if (!self->state.campaign) return not_there(promise);
    answer(promise, view(self->state));
  });
  return promise;
}

ViewPromise change(CampaignSelf self, const CampaignChangePtr& wanted) {
  ViewPromise promise = self->make_response_promise<CampaignViewPtr>();
  when_loaded(self, promise, [self, wanted, promise]() mutable {
    auto& state = self->state;
    if (!state.campaign || state.campaign->owner != wanted->by) return not_there(promise);
    if (wanted->if_version && *wanted->if_version != state.campaign->version) {
      return answer(promise, actors::to_caf(error(ErrorCode::conflict,
                                                  "the campaign has changed; fetch it again")));
    }
    auto next = apply_campaign_json(*state.campaign, wanted->json, false);
    if (!next.ok()) return answer(promise, actors::to_caf(next.error()));
    if (next->budget * 1'000 < state.books.leased) {
      return answer(
          promise,
          actors::to_caf(error(ErrorCode::conflict,
                               "budget: cannot go below what has been promised to bids already")));
    }
    ++next->version;
    store_campaign(self, std::move(*next), "troupe.ads.campaign.changed.v1", promise);
  });
  return promise;
}

/// Returns what was promised and never billed.
void expire(CampaignSelf self) {
  auto& state = self->state;
  const auto now = state.context->now_ms();
  state.allowance->expire(now);
  if (state.inherited > 0 && now >= state.inherited_until_ms) {
    state.allowance->grant(std::exchange(state.inherited, 0));
  }
  forget_notices(self, now);
  // One that found too little may ask again now.
  if (state.campaign && ledger(state).next_lease(1) > 0) state.allowance->refill_asked = false;
}

}  // namespace

CampaignActor::behavior_type campaign_actor(CampaignSelf self, actors::Context* context,
                                            std::shared_ptr<CampaignBook> book, std::string id) {
  auto& state = self->state;
  state.context = context;
  state.book = std::move(book);
  state.id = std::move(id);
  state.epoch = context->now_ms();
  state.allowance = std::make_shared<Allowance>(state.epoch);
  actors::read<LoadedCampaign>(
      self, context->reads,
      [id = state.id, now = state.epoch](const storage::Store& store) {
        return load_campaign(store, id, now);
      },
      [self](Result<LoadedCampaign> loaded) { on_loaded(self, std::move(loaded)); });
  self->delayed_send(self, kExpireEvery, wake_atom::value);
  return {
      [self](create_atom, const CampaignPtr& campaign) { return create(self, campaign); },
      [self](fetch_atom) { return fetch(self); },
      [self](change_atom, const CampaignChangePtr& wanted) { return change(self, wanted); },
      [self](bill_atom, const Notice& notice) { return book_bill(self, notice); },
      [self](win_atom, const Notice& notice) { return book_win(self, notice); },
      [self](refill_atom) {
        if (self->state.loaded && self->state.campaign) lease(self);
      },
      [self](wake_atom) {
        if (self->state.loaded && !self->state.campaign)
          return self->quit();  // somebody asked for what is not there
        if (self->state.loaded) expire(self);
        self->delayed_send(self, kExpireEvery, wake_atom::value);
      },
      [self](actors::passivate_atom) { self->quit(); },
  };
}

}  // namespace troupe::auction
