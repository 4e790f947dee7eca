// One Output for matches, several gateways behind it.
#pragma once

#include <array>
#include <cassert>
#include <utility>

#include "net/udp/message_sink.hpp"

namespace troupe::udp {

/// Which gateway a session is of: the highest byte of its id, so that ids of two never collide.
using GatewayNumber = std::uint8_t;
[[nodiscard]] constexpr match::SessionId first_session(GatewayNumber gateway) noexcept {
  return (match::SessionId{gateway} << 56) + 1;
}
[[nodiscard]] constexpr GatewayNumber gateway_of(match::SessionId session) noexcept {
  return static_cast<GatewayNumber>(session >> 56);
}

/// Sends by the session's gateway; to one that is not there, nowhere. `add` before matches run.
class OutputSwitch final : public MessageSink {
 public:
  void add(GatewayNumber number, MessageSink& gateway) {
    assert(gateways_[number] == nullptr);
    gateways_[number] = &gateway;
  }

  void snapshot(match::SessionId session, const game::SnapshotHead& head,
                std::shared_ptr<const std::string> delta) override {
    if (auto* to = find(session)) to->snapshot(session, head, std::move(delta));
  }
  void goodbye(match::SessionId session, game::Goodbye reason) override {
    if (auto* to = find(session)) to->goodbye(session, reason);
  }
  void message(match::SessionId session, std::string bytes) override {
    if (auto* to = find(session)) to->message(session, std::move(bytes));
  }

 private:
  [[nodiscard]] MessageSink* find(match::SessionId session) const noexcept {
    return gateways_[gateway_of(session)];
  }
  std::array<MessageSink*, 256> gateways_{};
};

}  // namespace troupe::udp
