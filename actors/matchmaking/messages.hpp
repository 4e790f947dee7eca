// What others may send to matchmaking. Local messages.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>

#include "actors/matchmaking/desk.hpp"
#include "actors/system/entity.hpp"

namespace troupe::matchmaking {

inline constexpr const char* kMatchmakingKind = "matchmaking";
/// There is one desk for all queues: a player is in one ticket at most.
inline constexpr const char* kDeskId = "desk";

using enter_atom = caf::atom_constant<caf::atom("enter")>;
using accept_atom = caf::atom_constant<caf::atom("accept")>;
using leave_atom = caf::atom_constant<caf::atom("leave")>;
using look_atom = caf::atom_constant<caf::atom("look")>;
using mine_atom = caf::atom_constant<caf::atom("mine")>;
using queues_atom = caf::atom_constant<caf::atom("queues")>;
/// To itself: the next batch is due.
using batch_atom = caf::atom_constant<caf::atom("batch")>;

using ViewPtr = std::shared_ptr<const TicketView>;

/// A queue as everybody may see it.
struct QueueInfo {
  Mode mode;
  std::size_t waiting = 0;
};
struct Queues {
  std::vector<QueueInfo> queues;
  std::vector<std::string> regions;
};
using QueuesPtr = std::shared_ptr<const Queues>;

/// (ticket, player) everywhere: only members see a ticket.
using DeskActor =
    caf::typed_actor<caf::replies_to<enter_atom, Wish>::with<ViewPtr>,
                     caf::replies_to<accept_atom, std::string, PartyMember>::with<ViewPtr>,
                     caf::replies_to<leave_atom, std::string, std::string>::with<ViewPtr>,
                     caf::replies_to<look_atom, std::string, std::string>::with<ViewPtr>,
                     caf::replies_to<mine_atom, std::string>::with<ViewPtr>,  ///< of a player: the
                                                                              ///< open ticket
                     caf::replies_to<queues_atom>::with<QueuesPtr>, caf::reacts_to<batch_atom>,
                     caf::reacts_to<actors::passivate_atom>>;

}  // namespace troupe::matchmaking

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::matchmaking::Wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::matchmaking::PartyMember)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::matchmaking::ViewPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::matchmaking::QueuesPtr)
