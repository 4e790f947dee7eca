#include "actors/auction/campaign_actor.hpp"

#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "storage/keys.hpp"

namespace troupe::auction {
namespace {

using Self = CampaignActor::stateful_pointer<CampaignState>;
using ViewPromise = caf::typed_response_promise<CampaignViewPtr>;
using BoolPromise = caf::typed_response_promise<bool>;
using storage::Family;

/// `deliver` returns the promise; this returns nothing, so that handlers can end with `return
/// answer(…)`.
template <class Promise, class Value>
void answer(Promise promise, Value value) {
  promise.deliver(std::move(value));
}

constexpr std::size_t kMaxEarly = 1'000;
constexpr std::size_t kMaxRetries = 16;
/// A lease covers at least this many impressions at the full bid, so that a small budget is not
/// leased coin by coin.
constexpr Nanos kLeaseImpressions = 2'000;
constexpr auto kExpireEvery = std::chrono::seconds(5);
/// Notices are kept this long beyond their expiry, for clocks and buckets.
constexpr std::uint64_t kGraceMs = 2 * kBucketMs;

Ledger ledger(const CampaignState& state) {
  return {state.campaign ? state.campaign->budget * 1'000 : 0, state.books.leased,
          state.books.settled};
}

CampaignViewPtr view(const CampaignState& state) {
  return std::make_shared<const CampaignView>(CampaignView{
      *state.campaign, state.books.settled, state.allowance->reserved() + state.inherited,
      state.books.leased, state.books.wins, state.books.bills});
}

std::string event_json(const CampaignState& state, boost::json::object more) {
  more["campaign"] = state.id;
  return boost::json::serialize(more);
}

void publish(CampaignState& state) {
  state.book->publish(
      std::make_shared<const Bidder>(Bidder{*state.campaign, state.allowance, state.epoch}));
}

/// Leases more budget: written down and synced before it can be promised to anyone.
void lease(Self self) {
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

struct Loaded {
  std::optional<Campaign> campaign;
  Books books;
  std::vector<std::string> bills;
};

Result<Loaded> load(const storage::Store& store, const std::string& id, std::uint64_t now_ms) {
  Loaded out;
  auto campaign = store.get(Family::ads, campaign_key(id));
  if (!campaign.ok()) return campaign.error();
  if (!*campaign) return out;
  out.campaign = decode_campaign(**campaign);
  if (!out.campaign) return error(ErrorCode::corrupt, "campaign " + id + " does not verify");
  auto books = store.get(Family::ads, ledger_key(id));
  if (!books.ok()) return books.error();
  if (*books) {
    const auto decoded = decode_books(**books);
    if (!decoded) return error(ErrorCode::corrupt, "the ledger of " + id + " does not verify");
    out.books = *decoded;
  }
  // Bid ids are time-ordered: those that may be billed again are the newest.
  Id oldest{};
  const auto since = now_ms > kBidExpiryMs + kGraceMs ? now_ms - kBidExpiryMs - kGraceMs : 0;
  for (std::size_t i = 0; i < 6; ++i)
    oldest.bytes[i] = static_cast<std::uint8_t>(since >> (8 * (5 - i)));
  const auto prefix = storage::KeyBuilder("bill").text(id).take();
  auto scanned =
      store.scan(Family::ads, bill_key(id, oldest.to_string()), storage::prefix_end(prefix),
                 SIZE_MAX, [&](std::string_view key, std::string_view) {
                   storage::KeyReader reader(key, "bill");
                   reader.text();
                   out.bills.push_back(reader.text());
                   return true;
                 });
  if (!scanned.ok()) return scanned.error();
  return out;
}

void remember_billed(CampaignState& state, const std::string& bid, std::uint64_t now_ms) {
  while (!state.billed_order.empty() &&
         state.billed_order.front().first + kBidExpiryMs + kGraceMs < now_ms) {
    state.billed.erase(state.billed_order.front().second);
    state.billed_order.pop_front();
  }
  state.billed.insert(bid);
  state.billed_order.emplace_back(now_ms, bid);
}

void on_loaded(Self self, Result<Loaded> loaded) {
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
  state.inherited_until_ms = now + kBidExpiryMs + kGraceMs;
  for (const auto& bid : loaded->bills) remember_billed(state, bid, now);
  if (state.campaign) {
    lease(self);
    publish(state);
  }
  for (auto& request : std::exchange(state.early, {})) request();
}

/// Runs `work` now, or once the state has been read.
template <class Promise>
void when_loaded(Self self, Promise promise, std::function<void()> work) {
  auto& state = self->state;
  if (state.loaded) return work();
  if (state.early.size() >= kMaxEarly) {
    answer(promise, actors::to_caf(error(ErrorCode::overloaded, "the campaign is starting")));
    return;
  }
  state.early.push_back(std::move(work));
}

void not_there(ViewPromise promise) {
  answer(promise, actors::to_caf(error(ErrorCode::not_found, "no such campaign")));
}

/// Writes the campaign and its event, then publishes it.
void store_campaign(Self self, Campaign next, const char* event, ViewPromise promise) {
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

ViewPromise create(Self self, const CampaignPtr& campaign) {
  ViewPromise promise = self->make_response_promise<CampaignViewPtr>();
  when_loaded(self, promise, [self, campaign, promise]() mutable {
    // A retry of the same idempotent request finds what the first one made.
    if (self->state.campaign) return answer(promise, view(self->state));
    store_campaign(self, *campaign, "troupe.ads.campaign.created.v1", promise);
  });
  return promise;
}

ViewPromise fetch(Self self) {
  ViewPromise promise = self->make_response_promise<CampaignViewPtr>();
  when_loaded(self, promise, [self, promise]() mutable {
    if (!self->state.campaign) return not_there(promise);
    answer(promise, view(self->state));
  });
  return promise;
}

ViewPromise change(Self self, const CampaignChangePtr& wanted) {
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

/// Moves a promised price into the books. False when the promise has expired.
bool take_promise(CampaignState& state, const Notice& notice, std::uint64_t now_ms) {
  if (notice.epoch == state.epoch) return state.allowance->settle(notice.price, notice.expires_ms);
  if (now_ms >= state.inherited_until_ms || state.inherited < notice.price) return false;
  state.inherited -= notice.price;
  return true;
}

void settle(Self self, const Notice& notice, BoolPromise promise) {
  auto& state = self->state;
  const auto bid = notice.bid.to_string();
  const auto now = state.context->now_ms();
  if (const auto it = state.booking.find(bid); it != state.booking.end()) {
    if (it->second.size() >= kMaxRetries)
      return answer(promise, actors::to_caf(error(ErrorCode::overloaded, "retries")));
    it->second.push_back(promise);
    return;
  }
  if (state.billed.count(bid) != 0) return answer(promise, false);
  if (!state.campaign)
    return answer(promise, actors::to_caf(error(ErrorCode::not_found, "no such campaign")));
  if (notice.expires_ms < now || !take_promise(state, notice, now)) {
    return answer(promise, actors::to_caf(error(ErrorCode::conflict, "the bid has expired")));
  }
  remember_billed(state, bid, now);
  state.books.settled += notice.price;
  ++state.books.bills;
  if (!ledger(state).holds()) {
    spdlog::critical("campaign {}: settled {} leased {}: the books do not hold", state.id,
                     state.books.settled, state.books.leased);
    self->quit(caf::exit_reason::unhandled_exception);  // reload from what is durable
    return;
  }
  state.booking[bid];
  storage::Batch batch;
  batch.put(Family::ads, ledger_key(state.id), encode_books(state.books));
  batch.put(Family::ads, bill_key(state.id, bid), encode_bill(notice.price, now));
  batch.append({"campaign/" + state.id, "troupe.ads.impression.billed.v1",
                event_json(state, {{"bid", bid}, {"price_nanos", notice.price}})});
  actors::persist(
      self, state.context->writer, std::move(batch),
      [self, bid, promise](const auto& done) mutable {
        auto waiting = self->state.booking.extract(bid);
        if (done.ok()) {
          for (auto& retry : waiting.mapped()) answer(retry, false);
          return answer(promise, true);
        }
        for (auto& retry : waiting.mapped()) answer(retry, actors::to_caf(done.error()));
        answer(promise, actors::to_caf(done.error()));
        self->quit(
            caf::exit_reason::unhandled_exception);  // the books in memory are ahead of the disk
      });
}

BoolPromise bill(Self self, const Notice& notice) {
  BoolPromise promise = self->make_response_promise<bool>();
  when_loaded(self, promise, [self, notice, promise] { settle(self, notice, promise); });
  return promise;
}

BoolPromise win(Self self, const Notice& notice) {
  BoolPromise promise = self->make_response_promise<bool>();
  when_loaded(self, promise, [self, notice, promise]() mutable {
    auto& state = self->state;
    ++state.books.wins;
    storage::Batch batch;
    batch.put(Family::ads, ledger_key(state.id), encode_books(state.books));
    batch.append(
        {"campaign/" + state.id, "troupe.ads.auction.won.v1",
         event_json(state, {{"bid", notice.bid.to_string()}, {"price_nanos", notice.price}})});
    actors::persist(self, state.context->writer, std::move(batch),
                    [promise](const auto& done) mutable {
                      if (done.ok()) return answer(promise, true);
                      answer(promise, actors::to_caf(done.error()));
                    });
  });
  return promise;
}

/// Returns what was promised and never billed.
void expire(Self self) {
  auto& state = self->state;
  const auto now = state.context->now_ms();
  state.allowance->expire(now);
  if (state.inherited > 0 && now >= state.inherited_until_ms) {
    state.allowance->grant(std::exchange(state.inherited, 0));
  }
  // One that found too little may ask again now.
  if (state.campaign && ledger(state).next_lease(1) > 0) state.allowance->refill_asked = false;
}

}  // namespace

CampaignActor::behavior_type campaign_actor(Self self, actors::Context* context,
                                            std::shared_ptr<CampaignBook> book, std::string id) {
  auto& state = self->state;
  state.context = context;
  state.book = std::move(book);
  state.id = std::move(id);
  state.epoch = context->now_ms();
  state.allowance = std::make_shared<Allowance>(state.epoch);
  actors::read<Loaded>(
      self, context->reads,
      [id = state.id, now = state.epoch](const storage::Store& store) {
        return load(store, id, now);
      },
      [self](Result<Loaded> loaded) { on_loaded(self, std::move(loaded)); });
  self->delayed_send(self, kExpireEvery, wake_atom::value);
  return {
      [self](create_atom, const CampaignPtr& campaign) { return create(self, campaign); },
      [self](fetch_atom) { return fetch(self); },
      [self](change_atom, const CampaignChangePtr& wanted) { return change(self, wanted); },
      [self](bill_atom, const Notice& notice) { return bill(self, notice); },
      [self](win_atom, const Notice& notice) { return win(self, notice); },
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
