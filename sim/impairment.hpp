// A bad network in a box: a UDP proxy that delays, loses, repeats, reorders, damages and holds back
// datagrams by a seed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace troupe::sim {

/// What happens to datagrams of one direction. All probabilities are for each datagram alone.
struct Impairment {
  double latency_ms = 0;
  double jitter_ms = 0;    ///< up to as much more or less, evenly; the order stays
  double loss = 0;         ///< probability, 0 to 1
  double duplicate = 0;    ///< that it comes twice
  double reorder = 0;      ///< that those behind it overtake it
  double reorder_ms = 40;  ///< by coming this much later
  double corrupt =
      0;  ///< that a bit of its last quarter flips; breaks handshakes, so change() to it
  double bytes_per_s = 0;  ///< of the line, with a queue of a quarter of a second; 0: no bound
  friend bool operator==(const Impairment&, const Impairment&) = default;
};

/// "latency=100,jitter=20,loss=0.055,duplicate=0.1,reorder=0.1,reorder-ms=40,corrupt=0.01,rate=9000"
/// in any order, each once. Errors: invalid_argument, naming the part.
[[nodiscard]] Result<Impairment> parse_impairment(std::string_view text);

/// What to do with each datagram: pure, and the same for the same seed and calls.
class ImpairmentPlan {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  ImpairmentPlan(Impairment impairment, std::uint64_t seed)
      : impairment_(impairment), random_(seed) {}

  struct Delivery {
    int copies = 0;  ///< 0: lost
    std::array<TimePoint, 2> due{};
    bool corrupt = false;
    bool overtaken = false;
  };
  /// `now` must not go back.
  [[nodiscard]] Delivery next(std::size_t bytes, TimePoint now);
  void change(const Impairment& impairment) { impairment_ = impairment; }

 private:
  bool happens(double probability);

  Impairment impairment_;
  std::mt19937_64 random_;
  TimePoint line_free_{}, last_due_{};
};

struct ImpairmentOptions {
  std::string host = "127.0.0.1";  ///< where the server is
  std::uint16_t port = 0;
  Impairment to_server, to_client;
  std::uint64_t seed = 1;
  std::size_t max_queued = 16'384;  ///< datagrams that wait; more are lost
  std::size_t max_clients = 4'000;  ///< addresses; datagrams of more are lost
};

/// Clients talk to `port()` instead of the server. One thread; a socket of its own towards the
/// server for each client, so that the server tells them apart. Methods are thread-safe.
class ImpairmentProxy {
 public:
  /// Errors: invalid_argument (the address), io (no socket).
  static Result<std::unique_ptr<ImpairmentProxy>> start(ImpairmentOptions options);
  ~ImpairmentProxy();

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// From the next datagram on.
  void change(const Impairment& to_server, const Impairment& to_client);
  /// Nothing comes through in either direction for this long from now.
  void black_out(std::chrono::milliseconds length);

  struct Counts {
    std::uint64_t forwarded = 0, lost = 0, duplicated = 0, overtaken = 0, corrupted = 0;
    std::uint64_t blacked_out = 0;
    std::uint64_t overflowed = 0;  ///< beyond one of the bounds
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Impl;
  explicit ImpairmentProxy(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim
