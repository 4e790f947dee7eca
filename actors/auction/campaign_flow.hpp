// What the parts of a campaign's entity share: its promises, its waiting room, its notices.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "actors/auction/campaign_actor.hpp"
#include "actors/system/ask.hpp"

namespace troupe::auction {

using CampaignSelf = CampaignActor::stateful_pointer<CampaignState>;
using ViewPromise = caf::typed_response_promise<CampaignViewPtr>;
using BoolPromise = caf::typed_response_promise<bool>;

/// Requests that one campaign keeps while its state is read.
inline constexpr std::size_t kMaxEarly = 1'000;

/// `deliver` returns the promise; this returns nothing, so that handlers can end with `return
/// answer(…)`.
template <class Promise, class Value>
void answer(Promise promise, Value value) {
  promise.deliver(std::move(value));
}

[[nodiscard]] inline Ledger ledger(const CampaignState& state) {
  return {state.campaign ? state.campaign->budget * 1'000 : 0, state.books.leased,
          state.books.settled};
}

/// Runs `work` now, or once the state has been read.
template <class Promise>
void when_loaded(CampaignSelf self, Promise promise, std::function<void()> work) {
  auto& state = self->state;
  if (state.loaded) return work();
  if (state.early.size() >= kMaxEarly) {
    return answer(promise,
                  actors::to_caf(error(ErrorCode::overloaded, "the campaign is starting")));
  }
  state.early.push_back(std::move(work));
}

/// Books a billing notice once per bid. True: booked now; false: was booked before. Answers when it
/// is synced. Errors: conflict (the bid has expired), not_found, overloaded (too many retries).
BoolPromise book_bill(CampaignSelf self, const Notice& notice);
/// Likewise a win notice. It moves no money.
BoolPromise book_win(CampaignSelf self, const Notice& notice);
/// Forgets the bids whose notices can no longer come.
void forget_notices(CampaignSelf self, std::uint64_t now_ms);

}  // namespace troupe::auction
