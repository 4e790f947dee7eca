// What becomes of a viewer over WebSocket.
#pragma once

#include <chrono>
#include <string>

#include "sim/ws_client.hpp"

namespace troupe::test {

/// Reads until `wanted(message)`, the end, or 20 s have passed.
template <class F>
bool read_until(sim::WsClient& viewer, F wanted) {
  using namespace std::chrono_literals;
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < until) {
    const auto message = viewer.receive(500ms);
    if (message.ok() && wanted(*message)) return true;
    if (!message.ok() && message.code() != ErrorCode::timeout) return false;
  }
  return false;
}

/// The code that a viewer is closed with within 20 s; 0: it is not.
inline int close_code_of(sim::WsClient& viewer) {
  using namespace std::chrono_literals;
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < until) {
    const auto message = viewer.receive(500ms);
    if (!message.ok() && message.code() != ErrorCode::timeout) return viewer.close_code();
  }
  return 0;
}

/// 0: it watches; else the code that it was closed with.
inline int fate(sim::WsClient& viewer) {
  const bool greeted = read_until(viewer, [](const sim::WsMessage& message) {
    return message.text && message.bytes.find("\"hello\"") != std::string::npos;
  });
  return greeted ? 0 : viewer.close_code();
}

}  // namespace troupe::test
