#include "actors/feed/fanout_step.hpp"

#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include "storage/journal.hpp"
#include "storage/store.hpp"

namespace troupe::feed {
namespace {

constexpr std::size_t kEventsPerStep = 256;
constexpr std::size_t kInsertsPerStep = 8'000;  ///< bounds the batches of one step

Result<Delivery> read_delivery(const storage::Store& store, Post post,
                               const Celebrities& celebrities, const FanoutLimits& limits,
                               const std::function<std::vector<std::string>()>& listening) {
  Delivery out{std::move(post), {}, false, {}};
  out.celebrity = celebrities.contains(out.post.author);
  if (!out.celebrity) {
    auto followers = read_followers(store, out.post.author, {}, limits.celebrity_followers + 1);
    if (!followers.ok()) return followers.error();
    out.celebrity = followers->size() > limits.celebrity_followers;
    if (!out.celebrity) out.followers = std::move(*followers);
  }
  if (out.celebrity && listening) {
    for (auto& user : listening()) {
      const auto does = is_following(store, user, out.post.author);
      if (!does.ok()) return does.error();
      if (*does) out.listeners.push_back(std::move(user));
    }
  }
  return out;
}

/// Who follows whom since this event; nothing when it does not verify.
std::optional<Backfill> decode_follow(std::string_view payload) {
  boost::system::error_code ec;
  const auto body = boost::json::parse(payload, ec);
  const auto* user = ec || !body.is_object() ? nullptr : body.as_object().if_contains("user");
  const auto* followed = user == nullptr ? nullptr : body.as_object().if_contains("followed");
  if (followed == nullptr || !user->is_string() || !followed->is_string()) return std::nullopt;
  return Backfill{std::string(user->as_string()), std::string(followed->as_string()), {}};
}

Result<void> take_follow(const storage::Store& store, std::string_view payload, FanoutStep& step) {
  auto backfill = decode_follow(payload);
  if (!backfill) {
    ++step.unreadable;
    return {};
  }
  auto entries = read_posts_by(store, backfill->followed, std::nullopt, kBackfillPosts);
  if (!entries.ok()) return entries.error();
  backfill->entries = std::move(*entries);
  step.backfills.push_back(std::move(*backfill));
  return {};
}

/// One in `trim_every` pairs of post and follower, spread evenly, and the same ones after a crash.
bool may_trim(const Id& post, const std::string& follower, std::size_t trim_every) {
  std::uint64_t mix = author_hash(follower);
  for (std::size_t i = 8; i < post.bytes.size(); ++i) mix = mix * 31 + post.bytes[i];
  return mix % trim_every == 0;
}

Result<void> find_trims(const storage::Store& store, const Delivery& delivery,
                        const FanoutLimits& limits, std::vector<Trim>& out) {
  const auto post = parse_id(delivery.post.id);
  if (!post) return {};
  for (const auto& follower : delivery.followers) {
    if (!may_trim(*post, follower, limits.trim_every)) continue;
    auto cut = timeline_cut(store, follower, limits.timeline_keep);
    if (!cut.ok()) return cut.error();
    if (*cut) out.push_back({follower, std::move(**cut)});
  }
  return {};
}

}  // namespace

Result<FanoutStep> read_fanout_step(const storage::Store& store, std::uint64_t from,
                                    const Celebrities& celebrities, const FanoutLimits& limits,
                                    const std::function<std::vector<std::string>()>& listening) {
  FanoutStep step;
  step.next = from;
  if (from == 0) {
    const auto at = storage::cursor(store, kFanoutConsumer);
    if (!at.ok()) return at.error();
    step.next = *at;
  }
  auto events = storage::read_journal(store, step.next, kEventsPerStep);
  if (!events.ok()) return events.error();
  std::size_t inserts = 0;
  for (const auto& event : *events) {
    step.next = event.offset + 1;
    if (event.type == kFollowAdded) {
      if (auto done = take_follow(store, event.payload, step); !done.ok()) return done.error();
      inserts += kBackfillPosts;
    } else if (event.type == kPostCreated) {
      auto post = decode_post(event.payload);
      if (!post) {
        spdlog::error("feed: the post event at offset {} does not verify", event.offset);
        ++step.unreadable;
        continue;
      }
      auto delivery = read_delivery(store, std::move(*post), celebrities, limits, listening);
      if (!delivery.ok()) return delivery.error();
      if (auto done = find_trims(store, *delivery, limits, step.trims); !done.ok())
        return done.error();
      inserts += delivery->followers.size();
      step.deliveries.push_back(std::move(*delivery));
    }
    if (inserts >= kInsertsPerStep) break;
  }
  return step;
}

}  // namespace troupe::feed
