// A client of the game protocol that sends whatever it is told to: for those who cheat.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "game/packed_command.hpp"
#include "game/wire.hpp"

namespace troupe::sim {

class RawPlayer {
 public:
  /// Connects; says nothing yet. Errors: io, invalid_argument.
  static Result<std::unique_ptr<RawPlayer>> connect(const std::string& host, std::uint16_t port);
  ~RawPlayer();

  /// Serves the socket for `ms`.
  void service(std::uint32_t ms);
  void hello(const std::string& token);
  void commands(std::uint32_t first_sequence, const std::vector<game::PackedCommand>& commands);
  /// Any bytes.
  void send(std::string_view bytes, bool reliable);

  [[nodiscard]] bool connected() const noexcept;
  [[nodiscard]] int slot() const noexcept;  ///< -1 before the Welcome
  [[nodiscard]] std::uint64_t snapshots() const noexcept;
  [[nodiscard]] std::uint32_t newest_tick() const noexcept;
  /// The newest of its commands that the server used.
  [[nodiscard]] std::uint32_t used() const noexcept;
  /// Why it was sent away; `none` while it was not.
  [[nodiscard]] game::Goodbye goodbye() const noexcept;

 private:
  struct Impl;
  explicit RawPlayer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim
