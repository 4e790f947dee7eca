// Viewers as a public server gets them: that stop reading, read slowly, come and go, or send
// rubbish. Nothing is asked of them but that they do not harm others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/endpoint.hpp"

namespace troupe::sim {

struct MisfitCounts {
  int stalled = 0;   ///< watch and never read
  int slow = 0;      ///< read a message each 250 ms
  int flapping = 0;  ///< watch for up to 1.5 s, drop the connection, come again
  int hostile = 0;   ///< oversized frames, unmasked ones, endless heads, random bytes
  [[nodiscard]] int all() const noexcept { return stalled + slow + flapping + hostile; }
};

/// One thread with all of them, from construction to destruction.
class Misfits {
 public:
  Misfits(const Endpoint& endpoint, const std::string& session_id, const MisfitCounts& counts);
  ~Misfits();
  Misfits(const Misfits&) = delete;
  Misfits& operator=(const Misfits&) = delete;

  /// Thread-safe.
  [[nodiscard]] std::uint64_t connections() const noexcept;
  /// Of those, ended by the server.
  [[nodiscard]] std::uint64_t turned_away() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim
