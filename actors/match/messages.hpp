// What others may send to matches. Local messages: payloads are shared, not copied.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>

#include "actors/match/output.hpp"
#include "actors/system/entity.hpp"
#include "actors/system/ticker.hpp"
#include "game/packed_command.hpp"
#include "game/tables.hpp"

namespace troupe::match {

inline constexpr const char* kMatchKind = "match";

using open_atom = caf::atom_constant<caf::atom("open")>;
using info_atom = caf::atom_constant<caf::atom("info")>;
using enter_atom = caf::atom_constant<caf::atom("enter")>;
using leave_atom = caf::atom_constant<caf::atom("leave")>;
using input_atom = caf::atom_constant<caf::atom("input")>;
/// Sends a player away for good; not an answer to anything.
using kick_atom = caf::atom_constant<caf::atom("kick")>;
/// To itself: writing the result down failed, again.
using finish_atom = caf::atom_constant<caf::atom("finish")>;
/// To itself, through the registry: it is played, although what its clients send comes in a box
/// (input_box.hpp) and not as messages.
using awake_atom = caf::atom_constant<caf::atom("awake")>;

struct RosterRow {
  int slot = 0;
  std::string player;
  bool connected = false;
  int score = 0;
};

struct MatchInfo {
  std::string id, owner;
  std::string game = "arena";  ///< of game::games()
  std::uint64_t created_ms = 0;
  int max_players = 16;
  int tick_hz = 30;  ///< that it began with
  int players = 0;   ///< places taken
  int connected = 0;
  std::uint32_t tick = 0;
  std::vector<RosterRow> roster;  ///< of a match that is asked itself; not in the list
  Rules rules;
  std::uint64_t ended_ms = 0;  ///< 0: it goes on
  std::vector<Placement> result;
  std::string region = {};  ///< where its players want it; empty: anywhere
  std::string host = {};    ///< of the fleet, where it was played last; empty: nowhere
};
using InfoPtr = std::shared_ptr<const MatchInfo>;

/// A verified client of the gateway.
struct Client {
  SessionId session = 0;
  std::string player;
  bool resumed = false;  ///< its commands are numbered on from an earlier session
};

struct Input {
  Client from;
  std::uint32_t acked_tick = 0;
  std::uint32_t taken = 0;  ///< bit i: it took the snapshot of i + 1 ticks before that
  std::uint8_t epoch = 0;
  game::TablesVersion tables = 0;  ///< the newest that it has of this epoch
  struct Numbered {
    std::uint32_t sequence = 0;
    game::PackedCommand command;
  };
  std::vector<Numbered> commands;  ///< ascending
  /// A snapshot after which the client's state was not the server's.
  struct Mismatch {
    std::uint32_t tick = 0;
    std::uint64_t hash = 0;  ///< game::Game::hash of what the client made of it
  };
  std::optional<Mismatch> mismatch;
};
using InputPtr = std::shared_ptr<const Input>;

/// One match. An input of a client that the match does not know (it was restarted) brings the
/// client in again.
using MatchActor =
    caf::typed_actor<caf::replies_to<open_atom, MatchInfo>::with<InfoPtr>,
                     caf::replies_to<info_atom>::with<InfoPtr>, caf::reacts_to<enter_atom, Client>,
                     caf::reacts_to<leave_atom, Client>, caf::reacts_to<kick_atom, std::string>,
                     caf::reacts_to<input_atom, InputPtr>,
                     caf::reacts_to<actors::tick_atom, std::uint64_t>, caf::reacts_to<finish_atom>,
                     caf::reacts_to<awake_atom>, caf::reacts_to<actors::passivate_atom>>;

}  // namespace troupe::match

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::match::MatchInfo)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::match::InfoPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::match::Client)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::match::InputPtr)
