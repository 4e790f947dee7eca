// All that has to do with matches, wired up: game hosts, the fleet, who watches, matchmaking.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "server/domains.hpp"

namespace troupe::server {

class Games {
 public:
  /// Errors: io (a port is taken), invalid_argument (settings), corrupt.
  static Result<std::unique_ptr<Games>> start(const Wiring& wiring);
  ~Games();

  [[nodiscard]] std::uint16_t port() const noexcept;  ///< of the first game host
  /// No new matches; waits until those that go on have ended, at most match.drain_s.
  void drain();
  /// How far that is; empty: nothing drains.
  [[nodiscard]] std::string draining() const;
  /// Sends all players away and takes no more.
  void stop();

 private:
  struct Impl;
  explicit Games(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::server
