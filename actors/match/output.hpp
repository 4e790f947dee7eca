// Where a match sends: the gateway, as the match sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/match/result.hpp"
#include "game/tables.hpp"
#include "game/wire.hpp"

namespace troupe::match {

/// Names one connected client of the gateway; never used twice.
using SessionId = std::uint64_t;

/// What a client is told of its place.
struct Welcome {
  int slot = 0;
  int tick_hz = 30;
  std::string match;
  std::string game;
};

/// Implemented by net/udp/message_sink.hpp. Thread-safe, does not block, allocates nothing per
/// receiver beyond the packet's head.
class Output {
 public:
  virtual ~Output() = default;
  /// Newest wins: a snapshot that was not sent yet is replaced. `delta` is shared by all who have
  /// the same baseline.
  virtual void snapshot(SessionId session, const game::SnapshotHead& head,
                        std::shared_ptr<const std::string> delta) = 0;
  /// The result, before a goodbye.
  virtual void ended(SessionId session, const std::vector<Placement>& result) = 0;
  virtual void tables(SessionId session, const game::PackedTables& tables) = 0;
  virtual void welcome(SessionId session, const Welcome& place) = 0;
  virtual void goodbye(SessionId session, game::Goodbye reason) = 0;
};

}  // namespace troupe::match
