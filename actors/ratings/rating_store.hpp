// Keys and records of ratings.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "actors/ratings/player_rating.hpp"
#include "base/result.hpp"
#include "storage/batch.hpp"
#include "storage/verify.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::ratings {

/// A player's rating in one mode, and by which system.
struct StoredRating {
  System system = System::weng_lin;
  PlayerRating rating;
  friend bool operator==(const StoredRating&, const StoredRating&) = default;
};

void put_rating(storage::Batch& batch, std::string_view player, std::string_view mode,
                const StoredRating& rating);

/// What `player` has in `mode` by `system`; initial(system) when there is nothing, or only what
/// another system made of it. Errors: io, corrupt.
[[nodiscard]] Result<PlayerRating> read_rating(const storage::Store& store, std::string_view player,
                                               std::string_view mode, System system);
/// All modes of `player`, by name. Errors: io, corrupt.
[[nodiscard]] Result<std::map<std::string, StoredRating>> read_ratings(const storage::Store& store,
                                                                       std::string_view player);

void add_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::ratings
