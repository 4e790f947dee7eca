// Sea battle as a Game.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "game/delta_game.hpp"
#include "game/sea/rules.hpp"
#include "game/sea/sight.hpp"

namespace troupe::game::sea {

[[nodiscard]] const Game& sea_game() noexcept;

/// Three bytes: u8 kind; u8 cell; u8 ship | down << 3. A player who wants nothing sends `none`.
[[nodiscard]] PackedCommand pack(const Order& order);
/// Of pack() or verify().
[[nodiscard]] Order unpack(const PackedCommand& command);
/// Nothing when these bytes are none. Whether it is a legal move, the table knows.
[[nodiscard]] std::optional<PackedCommand> verify(std::string_view bytes);

using SeaView = ViewOf<Sight>;
/// Of a view of this game.
[[nodiscard]] inline const Sight& sight_of(const View& view) {
  return shown_of<Sight>(view);
}

class SeaState final : public State {
 public:
  explicit SeaState(const Table& begun) : table(begun) {}
  [[nodiscard]] std::unique_ptr<State> clone() const override {
    return std::make_unique<SeaState>(*this);
  }
  [[nodiscard]] std::uint32_t tick() const override { return table.tick; }
  [[nodiscard]] std::uint64_t hash() const override;
  [[nodiscard]] std::string encode() const override { return encode_table(table); }
  void enter(int slot) override { take_seat(table, slot); }
  void leave(int slot) override { leave_seat(table, slot); }
  [[nodiscard]] bool taken(int slot) const override;
  /// Once both have come: who runs away loses on time.
  [[nodiscard]] bool keeps(int slot) const override;
  void step(const Commands& commands) override;
  /// 1: has won.
  [[nodiscard]] int score(int slot) const override;
  [[nodiscard]] bool over() const override { return table.phase == Phase::over; }

  Table table;
};

}  // namespace troupe::game::sea
