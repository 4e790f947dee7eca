// Keys and records of tournaments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/tournament/tournament.hpp"
#include "storage/batch.hpp"
#include "storage/verify.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::tournament {

void put_definition(storage::Batch& batch, const Definition& definition);
void put_step(storage::Batch& batch, std::string_view tournament, std::uint32_t number,
              const Step& step);

/// Whose result a match will be.
struct MatchLink {
  std::string tournament;
  Place place;
};
void put_link(storage::Batch& batch, std::string_view match, const MatchLink& link);
void erase_link(storage::Batch& batch, std::string_view match);
/// Nothing for a match of no tournament. Errors: io, corrupt.
[[nodiscard]] Result<std::optional<MatchLink>> read_link(const storage::Store& store,
                                                         std::string_view match);

/// A tournament and how many steps made it.
struct Stored {
  Tournament tournament;
  std::uint32_t steps = 0;
};
/// Nothing when there is none. Errors: io, corrupt.
[[nodiscard]] Result<std::optional<Stored>> read_tournament(const storage::Store& store,
                                                            std::string_view id);
/// Definitions in the order of their ids, after `after`. Errors: io, corrupt.
[[nodiscard]] Result<std::vector<Definition>> read_definitions(const storage::Store& store,
                                                               std::string_view after,
                                                               std::size_t limit);
void add_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::tournament
