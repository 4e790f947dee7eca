// The entities of the feed domain.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "actors/feed/celebrities.hpp"
#include "actors/feed/messages.hpp"
#include "actors/feed/timeline.hpp"
#include "actors/system/context.hpp"

namespace troupe::feed {

/// Entries of a timeline held in memory: ten pages of twenty. Older ones are read from disk.
inline constexpr std::size_t kTimelineInMemory = 200;
inline constexpr std::size_t kMaxFollowing = 10'000;

/// What the active feeds share.
struct FeedShared {
  actors::Context& context;
  Celebrities celebrities;
};

struct FeedState {
  static constexpr const char* name = "feed";

  std::shared_ptr<FeedShared> shared;
  std::string id;
  bool loaded = false;
  bool exists = false;
  Timeline timeline{kTimelineInMemory};
  std::vector<std::uint64_t> following;      ///< author_hash, sorted; own posts count as followed
  std::vector<std::function<void()>> early;  ///< requests that came before the state was read
  Id last_post;  ///< own posts ascend, on whatever thread and in whatever millisecond
  std::set<std::string> posting;  ///< idempotency keys under way
};

FeedActor::behavior_type feed_actor(FeedActor::stateful_pointer<FeedState> self,
                                    std::shared_ptr<FeedShared> shared, std::string id);
HandleActor::behavior_type handle_actor(HandleActor::pointer self,
                                        std::shared_ptr<FeedShared> shared, std::string handle);

}  // namespace troupe::feed
