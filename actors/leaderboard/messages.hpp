// What others may send to leaderboards. Local messages: payloads are shared, not copied.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>

#include "actors/leaderboard/leaderboard_store.hpp"
#include "actors/system/entity.hpp"

namespace troupe::leaderboard {

inline constexpr const char* kLeaderboardKind = "leaderboard";  ///< id: see season_id

using submit_atom = caf::atom_constant<caf::atom("submit")>;
using withdraw_atom = caf::atom_constant<caf::atom("withdraw")>;
using apply_atom = caf::atom_constant<caf::atom("apply")>;
using list_atom = caf::atom_constant<caf::atom("list")>;
using around_atom = caf::atom_constant<caf::atom("around")>;
using among_atom = caf::atom_constant<caf::atom("among")>;

/// A season of a board is an entity of its own: the next one starts empty, the last one stays.
[[nodiscard]] std::string season_id(const std::string& board, std::uint32_t season);

struct Submission {
  std::string player;
  std::int64_t score = 0;
  std::string idempotency_key;  ///< empty: none
};
struct Submitted {
  Standing standing;     ///< now
  bool changed = false;  ///< by this submission, at its first arrival
};
using SubmittedPtr = std::shared_ptr<const Submitted>;

/// Points out of the journal; one that was applied before is passed over.
struct Points {
  std::uint64_t offset = 0;  ///< ascending
  std::string player;
  std::int64_t score = 0;
};
using PointsPtr = std::shared_ptr<const std::vector<Points>>;

/// A place in the list, as the last row of a page names it.
struct Place {
  std::int64_t score = 0;
  std::uint64_t sequence = 0;
};
struct ListQuery {
  std::optional<Place> after;
  std::size_t limit = 50;
};
struct Listing {
  std::vector<Standing> rows;
  std::optional<Place> next;  ///< nothing at the end
  std::uint64_t total = 0;    ///< players on the board
};
using ListingPtr = std::shared_ptr<const Listing>;
using Players = std::vector<std::string>;

/// One season of one leaderboard.
using LeaderboardActor = caf::typed_actor<
    caf::replies_to<submit_atom, Submission>::with<SubmittedPtr>,
    caf::replies_to<withdraw_atom, std::string>::with<bool>,      ///< false: was not on it
    caf::replies_to<apply_atom, PointsPtr>::with<std::uint64_t>,  ///< the last offset applied
    caf::replies_to<list_atom, ListQuery>::with<ListingPtr>,
    caf::replies_to<around_atom, std::string, std::uint64_t>::with<ListingPtr>,
    caf::replies_to<among_atom, Players>::with<ListingPtr>,  ///< best first; unknown ones left out
    caf::reacts_to<actors::passivate_atom>>;

}  // namespace troupe::leaderboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::leaderboard::Submission)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::leaderboard::SubmittedPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::leaderboard::PointsPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::leaderboard::ListQuery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::leaderboard::ListingPtr)
