#include "actors/feed/fanout_actor.hpp"

#include <caf/send.hpp>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "actors/feed/feed_page.hpp"
#include "actors/system/persist.hpp"
#include "base/metrics.hpp"
#include "storage/journal.hpp"

namespace troupe::feed {
namespace {

using Self = caf::stateful_actor<FanoutState>*;

constexpr const char* kConsumer = "feed-fanout";
constexpr std::size_t kEventsPerStep = 256;
constexpr std::size_t kFollowersPerPage = 2'000;
constexpr auto kRetryAfter = std::chrono::milliseconds(500);

struct Delivery {
  Post post;
  std::vector<std::string> followers;
  bool celebrity = false;  ///< has too many followers: not pushed
};

struct Step {
  std::uint64_t next = 0;
  std::vector<Delivery> deliveries;
};

/// Reads a stretch of the journal and who is to get its posts.
Result<Step> read_step(const storage::Store& store, std::uint64_t from, const FeedShared& shared,
                       std::size_t threshold) {
  Step step;
  step.next = from;
  if (from == 0) {
    auto at = storage::cursor(store, kConsumer);
    if (!at.ok()) return at.error();
    step.next = *at;
  }
  auto events = storage::read_journal(store, step.next, kEventsPerStep);
  if (!events.ok()) return events.error();
  std::size_t inserts = 0;
  for (const auto& event : *events) {
    step.next = event.offset + 1;
    if (event.type != kPostCreated) continue;
    auto post = decode_post(event.payload);
    if (!post)
      return error(ErrorCode::corrupt,
                   "post event " + std::to_string(event.offset) + " does not verify");
    Delivery delivery{std::move(*post), {}, false};
    delivery.celebrity = shared.celebrities.contains(delivery.post.author);
    if (!delivery.celebrity) {
      auto followers = read_followers(store, delivery.post.author, {}, threshold + 1);
      if (!followers.ok()) return followers.error();
      delivery.followers = std::move(*followers);
      if (delivery.followers.size() > threshold) {
        delivery.celebrity = true;
        delivery.followers.clear();
      }
    }
    inserts += delivery.followers.size();
    step.deliveries.push_back(std::move(delivery));
    if (inserts >= kFollowersPerPage * 4) break;  // bounds the batches of one step
  }
  return step;
}

void start_step(Self self);

void finish_step(Self self, const Step& step) {
  auto& state = self->state;
  state.next = step.next;
  for (const auto& delivery : step.deliveries) {
    if (delivery.celebrity) continue;
    const auto id = parse_id(delivery.post.id);
    if (!id) continue;
    const Entry entry{*id, author_hash(delivery.post.author)};
    for (const auto& follower : delivery.followers) {
      state.shared->context.entities.nudge(kFeedKind, follower,
                                           caf::make_message(pushed_atom::value, entry));
    }
    if (state.options.on_delivered) state.options.on_delivered(delivery.followers, delivery.post);
  }
}

void retry_later(Self self, const std::string& why) {
  spdlog::warn("fan-out waits: {}", why);
  self->state.busy = false;
  self->delayed_send(self, kRetryAfter, step_atom::value);
}

/// Writes the step's timeline records in batches of bounded size, the cursor with the last.
void write_step(Self self, std::shared_ptr<const Step> step) {
  auto& state = self->state;
  auto& context = state.shared->context;
  storage::Batch batch;
  std::size_t in_batch = 0, written = 0;
  for (const auto& delivery : step->deliveries) {
    if (delivery.celebrity) state.shared->celebrities.add(delivery.post.author, batch);
    for (const auto& follower : delivery.followers) {
      put_timeline(batch, follower, delivery.post.id, delivery.post.author);
      ++written;
      if (++in_batch < kFollowersPerPage) continue;
      in_batch = 0;
      // Refused now: all of it again later. Accepted and then failed: the last batch fails as well.
      if (!context.writer.submit(std::move(batch), {}).ok())
        return retry_later(self, "the write queue is full");
      batch = storage::Batch();
    }
  }
  context.metrics
      .counter("troupe_feed_timeline_inserts_total", "Entries put on followers' timelines")
      .Increment(static_cast<double>(written));
  batch.advance_cursor(kConsumer, step->next);
  actors::persist(self, context.writer, std::move(batch), [self, step](const auto& done) {
    auto& s = self->state;
    s.busy = false;
    if (!done.ok()) return retry_later(self, done.error().detail);
    finish_step(self, *step);
    self->send(self, step_atom::value);
  });
}

void start_step(Self self) {
  auto& state = self->state;
  if (state.busy) {
    state.more = true;
    return;
  }
  state.busy = true;
  state.more = false;
  actors::read<Step>(
      self, state.shared->context.reads,
      [from = state.next, shared = state.shared, threshold = state.options.celebrity_followers](
          const storage::Store& store) { return read_step(store, from, *shared, threshold); },
      [self](Result<Step> step) {
        auto& s = self->state;
        if (!step.ok()) return retry_later(self, step.error().detail);
        const bool progress = step->next != s.next && s.next != 0;
        if (step->deliveries.empty() && !progress) {
          s.next = step->next;
          s.busy = false;
          if (s.more) start_step(self);
          return;
        }
        write_step(self, std::make_shared<const Step>(std::move(*step)));
      });
}

}  // namespace

caf::behavior fanout_actor(Self self, std::shared_ptr<FeedShared> shared, FanoutOptions options) {
  auto& state = self->state;
  state.shared = std::move(shared);
  state.options = std::move(options);
  state.wake_token = state.shared->context.writer.on_appended(
      [weak = caf::actor_cast<caf::weak_actor_ptr>(self)](std::uint64_t) {
        if (const auto strong = weak.lock())
          caf::anon_send(caf::actor_cast<caf::actor>(strong), step_atom::value);
      });
  self->attach_functor([token = state.wake_token, context = &state.shared->context] {
    context->writer.unsubscribe(token);
  });
  self->send(self, step_atom::value);
  return {[self](step_atom) { start_step(self); }};
}

}  // namespace troupe::feed
