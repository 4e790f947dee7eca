// Fan-out: follows the journal and puts each new post on the timelines of its author's followers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/feed/fanout_step.hpp"
#include "actors/feed/feed_actor.hpp"

namespace troupe::feed {

struct FanoutOptions {
  FanoutLimits limits;
  /// Called when a post can be read on these users' timelines, durably: for live notices. Must not
  /// block.
  std::function<void(const std::vector<std::string>& users, const Post& post)> on_delivered;
  /// Users who listen for notices: those among them who follow a celebrity are told of its posts.
  /// Any thread; bounded by its owner.
  std::function<std::vector<std::string>()> listening;
};

struct FanoutState {
  static constexpr const char* name = "fanout";
  std::shared_ptr<FeedShared> shared;
  FanoutOptions options;
  std::uint64_t next = 0;  ///< journal offset; 0: not read yet
  bool busy = false;
  bool more = false;  ///< events came while busy
  std::uint64_t wake_token = 0;
};

using step_atom = caf::atom_constant<caf::atom("step")>;

/// Delivers each event exactly once: the timeline records and the cursor move in one batch, and a
/// record that is written again after a crash is the same record. A post for many followers takes
/// several batches; the cursor moves with the last. Works through one chunk of the journal at a
/// time, so a slow disk slows it down and nothing piles up.
caf::behavior fanout_actor(caf::stateful_actor<FanoutState>* self,
                           std::shared_ptr<FeedShared> shared, FanoutOptions options);

}  // namespace troupe::feed
