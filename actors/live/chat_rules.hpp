// Who may do what in a session's chat: roles, slow mode, words that are not welcome, bans. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/live/chat.hpp"
#include "base/result.hpp"

namespace troupe::live {

/// What of a chat lasts: stored with the session.
struct ChatRules {
  std::uint32_t slow_mode_s = 0;        ///< a viewer's lines are at least so far apart; 0: off
  std::vector<std::string> words;       ///< not welcome; as given
  std::vector<std::string> moderators;  ///< user ids
  std::optional<ChatLine> pinned;
  /// The last line's when lines were last taken out: numbers are never used again.
  std::uint64_t last_number = 0;

  friend bool operator==(const ChatRules&, const ChatRules&) = default;
};

struct ChatBan {
  std::string user;
  std::uint64_t until_ms = 0;  ///< 0: for good
  std::string by;
  std::string reason;

  friend bool operator==(const ChatBan&, const ChatBan&) = default;
};

inline constexpr std::uint32_t kMaxSlowModeS = 3'600;
inline constexpr std::size_t kMaxWords = 200, kMaxWordBytes = 64;
inline constexpr std::size_t kMaxModerators = 50;
inline constexpr std::size_t kMaxBans = 1'000;
inline constexpr std::size_t kMaxReasonBytes = 200, kMaxUserBytes = 128;
inline constexpr std::uint64_t kMaxBanS = 10ULL * 365 * 86'400;

/// Finds unwelcome words whatever their case and the punctuation around them. An entry is a word or
/// several ("buy now"); one that ends in `*` stands for all words that begin so. Letters beyond
/// ASCII are compared as they are.
class WordFilter {
 public:
  WordFilter() = default;
  explicit WordFilter(const std::vector<std::string>& words);

  [[nodiscard]] bool finds(std::string_view text) const;

 private:
  std::vector<std::string> patterns_;  ///< " word " or " prefix"
};

/// Errors: invalid_argument (empty words, control characters), too_large.
[[nodiscard]] Result<void> check_words(const std::vector<std::string>& words);
/// A user id as it stands in tokens: 1 to kMaxUserBytes, no control characters.
[[nodiscard]] Result<void> check_user(std::string_view user);

}  // namespace troupe::live
