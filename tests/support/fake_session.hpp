// A viewer's connection without a socket.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "net/ws/session.hpp"

namespace troupe::test {

using ws::Frame;
using ws::Session;

/// Keeps what it was sent; `drain` empties its queue as a network would.
class FakeSession : public Session {
 public:
  explicit FakeSession(std::uint64_t number) : number_(number) {}
  bool send(Frame frame) override {
    if (queued + frame->size() > room) return false;
    queued += frame->size();
    frames.push_back(std::move(frame));
    return true;
  }
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return queued; }
  void close(std::uint16_t code, std::string_view) override { closed = code; }
  void on_message(std::function<void(std::string_view, bool)>) override {}
  void on_close(std::function<void()>) override {}
  void on_drained(std::function<void()>) override {}
  [[nodiscard]] std::uint64_t id() const noexcept override { return number_; }
  void post(std::function<void()> task) override { task(); }
  [[nodiscard]] const void* loop() const noexcept override { return nullptr; }

  [[nodiscard]] bool got(const Frame& frame) const {
    return std::find(frames.begin(), frames.end(), frame) != frames.end();
  }
  [[nodiscard]] int texts_with(std::string_view part) const {
    return static_cast<int>(std::count_if(frames.begin(), frames.end(), [&](const Frame& frame) {
      return frame->find(part) != std::string::npos;
    }));
  }

  std::vector<Frame> frames;
  std::size_t queued = 0;
  std::size_t room = SIZE_MAX;  ///< in its queue
  int closed = 0;

 private:
  std::uint64_t number_;
};

}  // namespace troupe::test
