// The chat room of one session: who may say what, how often, and what newcomers see of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "base/result.hpp"
#include "base/token_bucket.hpp"

namespace troupe::live {

struct ChatLine {
  std::uint64_t number = 0;  ///< Ascending from 1 within the session.
  std::string user;          ///< user id, verified
  std::string name;          ///< as the user wants to be shown
  std::string text;
  std::uint64_t time_ms = 0;

  friend bool operator==(const ChatLine&, const ChatLine&) = default;
};

struct ChatLimits {
  std::size_t history = 50;  ///< Lines that newcomers see; older ones are erased.
  std::size_t max_text_bytes = 500;
  std::size_t max_name_bytes = 40;
  RateLimit per_user{1.0, 5.0};   ///< One line a second, five at once.
  std::size_t max_users = 4'096;  ///< Users whose rate is remembered.
};

class ChatRoom {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit ChatRoom(ChatLimits limits)
      : limits_(limits), rate_(limits.per_user, limits.max_users) {}

  /// Takes over stored lines, oldest first.
  void restore(std::deque<ChatLine> lines);

  /// Checks and numbers a line; it is not in the history until `add`. Errors: invalid_argument
  /// (empty, control characters), too_large, rate_limited.
  Result<ChatLine> accept(std::string user, std::string name, std::string text,
                          std::uint64_t now_ms, TimePoint now);
  /// Puts an accepted line into the history. Returns the number of the line that fell out; 0: none.
  std::uint64_t add(ChatLine line);

  [[nodiscard]] const std::deque<ChatLine>& history() const noexcept { return lines_; }

 private:
  ChatLimits limits_;
  RateLimiter rate_;
  std::deque<ChatLine> lines_;
  std::uint64_t next_number_ = 1;
};

}  // namespace troupe::live
