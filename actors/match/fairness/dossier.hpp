// What is kept of how players play: records and keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/match/fairness/conduct.hpp"
#include "actors/match/fairness/ladder.hpp"
#include "base/result.hpp"
#include "storage/batch.hpp"
#include "storage/verify.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::fairness {

struct Dossier {
  Conduct conduct;
  Standing standing;
  friend bool operator==(const Dossier&, const Dossier&) = default;
};

/// A finding, what followed from it, and where to look.
struct Flag {
  std::string id;  ///< ordered by time
  std::string player;
  std::uint64_t at_ms = 0;
  Finding finding;
  Action action = Action::flag;
  std::vector<Evidence> evidence;
  friend bool operator==(const Flag&, const Flag&) = default;
};

[[nodiscard]] std::string encode_dossier(const Dossier& dossier);
/// Nothing when the bytes fail verification.
[[nodiscard]] std::optional<Dossier> decode_dossier(std::string_view bytes);
[[nodiscard]] std::string encode_flag(const Flag& flag);
[[nodiscard]] std::optional<Flag> decode_flag(std::string_view id, std::string_view bytes);

void put_dossier(storage::Batch& batch, std::string_view player, const Dossier& dossier);
void put_flag(storage::Batch& batch, const Flag& flag);

/// An empty one of who is not known. Errors: io, corrupt.
[[nodiscard]] Result<Dossier> read_dossier(const storage::Store& store, std::string_view player);
/// Oldest first, after the id `after`. Errors: io.
[[nodiscard]] Result<std::vector<Flag>> read_flags(const storage::Store& store,
                                                   std::string_view after, std::size_t most);

void add_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::fairness
