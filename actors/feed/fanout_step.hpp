// What a stretch of the journal means for timelines: read from the store, written by the fan-out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actors/feed/celebrities.hpp"
#include "actors/feed/feed_store.hpp"

namespace troupe::feed {

/// The fan-out's name in the journal's cursors.
inline constexpr const char* kFanoutConsumer = "feed-fanout";
/// Posts of a newly followed account that appear at once.
inline constexpr std::size_t kBackfillPosts = 20;

struct FanoutLimits {
  std::size_t celebrity_followers = 10'000;  ///< above: merged at read instead of pushed
  std::size_t timeline_keep = 800;           ///< entries that a trimmed timeline keeps
  std::size_t trim_every = 256;              ///< one in so many insertions looks for what to trim
};

/// One post and those whose timelines get it.
struct Delivery {
  Post post;
  std::vector<std::string> followers;
  bool celebrity = false;              ///< has too many followers: not pushed
  std::vector<std::string> listeners;  ///< of a celebrity: followers who listen right now
};

/// The latest posts of an account that `user` has begun to follow.
struct Backfill {
  std::string user, followed;
  std::vector<Entry> entries;
};

/// Everything of `user`'s timeline that sorts before `oldest_kept` goes.
struct Trim {
  std::string user, oldest_kept;
};

struct FanoutStep {
  std::uint64_t next = 0;  ///< the journal offset after this step
  std::vector<Delivery> deliveries;
  std::vector<Backfill> backfills;
  std::vector<Trim> trims;
  std::size_t unreadable = 0;  ///< events that do not verify: logged and passed over

  [[nodiscard]] bool empty() const noexcept { return deliveries.empty() && backfills.empty(); }
};

/// Reads the events from `from` on (0: from the durable cursor) until enough work for one step is
/// found. `listening`: users with an open notice socket; may be empty. Blocks: for the read pool.
/// Errors: io.
[[nodiscard]] Result<FanoutStep> read_fanout_step(
    const storage::Store& store, std::uint64_t from, const Celebrities& celebrities,
    const FanoutLimits& limits, const std::function<std::vector<std::string>()>& listening);

}  // namespace troupe::feed
