#include "actors/live/poll_keeper.hpp"

#include <boost/json.hpp>

#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/system/persist.hpp"

namespace troupe::live {
namespace {

constexpr std::chrono::milliseconds kTallyEvery{1'000};

std::string announcement(const Poll& poll) {
  auto out = poll_json(poll);
  out["type"] = "poll";
  return boost::json::serialize(out);
}

}  // namespace

PollKeeper::PollKeeper(caf::event_based_actor* self, std::shared_ptr<const Shared> shared,
                       std::string id, StoredPolls stored)
    : self_(self), shared_(std::move(shared)), id_(std::move(id)), desk_(id_, std::move(stored)) {
  await_end();
}

void PollKeeper::await_end() {
  const auto* poll = desk_.running();
  if (poll == nullptr || poll->closes_ms == 0) return;
  const auto now_ms = shared_->context.now_ms();
  const std::chrono::milliseconds left(poll->closes_ms > now_ms ? poll->closes_ms - now_ms : 0);
  self_->delayed_send(self_, left, poll_due_atom::value);
}

void PollKeeper::store(storage::Batch batch,
                       std::function<void(const Result<storage::Committed>&)> then) {
  actors::persist(self_, shared_->context.writer, std::move(batch),
                  [this, then = std::move(then)](const Result<storage::Committed>& done) {
                    then(done);
                    // It is in effect and not stored: what is stored counts.
                    if (!done.ok()) self_->quit(caf::exit_reason::unhandled_exception);
                  });
}

void PollKeeper::tell(const Poll& poll) {
  told_ = std::chrono::steady_clock::now();
  shared_->output.text(id_, announcement(poll));
}

void PollKeeper::store_closed(PollDesk::Change change) {
  store(std::move(change.batch),
        [this, poll = std::move(change.poll)](const Result<storage::Committed>& done) {
          if (done.ok()) tell(poll);
        });
}

void PollKeeper::on_due() {
  if (auto closed = desk_.close_due(shared_->context.now_ms()))
    store_closed(std::move(*closed));
  else
    await_end();  // Another poll's, or a clock that was set.
}

void PollKeeper::close_running() {
  const auto* poll = desk_.running();
  if (poll == nullptr) return;
  auto closed = desk_.close(poll->by, poll->number, shared_->context.now_ms());
  if (closed.ok()) store_closed(std::move(*closed));
}

void PollKeeper::tell_tally() {
  if (telling_) return;
  telling_ = true;
  const auto since = std::chrono::steady_clock::now() - told_;
  if (since >= kTallyEvery) return on_tally();
  self_->delayed_send(self_,
                      std::chrono::duration_cast<std::chrono::milliseconds>(kTallyEvery - since) +
                          std::chrono::milliseconds(1),
                      poll_tally_atom::value);
}

void PollKeeper::on_tally() {
  telling_ = false;
  if (const auto* poll = desk_.running()) tell(*poll);
}

Result<PollDesk::Change> PollKeeper::change(const Caller& caller, bool moderates,
                                            const PollAct& what) {
  const auto now_ms = shared_->context.now_ms();
  if (const auto* vote = std::get_if<CastVote>(&what))
    return desk_.vote(caller.user, *vote, now_ms, std::chrono::steady_clock::now());
  if (!moderates) return error(ErrorCode::forbidden, "only moderators and the owner");
  if (const auto* close = std::get_if<ClosePoll>(&what))
    return desk_.close(caller.user, close->number, now_ms);
  return desk_.open(caller.user, std::get<OpenPoll>(what), now_ms);
}

caf::result<PollView> PollKeeper::act(const Caller& caller, bool moderates, const PollAct& what) {
  auto made = change(caller, moderates, what);
  if (!made.ok()) return actors::to_caf(made.error());
  if (std::holds_alternative<OpenPoll>(what)) await_end();
  PollView view{std::move(made->poll), std::nullopt};
  const bool vote = std::holds_alternative<CastVote>(what);
  if (vote) view.mine = static_cast<std::uint32_t>(std::get<CastVote>(what).option);
  auto promise = self_->make_response_promise<PollView>();
  store(std::move(made->batch),
        [this, promise, vote, view](const Result<storage::Committed>& done) mutable {
          if (!done.ok()) {
            promise.deliver(actors::to_caf(done.error()));
            return;
          }
          if (vote)
            tell_tally();
          else
            tell(view.poll);
          promise.deliver(std::move(view));
        });
  return promise;
}

PollList PollKeeper::list(const Caller& caller) {
  PollList out;
  const auto& polls = desk_.polls();
  for (auto poll = polls.rbegin(); poll != polls.rend(); ++poll)
    out.push_back({*poll, poll->open() ? desk_.vote_of(caller.user) : std::nullopt});
  return out;
}

std::shared_ptr<const std::string> PollKeeper::greeting() {
  const auto* poll = desk_.running();
  return poll == nullptr ? nullptr : std::make_shared<const std::string>(announcement(*poll));
}

}  // namespace troupe::live
