// One Output for matches, several gateways behind it.
#pragma once

#include <array>
#include <cassert>
#include <utility>

#include "actors/match/output.hpp"
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
class OutputSwitch final : public match::Output, public MessageSink {
 public:
  template <class Gateway>
  void add(GatewayNumber number, Gateway& gateway) {
    assert(gateways_[number] == nullptr);
    gateways_[number] = &gateway;
    sinks_[number] = &gateway;
  }

  void snapshot(match::SessionId session, const game::SnapshotHead& head,
                std::shared_ptr<const std::string> delta) override {
    if (auto* to = find(session)) to->snapshot(session, head, std::move(delta));
  }
  void ended(match::SessionId session, const std::vector<match::Placement>& result) override {
    if (auto* to = find(session)) to->ended(session, result);
  }
  void tables(match::SessionId session, const game::PackedTables& tables) override {
    if (auto* to = find(session)) to->tables(session, tables);
  }
  void welcome(match::SessionId session, const match::Welcome& place) override {
    if (auto* to = find(session)) to->welcome(session, place);
  }
  void goodbye(match::SessionId session, game::Goodbye reason) override {
    if (auto* to = find(session)) to->goodbye(session, reason);
  }

  void message(match::SessionId session, std::string bytes) override {
    if (auto* to = sinks_[gateway_of(session)]) to->message(session, std::move(bytes));
  }

 private:
  [[nodiscard]] match::Output* find(match::SessionId session) const noexcept {
    return gateways_[gateway_of(session)];
  }
  std::array<match::Output*, 256> gateways_{};
  std::array<MessageSink*, 256> sinks_{};
};

}  // namespace troupe::udp
