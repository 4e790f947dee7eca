// What matchmaking leaves for the settlement: in which mode a match is played, and by whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "storage/batch.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::ratings {

struct MadeMatch {
  std::string mode;
  std::vector<std::vector<std::string>> sides;  ///< players
  std::uint64_t made_ms = 0;
  friend bool operator==(const MadeMatch&, const MadeMatch&) = default;
};

[[nodiscard]] std::string encode_made(const MadeMatch& made);
/// Nothing when the bytes fail verification.
[[nodiscard]] std::optional<MadeMatch> decode_made(std::string_view bytes);

void put_made(storage::Batch& batch, std::string_view match, const MadeMatch& made);
/// Once it is settled, or was not to be.
void erase_made(storage::Batch& batch, std::string_view match);
/// Nothing for a match that players made themselves. Errors: io, corrupt.
[[nodiscard]] Result<std::optional<MadeMatch>> read_made(const storage::Store& store,
                                                         std::string_view match);

}  // namespace troupe::ratings
