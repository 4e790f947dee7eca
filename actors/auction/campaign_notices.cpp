#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include "actors/auction/campaign_flow.hpp"
#include "actors/system/persist.hpp"
#include "storage/keys.hpp"

namespace troupe::auction {
namespace {

using storage::Family;

/// Retries of one notice that wait for its first write.
constexpr std::size_t kMaxRetries = 16;
/// Win records that one pass of cleaning removes.
constexpr std::size_t kMaxForgotten = 10'000;

std::string event_json(const CampaignState& state, boost::json::object more) {
  more["campaign"] = state.id;
  return boost::json::serialize(more);
}

/// Moves a promised price into the books. False when the promise has expired.
bool take_promise(CampaignState& state, const Notice& notice, std::uint64_t now_ms) {
  if (notice.epoch == state.epoch) return state.allowance->settle(notice.price, notice.expires_ms);
  if (now_ms >= state.inherited_until_ms || state.inherited < notice.price) return false;
  state.inherited -= notice.price;
  return true;
}

/// Waits with the first of its kind while that is being written; true when it does.
bool joined(CampaignState& state, const std::string& key, const BoolPromise& promise) {
  const auto it = state.booking.find(key);
  if (it == state.booking.end()) return false;
  if (it->second.size() >= kMaxRetries) {
    answer(promise, actors::to_caf(error(ErrorCode::overloaded, "retries")));
  } else {
    it->second.push_back(promise);
  }
  return true;
}

/// Commits `batch` and answers `promise` and all that joined it.
void commit(CampaignSelf self, const std::string& key, storage::Batch batch, BoolPromise promise) {
  self->state.booking[key];
  actors::persist(self, self->state.context->writer, std::move(batch),
                  [self, key, promise](const auto& done) {
                    auto waiting = self->state.booking.extract(key);
                    if (done.ok()) {
                      for (auto& retry : waiting.mapped()) answer(retry, false);
                      return answer(promise, true);
                    }
                    for (auto& retry : waiting.mapped())
                      answer(retry, actors::to_caf(done.error()));
                    answer(promise, actors::to_caf(done.error()));
                    // The books in memory are ahead of the disk.
                    self->quit(caf::exit_reason::unhandled_exception);
                  });
}

void bill(CampaignSelf self, const Notice& notice, BoolPromise promise) {
  auto& state = self->state;
  const auto bid = notice.bid.to_string();
  const auto key = bill_key(state.id, bid);
  const auto now = state.context->now_ms();
  if (joined(state, key, promise)) return;
  if (state.billed.contains(bid)) return answer(promise, false);
  if (!state.campaign)
    return answer(promise, actors::to_caf(error(ErrorCode::not_found, "no such campaign")));
  if (notice.expires_ms < now || !take_promise(state, notice, now)) {
    return answer(promise, actors::to_caf(error(ErrorCode::conflict, "the bid has expired")));
  }
  state.billed.insert(bid, now);
  state.books.settled += notice.price;
  ++state.books.bills;
  if (!ledger(state).holds()) {
    spdlog::critical("campaign {}: settled {} leased {}: the books do not hold", state.id,
                     state.books.settled, state.books.leased);
    self->quit(caf::exit_reason::unhandled_exception);  // reload from what is durable
    return;
  }
  storage::Batch batch;
  batch.put(Family::ads, ledger_key(state.id), encode_books(state.books));
  batch.put(Family::ads, key, encode_bill(notice.price, now));
  batch.append({"campaign/" + state.id, "troupe.ads.impression.billed.v1",
                event_json(state, {{"bid", bid}, {"price_nanos", notice.price}})});
  commit(self, key, std::move(batch), promise);
}

void win(CampaignSelf self, const Notice& notice, BoolPromise promise) {
  auto& state = self->state;
  const auto bid = notice.bid.to_string();
  const auto key = win_key(state.id, bid);
  const auto now = state.context->now_ms();
  if (joined(state, key, promise)) return;
  if (state.won.contains(bid)) return answer(promise, false);
  if (!state.campaign)
    return answer(promise, actors::to_caf(error(ErrorCode::not_found, "no such campaign")));
  if (notice.expires_ms < now)
    return answer(promise, actors::to_caf(error(ErrorCode::conflict, "the bid has expired")));
  state.won.insert(bid, now);
  ++state.books.wins;
  storage::Batch batch;
  batch.put(Family::ads, ledger_key(state.id), encode_books(state.books));
  batch.put(Family::ads, key, encode_bill(notice.price, now));
  batch.append({"campaign/" + state.id, "troupe.ads.auction.won.v1",
                event_json(state, {{"bid", bid}, {"price_nanos", notice.price}})});
  commit(self, key, std::move(batch), promise);
}

}  // namespace

BoolPromise book_bill(CampaignSelf self, const Notice& notice) {
  BoolPromise promise = self->make_response_promise<bool>();
  when_loaded(self, promise, [self, notice, promise] { bill(self, notice, promise); });
  return promise;
}

BoolPromise book_win(CampaignSelf self, const Notice& notice) {
  BoolPromise promise = self->make_response_promise<bool>();
  when_loaded(self, promise, [self, notice, promise] { win(self, notice, promise); });
  return promise;
}

void forget_notices(CampaignSelf self, std::uint64_t now_ms) {
  auto& state = self->state;
  state.billed.expire(now_ms, SIZE_MAX);  // the records are the bills themselves: they stay
  const auto old = state.won.expire(now_ms, kMaxForgotten);
  if (old.empty()) return;
  storage::Batch batch;
  for (const auto& bid : old) batch.erase(Family::ads, win_key(state.id, bid));
  // Should this fail, the next activation finds them again.
  actors::persist(self, state.context->writer, std::move(batch), [](const auto&) {});
}

}  // namespace troupe::auction
