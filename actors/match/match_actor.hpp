// The entity of one match.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "actors/match/fairness/conduct.hpp"
#include "actors/match/input_box.hpp"
#include "actors/match/log_book.hpp"
#include "actors/match/match_store.hpp"
#include "actors/match/messages.hpp"
#include "actors/match/places.hpp"
#include "actors/match/screening.hpp"
#include "actors/system/context.hpp"
#include "game/game.hpp"
#include "game/replica.hpp"
#include "game/send_pace.hpp"

namespace prometheus {
class Counter;
class Histogram;
}  // namespace prometheus

namespace troupe::match {

struct MatchOptions {
  int tick_hz = 30;
  int checkpoint_ticks = 30;
  int rejoin_grace_s = 30;
  int spectator_delay_ms = 2'000;  ///< what they see is so old, so that nobody plays by it
  std::size_t max_matches = 2'000;
  game::LensOptions interest = {};
  bool log = true;              ///< ticks are shown once what made them is on disk
  int log_keep_s = 24 * 3'600;  ///< of a match that ended; of one that goes on, its latest
  std::shared_ptr<Places> places = nullptr;      ///< null: there is one host, without bounds
  std::chrono::milliseconds idle_after{60'000};  ///< nobody plays it or asks: it leaves memory
  bool watch = true;                             ///< how players play
};

/// What all matches share.
struct MatchShared {
  /// `spectators` null: nobody can watch.
  MatchShared(actors::Context& context, Output& output, actors::Ticker& ticker,
              MatchOptions options, Spectators* spectators = nullptr);

  actors::Context& context;
  Output& output;
  actors::Ticker& ticker;
  MatchOptions options;
  Spectators* spectators;
  prometheus::Histogram& late_seconds;
  prometheus::Histogram& compute_seconds;
  prometheus::Counter& delta_bytes;
  prometheus::Counter& deltas;
  prometheus::Counter& full_bytes;  ///< what the same snapshots would have taken in full
  prometheus::Counter& tables_bytes;
  prometheus::Counter& paced;  ///< snapshots not sent, since the client's line is full
  prometheus::Counter& dropped_inputs;
  prometheus::Counter& bad_commands;  ///< none of the match's game
  prometheus::Counter& unsafe_ticks;  ///< shown before they were on disk
  LogBook log;
  /// Where the gateways put what clients send; set before the first match, if at all.
  std::shared_ptr<InputBoxes> inputs = std::make_shared<InputBoxes>();
  /// Is told who came in and how they play; set before the first match. Empty: nobody asks.
  std::function<void(const std::string& player, std::shared_ptr<const fairness::Report>)> conduct;
  prometheus::Counter& mismatches;  ///< snapshots that a client reported as wrong
  prometheus::Counter& ended;
};

/// What a match has counted and noticed of one player since it told of it.
using Conduct = fairness::Report;

struct MatchState {
  static constexpr const char* name = "match";

  struct Seat {
    SessionId session = 0;  ///< 0: not connected
    std::string player = {};
    bool welcome = false;  ///< has been told its place
    game::ReplicaSender replica = {};
    std::optional<game::SendPace> pace = {};  ///< from its first snapshot on
    std::unique_ptr<game::Lens> lens = {};    ///< from its first view on that is its own
    std::uint32_t repaired_tick = 0;          ///< reports of snapshots up to it have been heard
    std::uint32_t mismatches = 0;             ///< such reports
    std::deque<Input::Numbered> pending = {};
    Conduct conduct = {};
    std::uint64_t gone_since_ms = 0;
    SessionId gone = 0;  ///< the one that left last: what it had said may come later than that
  };

  std::shared_ptr<MatchShared> shared;
  bool loaded = false;
  bool exists = false;
  bool persisting = false;
  bool ending = false;  ///< the rules say that it is over; the result is on its way to disk
  std::set<std::string> unsaved;               ///< players whose places are not on disk yet
  std::vector<SessionId> to_welcome;           ///< who waits for that
  Checkpoint at;                               ///< info, places, state, epoch: the match itself
  std::deque<std::shared_ptr<HeldTick>> held;  ///< oldest first; at most kMaxHeldTicks
  std::array<Seat, game::kMaxPlayers> seats;
  std::optional<game::TablesAuthor> tables;  ///< of this epoch, from its first tick on
  std::size_t full_bytes = 0;                ///< of a snapshot without a baseline, lately
  Screening screening;
  bool watched = false;                    ///< there is a watcher, if the game has one
  std::unique_ptr<game::Watcher> watcher;  ///< of how all play, from the first tick on
  std::vector<game::Notice> noticed;       ///< its memory is used again
  std::uint64_t ticker_token = 0;
  std::shared_ptr<InputBox> inputs;  ///< while it ticks
  std::vector<InputPtr> taken;       ///< from there
  std::vector<std::function<void()>> early;
};

MatchActor::behavior_type match_actor(MatchActor::stateful_pointer<MatchState> self,
                                      std::shared_ptr<MatchShared> shared, std::string id);

}  // namespace troupe::match
