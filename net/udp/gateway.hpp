// The game gateway: ENet clients on one side, matches on the other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/match/messages.hpp"
#include "base/result.hpp"
#include "net/udp/game_session.hpp"
#include "net/udp/message_sink.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::udp {

struct GatewayOptions {
  std::string name;  ///< of the host, in metrics
  std::string address = "127.0.0.1";
  std::uint16_t port = 7777;        ///< 0: any free one
  std::size_t max_clients = 4'000;  ///< ENet's own bound is 4,095 a host
  std::size_t max_clients_per_address = 1'000;
  match::SessionId first_session = 1;  ///< ids count from here (output_switch.hpp)
  std::shared_ptr<Door> door;
};

/// One thread owns the ENet host. It sleeps until a datagram or an outbound message wakes it. Every
/// packet is checked by the FlatBuffers verifier, against the rules' limits and the client's rate
/// before a match hears of it; what is wrong is counted by reason, and the client is sent away with
/// a Goodbye.
class Gateway final : public MessageSink {
 public:
  /// Errors: io (the port is taken).
  static Result<std::unique_ptr<Gateway>> start(Metrics& metrics, GatewayOptions options);
  ~Gateway() override;

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// Tells all clients that the server goes away and takes no more. Waits until they have been told
  /// (at most a second).
  void stop();

  void snapshot(match::SessionId session, const game::SnapshotHead& head,
                std::shared_ptr<const std::string> delta) override;
  void goodbye(match::SessionId session, game::Goodbye reason) override;
  void message(match::SessionId session, std::string bytes) override;

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::udp
