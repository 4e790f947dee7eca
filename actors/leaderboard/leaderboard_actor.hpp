// The entity of one season of one leaderboard: the board in memory, its changes on disk first.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "actors/leaderboard/catalogue.hpp"
#include "actors/leaderboard/messages.hpp"
#include "actors/system/context.hpp"

namespace troupe::leaderboard {

struct LeaderboardOptions {
  /// About 75 bytes of memory each; a board that is full takes no new players.
  std::uint64_t max_entries = 10'000'000;
};

/// What all leaderboards share.
struct LeaderboardShared {
  actors::Context& context;
  std::shared_ptr<Catalogue> catalogue;
  LeaderboardOptions options;
};

/// A change that waits for its turn, and who is told.
struct Change {
  struct Withdrawal {
    std::string player;
  };
  std::variant<Submission, PointsPtr, Withdrawal> what;
  std::function<void(const Error&)> refuse;
  std::function<void()> done;  ///< it is durable and in the board
  bool changed = false;
};

struct LeaderboardState {
  static constexpr const char* name = "leaderboard";

  std::shared_ptr<LeaderboardShared> shared;
  Definition definition;
  std::uint32_t season = 0;
  std::shared_ptr<Board> board;  ///< null until it is loaded
  std::uint64_t applied = 0;     ///< offset of the last event whose points are in
  std::deque<std::shared_ptr<Change>> waiting;
  bool busy = false;     ///< a round of changes is on its way to disk
  bool leaving = false;  ///< ends after that
  std::vector<std::function<void()>> early;
};

LeaderboardActor::behavior_type leaderboard_actor(
    LeaderboardActor::stateful_pointer<LeaderboardState> self,
    std::shared_ptr<LeaderboardShared> shared, const std::string& id);

}  // namespace troupe::leaderboard
