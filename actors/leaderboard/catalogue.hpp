// All leaderboards that there are: what they are, not who stands where.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/leaderboard/leaderboard_store.hpp"

namespace troupe::storage {
class Store;
class Writer;
}  // namespace troupe::storage

namespace troupe::leaderboard {

/// More than any game has modes; a definition is some 200 bytes.
inline constexpr std::size_t kMaxBoards = 10'000;

/// Thread-safe.
class Catalogue : public std::enable_shared_from_this<Catalogue> {
 public:
  explicit Catalogue(storage::Writer& writer) : writer_(writer) {}

  /// Reads what is stored. Blocks: at start. Errors: io, corrupt.
  Result<void> load(const storage::Store& store);

  [[nodiscard]] std::optional<Definition> find(const std::string& board) const;
  /// Up to `limit` in order of their ids, after `after`.
  [[nodiscard]] std::vector<Definition> list(const std::string& after, std::size_t limit) const;
  /// Boards that show the ratings of `mode`.
  [[nodiscard]] std::vector<Definition> rated(const std::string& mode) const;

  enum class Outcome : std::uint8_t { made, updated, same };
  using Done = std::function<void(const Result<Outcome>&)>;
  /// Makes a board, or changes how many seasons it keeps. `done` runs when that is durable, on any
  /// thread. Errors: conflict (it is another kind of board, or is being defined just now),
  /// overloaded (kMaxBoards), and those of the writer.
  void define(Definition wanted, const Done& done);

 private:
  /// Whether `wanted` may be written, and what it is called if there is nothing to write.
  Result<std::optional<Outcome>> admit(Definition& wanted);

  storage::Writer& writer_;
  mutable std::mutex mutex_;
  std::map<std::string, Definition> boards_;
  std::map<std::string, Definition> underway_;
};

}  // namespace troupe::leaderboard
