// The lines of one session's chat: how long, how often, and what newcomers see of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/token_bucket.hpp"

namespace troupe::live {

/// In the chat of a session. Owners are the session's and administrators.
enum class ChatRole : std::uint8_t { viewer, moderator, owner };
/// "viewer", "moderator", "owner": as clients see it.
[[nodiscard]] std::string_view to_string(ChatRole role) noexcept;

struct ChatLine {
  std::uint64_t number = 0;  ///< Ascending from 1 within the session.
  std::string user;          ///< user id, verified
  std::string name;          ///< as the user wants to be shown
  std::string text;
  std::uint64_t time_ms = 0;
  ChatRole role = ChatRole::viewer;

  friend bool operator==(const ChatLine&, const ChatLine&) = default;
};

struct ChatLimits {
  std::size_t history = 50;  ///< Lines that newcomers see; older ones are erased.
  std::size_t max_text_bytes = 500;
  std::size_t max_name_bytes = 40;
  RateLimit per_user{1.0, 5.0};  ///< One line a second, five at once.
  /// Of all users together: nobody reads faster, and each line goes to every viewer.
  RateLimit per_room{200.0, 400.0};
  std::size_t max_users = 16'384;  ///< Users whose rate is remembered.
};

class ChatRoom {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit ChatRoom(ChatLimits limits)
      : limits_(limits),
        rate_(limits.per_user, limits.max_users),
        room_rate_(limits.per_room, 1),
        slow_({}, limits.max_users) {}

  /// Takes over stored lines, oldest first; new ones get numbers beyond `last_number` too.
  void restore(std::deque<ChatLine> lines, std::uint64_t last_number = 0);
  /// A viewer's lines are at least so far apart; 0: off.
  void set_slow_mode(std::uint32_t seconds);

  struct Saying {
    std::string user;
    std::string name;
    std::string text;
    ChatRole role = ChatRole::viewer;  ///< slow mode is for viewers
  };
  /// Checks and numbers a line; it is not in the history until `add`. Errors: invalid_argument
  /// (empty, control characters), too_large, rate_limited.
  Result<ChatLine> accept(Saying saying, std::uint64_t now_ms, TimePoint now);
  /// Puts an accepted line into the history. Returns the number of the line that fell out; 0: none.
  std::uint64_t add(ChatLine line);
  /// Null: not in the history.
  [[nodiscard]] const ChatLine* find(std::uint64_t number) const;
  /// Takes a line out of the history. Errors: not_found.
  Result<void> erase(std::uint64_t number);
  /// Takes all lines of a user out; their numbers.
  std::vector<std::uint64_t> erase_of(std::string_view user);

  /// Of the last line that was accepted; 0: none was.
  [[nodiscard]] std::uint64_t last_number() const noexcept { return next_number_ - 1; }
  [[nodiscard]] const std::deque<ChatLine>& history() const noexcept { return lines_; }

 private:
  ChatLimits limits_;
  RateLimiter rate_, room_rate_, slow_;
  std::deque<ChatLine> lines_;
  std::uint64_t next_number_ = 1;
};

}  // namespace troupe::live
