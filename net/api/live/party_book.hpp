// Watch parties: those who watch together are told how far behind live all of them can be.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace troupe::api {

inline constexpr std::size_t kMaxPartyMembers = 50, kMaxParties = 10'000;
/// Nobody is held back further than this for the others' sake.
inline constexpr std::int64_t kMaxPartySpreadMs = 5'000;

/// Parties in memory: one without members goes after kEmptyFor. Thread-safe; `tell` runs while
/// nothing is locked.
class PartyBook {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes kEmptyFor{10};

  /// Errors: overloaded.
  Result<std::string> open(const std::string& session, TimePoint now);

  /// JSON text for a member.
  using Tell = std::function<void(const std::string& message)>;
  /// A member comes in; its number. Errors: not_found (no such party of the session), overloaded.
  Result<std::uint64_t> join(const std::string& session, const std::string& party, Tell tell);
  void leave(const std::string& party, std::uint64_t member, TimePoint now);
  /// How close to live a member can play now: the server's Unix time when the picture at the
  /// publication's zero were shown, less `epoch`. All are told when the target changes.
  void wants(const std::string& party, std::uint64_t member, std::uint64_t epoch,
             std::int64_t behind_ms, TimePoint now);

 private:
  struct Member {
    Tell tell;
    std::optional<std::int64_t> wants_ms;
  };
  struct Party {
    std::string session;
    std::map<std::uint64_t, Member> members;
    std::uint64_t epoch = 0;  ///< what was said is about this publication
    std::optional<std::int64_t> target_ms;
    TimePoint lower_since{};  ///< less would have done since; zero: it would not
    TimePoint empty_since{};
  };
  /// Whether the members are to be told.
  static bool retarget(Party& party, TimePoint now);
  static void announce(const Party& party, std::vector<std::pair<Tell, std::string>>& out);
  void sweep(TimePoint now);

  std::mutex mutex_;
  std::unordered_map<std::string, Party> parties_;
  std::uint64_t next_member_ = 1;
  TimePoint swept_{};
};

}  // namespace troupe::api
