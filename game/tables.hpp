// What a match has learned of its deltas, as tables that its clients are told: all who have the
// same tables and baseline can be sent the same bytes. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "game/game.hpp"

namespace troupe::game {

/// Versions count from 1; 0 is the empty model, which needs no telling.
using TablesVersion = std::uint32_t;

/// Both sides know the last so many; a client that has none of them is coded for with version 0.
inline constexpr std::uint32_t kKnownTables = 6;

/// Three bits that tell kKnownTables versions and 0 apart.
[[nodiscard]] constexpr std::uint8_t short_version(TablesVersion version) noexcept {
  return static_cast<std::uint8_t>(version == 0 ? 0 : (version - 1) % 7 + 1);
}

/// As they travel, on the reliable channel.
struct PackedTables {
  std::uint8_t epoch = 0;
  TablesVersion version = 0;
  std::string bytes;
  std::uint32_t checksum = 0;  ///< checksum() of all before
};
[[nodiscard]] std::uint32_t checksum(const PackedTables& tables) noexcept;

/// The server's side: one for all clients of a match.
class TablesAuthor {
 public:
  TablesAuthor(const Game& game, std::uint8_t epoch);
  [[nodiscard]] const Game& game() const noexcept { return game_; }
  /// Learns from a delta as it is sent to a client; one in kLearnEvery ticks is enough.
  /// Returns true when it has made new tables: by then the old ones had cost as many bytes as it
  /// takes to tell new ones.
  bool learn(const View& from, const View& to);
  static constexpr std::uint32_t kLearnEvery = 4;

  /// To be told to every client; version 0 when there are none yet.
  [[nodiscard]] const PackedTables& newest() const noexcept { return packed_; }
  /// The version to code with for a client that has `acknowledged`.
  [[nodiscard]] TablesVersion usable(TablesVersion acknowledged) const noexcept;
  /// Of a version that usable() returned.
  [[nodiscard]] const Model& model(TablesVersion version) const;

 private:
  struct Known {
    TablesVersion version = 0;
    std::shared_ptr<const Model> model;
  };
  const Game& game_;
  std::shared_ptr<const Model> empty_;
  std::unique_ptr<Model> learning_;
  std::deque<Known> known_;  ///< oldest first, at most kKnownTables
  PackedTables packed_;
  std::int64_t wasted_ = 0;  ///< bytes to each client by the newest tables beyond `learning_`
};

/// The client's side.
class TablesReader {
 public:
  explicit TablesReader(const Game& game);
  /// Tables of another epoch replace all. Damaged ones are left out.
  void take(const PackedTables& tables);
  /// Nothing when they are not known; the empty model for 0.
  [[nodiscard]] const Model* find(std::uint8_t epoch, std::uint8_t short_version) const;
  /// The newest of this epoch; 0: none.
  [[nodiscard]] TablesVersion newest(std::uint8_t epoch) const noexcept;

 private:
  struct Known {
    TablesVersion version = 0;
    std::shared_ptr<const Model> model;
  };
  const Game& game_;
  std::shared_ptr<const Model> empty_;
  std::uint8_t epoch_ = 0;
  std::deque<Known> known_;  ///< oldest first, at most kKnownTables
};

}  // namespace troupe::game
