// Reports the results of tournaments' matches to their tournaments, from the journal.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/system/context.hpp"
#include "actors/tournament/tournament_store.hpp"

namespace troupe::tournament {

inline constexpr std::string_view kResultsConsumer = "tournament.results";

/// What a match that ended says about its pairing.
struct MatchReport {
  std::string match;
  MatchLink link;
  std::string winner;   ///< empty: a draw
  bool decided = true;  ///< false: nobody was there at the end
};

struct ResultsState {
  static constexpr const char* name = "results";
  actors::Context* context = nullptr;
  std::uint64_t next = 0;   ///< journal offset; 0: not read yet
  std::uint64_t saved = 0;  ///< where the cursor on disk is
  std::uint64_t wake_token = 0;
  bool busy = false, more = false;
  std::deque<MatchReport> reports;  ///< of this step, to be told one after the other
};

using look_atom = caf::atom_constant<caf::atom("look")>;

/// The cursor moves when all tournaments of a step have answered. After a crash they are told
/// again, and know the outcome already.
caf::behavior results_actor(caf::stateful_actor<ResultsState>* self, actors::Context* context);

}  // namespace troupe::tournament
