// What a live session is: its stored record, and a publication of it (one publisher from connect to
// disconnect).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/live/viewing.hpp"
#include "base/result.hpp"
#include "media/chunk.hpp"

namespace troupe::live {

inline constexpr std::size_t kMaxTitleBytes = 200;
inline constexpr std::uint32_t kMaxViewsPerAccount = 1'000;

enum class State : std::uint8_t { idle, live, ended };
/// "idle", "live", "ended": as clients see it.
[[nodiscard]] std::string_view to_string(State state) noexcept;

/// How much of a session is recorded.
enum class RecordMode : std::uint8_t {
  standard,  ///< as the server has it for all
  off,
  window,  ///< the last minutes
  whole,   ///< from the first chunk on: it becomes an asset when it ends
};
/// "off", "window", "whole"; empty: standard.
[[nodiscard]] std::string_view to_string(RecordMode mode) noexcept;
/// Errors: invalid_argument.
[[nodiscard]] Result<RecordMode> parse_record_mode(std::string_view text);

/// BLAKE2b-256 of a publish key. Keys are 256 random bits, so a fast hash is enough: there is
/// nothing to guess.
struct KeyHash {
  std::array<std::uint8_t, 32> bytes{};
  friend bool operator==(const KeyHash&, const KeyHash&) = default;
};
[[nodiscard]] KeyHash hash_key(std::string_view key);
/// A fresh key, 43 characters of base64url.
[[nodiscard]] std::string make_key();

/// What a publisher shows to be let in.
struct PublishKey {
  KeyHash hash;
  std::uint64_t expires_ms = 0;  ///< Unix time; 0: never
  friend bool operator==(const PublishKey&, const PublishKey&) = default;
};

/// What somebody may publish as with a key. The session's own key is good for both.
enum class KeyUse : std::uint8_t { publisher, backup };

struct Session {
  std::string id;
  std::string title;
  std::string owner;  ///< user id
  State state = State::idle;
  PublishKey key;
  std::optional<PublishKey> backup_key;  ///< good for the backup publisher alone
  std::uint64_t created_ms = 0;
  std::uint64_t started_ms = 0;  ///< of the last publication; 0: none yet
  std::uint64_t ended_ms = 0;
  /// An account that watches so many at once may not open this one too; 0: as for all sessions.
  std::uint32_t views_per_account = 0;
  ViewRules viewing;
  std::string pull_url;  ///< where the server fetches it from; empty: it does not
  RecordMode record = RecordMode::standard;
  std::string asset;  ///< id of that which it became when it ended; empty: none

  friend bool operator==(const Session&, const Session&) = default;
};

/// Not empty, at most kMaxTitleBytes, no control characters.
[[nodiscard]] Result<void> check_title(std::string_view title);

/// Immutable; travels with every chunk, so that a restarted actor knows all of it from the next
/// chunk.
struct Publication {
  std::string session_id;
  std::uint64_t epoch =
      0;  ///< Unix microseconds of its start: a later publication of the session has a greater one.
  std::vector<media::Track> tracks;
};
using PublicationPtr = std::shared_ptr<const Publication>;

}  // namespace troupe::live
