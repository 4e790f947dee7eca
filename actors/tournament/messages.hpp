// What others may send to tournaments. Local messages.
#pragma once

#include <memory>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>

#include "actors/system/entity.hpp"
#include "actors/tournament/tournament.hpp"

namespace troupe::tournament {

inline constexpr const char* kTournamentKind = "tournament";

using open_atom = caf::atom_constant<caf::atom("open")>;
using show_atom = caf::atom_constant<caf::atom("show")>;
using step_atom = caf::atom_constant<caf::atom("step")>;
using start_atom = caf::atom_constant<caf::atom("start")>;

using play_atom = caf::atom_constant<caf::atom("play")>;

using TournamentPtr = std::shared_ptr<const Tournament>;

/// Wants the match of a pairing.
struct Play {
  Place place;
  std::string by;      ///< one of the two; empty: the organiser
  bool again = false;  ///< another one, after a draw
};

/// One tournament. Each answer is how it stands then.
using TournamentActor =
    caf::typed_actor<caf::replies_to<open_atom, Definition>::with<TournamentPtr>,
                     caf::replies_to<show_atom>::with<TournamentPtr>,
                     caf::replies_to<step_atom, Step>::with<TournamentPtr>,
                     caf::replies_to<start_atom>::with<TournamentPtr>,     ///< seeded by rating
                     caf::replies_to<play_atom, Play>::with<std::string>,  ///< the match's id
                     caf::reacts_to<actors::passivate_atom>>;

}  // namespace troupe::tournament

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::tournament::Definition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::tournament::Step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::tournament::TournamentPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::tournament::Play)
