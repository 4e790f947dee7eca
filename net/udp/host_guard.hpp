// Stands between a game port and ENet, which gives every CONNECT a place and looks up every
// datagram's session: what the DatagramGate refuses is dropped before, and counted.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <enet/enet.h>

#include "net/udp/datagram_gate.hpp"

namespace prometheus {
class Counter;
class Gauge;
}  // namespace prometheus
namespace troupe {
class Metrics;
}

namespace troupe::udp {

/// Belongs to the thread that serves `host`; one thread serves one host. Outlives it.
class HostGuard {
 public:
  using TimePoint = DatagramGate::TimePoint;
  /// `name`: the metric label.
  HostGuard(Metrics& metrics, ENetHost& host, const std::string& name, GateLimits limits = {});

  /// Before each enet_host_service: who has begun to connect and not finished. Ends the oldest of
  /// them when there is no room for others.
  void begin_round(TimePoint now);
  /// After ENet's events of a connection and of its end.
  void came(ENetPeer& peer);
  void left(const ENetPeer& peer);

 private:
  struct Begun {
    std::uint32_t connect_id = 0;
    TimePoint since{};
  };
  static int ENET_CALLBACK intercept(ENetHost* host, ENetEvent* event);
  [[nodiscard]] DatagramVerdict judge();
  [[nodiscard]] DatagramVerdict judge_session(const DatagramHead& head) const;
  void end_oldest(std::size_t wanted);

  ENetHost& host_;
  DatagramGate gate_;
  const std::size_t max_half_open_;
  TimePoint now_{};
  std::vector<Begun> begun_;          ///< by peer
  std::vector<ENetPeer*> half_open_;  ///< of this round
  std::uint32_t counted_ = 0;         ///< datagrams that are in the counter already
  prometheus::Counter& received_;
  prometheus::Counter& ended_;
  prometheus::Gauge& half_open_gauge_;
  std::array<prometheus::Counter*, kDatagramVerdicts> dropped_{};
};

}  // namespace troupe::udp
