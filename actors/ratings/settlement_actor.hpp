// Follows the journal and settles each match into ratings, once.
#pragma once

#include <cstdint>

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/ratings/settlement.hpp"
#include "actors/system/context.hpp"

namespace troupe::ratings {

struct SettlementState {
  static constexpr const char* name = "settlement";
  actors::Context* context = nullptr;
  SettlementOptions options;
  std::uint64_t next = 0;   ///< journal offset; 0: not read yet
  std::uint64_t saved = 0;  ///< where the cursor on disk is
  std::uint64_t wake_token = 0;
  bool busy = false, more = false;
};

using step_atom = caf::atom_constant<caf::atom("step")>;

/// Ratings have no other writer. A step's ratings and the cursor are one batch, and the next step
/// reads only once that is durable: whenever the process dies, each match has been settled once or
/// will be.
caf::behavior settlement_actor(caf::stateful_actor<SettlementState>* self, actors::Context* context,
                               SettlementOptions options);

/// Starts it under the domain's supervisor.
void add_ratings(actors::Context& context, const SettlementOptions& options);

}  // namespace troupe::ratings
