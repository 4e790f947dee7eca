// Damaged packets in live sessions: ENet's commands and what they carry, mutated by a seed.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sim/endpoint.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"

namespace troupe::sim {

using Packet = std::vector<std::uint8_t>;

/// What a client can send after the head of a datagram, one of each of ENet's commands.
[[nodiscard]] std::vector<Packet> packet_seeds();

/// Pure: the same packets for the same seed and corpus.
class PacketMutator {
 public:
  /// `corpus` must not be empty.
  PacketMutator(std::vector<Packet> corpus, std::uint64_t seed)
      : corpus_(std::move(corpus)), random_(seed) {}
  /// At most 1,300 bytes, at least one.
  [[nodiscard]] Packet next();

 private:
  void mutate(Packet& packet);
  [[nodiscard]] std::size_t below(std::size_t bound) { return random_() % bound; }

  std::vector<Packet> corpus_;
  std::mt19937_64 random_;
};

struct PacketFuzzOptions {
  std::chrono::seconds duration{60};
  double per_second = 800;  ///< what the gate lets through of one address
  int players = 8;          ///< of a match that is played meanwhile
  std::uint64_t seed = 1;
  std::string corpus;  ///< a directory; more to begin with. Empty: packet_seeds() only
  std::string keep;    ///< where the last packets go when a check failed; empty: nowhere
};

/// Opens sessions by hand, sends mutated packets in them and over their ends, and checks that the
/// server lives, that others play on with right checksums, and that nothing is left. Errors: what
/// kept it from starting.
Result<Section> run_packet_fuzz(const Endpoint& endpoint, const PacketFuzzOptions& options,
                                Progress& progress, const std::atomic<bool>& stop);

}  // namespace troupe::sim
