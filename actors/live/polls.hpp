// A session's polls: one open at a time, one vote a user. Pure: says what is to be stored and
// announced.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <boost/json/fwd.hpp>

#include "base/result.hpp"
#include "base/token_bucket.hpp"
#include "storage/batch.hpp"

namespace troupe::live {

inline constexpr std::size_t kMaxQuestionBytes = 200, kMaxOptionBytes = 100;
inline constexpr std::size_t kMinOptions = 2, kMaxOptions = 10;
inline constexpr std::uint64_t kMinPollS = 5, kMaxPollS = 86'400;
inline constexpr std::size_t kKeptPolls = 50;      ///< Of a session; older ones are erased.
inline constexpr std::size_t kMaxVotes = 100'000;  ///< of one poll

struct Poll {
  std::uint64_t number = 0;  ///< Ascending from 1 within the session.
  std::string question;
  std::vector<std::string> options;
  std::string by;
  std::uint64_t opened_ms = 0;
  std::uint64_t closes_ms = 0;       ///< 0: when a moderator closes it
  std::uint64_t closed_ms = 0;       ///< 0: open
  std::vector<std::uint32_t> votes;  ///< for each option

  [[nodiscard]] bool open() const noexcept { return closed_ms == 0; }
  friend bool operator==(const Poll&, const Poll&) = default;
};

/// As everybody sees it.
[[nodiscard]] boost::json::object poll_json(const Poll& poll);

struct OpenPoll {
  std::string question;
  std::vector<std::string> options;
  std::uint64_t seconds = 0;  ///< 0: until a moderator closes it
};
struct ClosePoll {
  std::uint64_t number = 0;
};
struct CastVote {
  std::uint64_t number = 0;
  std::uint64_t option = 0;  ///< from 0
};
using PollAct = std::variant<OpenPoll, ClosePoll, CastVote>;

/// As stored. The votes are those of the open poll.
struct StoredPolls {
  std::deque<Poll> polls;  ///< oldest first
  std::unordered_map<std::string, std::uint8_t> votes;
};

/// What is done takes effect at once, so that what comes after sees it; whoever cannot store it has
/// to load the polls anew.
class PollDesk {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  PollDesk(std::string session, StoredPolls stored);

  struct Change {
    storage::Batch batch;
    Poll poll;
  };
  /// Errors: conflict (another one is open), invalid_argument, too_large.
  Result<Change> open(const std::string& by, const OpenPoll& what, std::uint64_t now_ms);
  /// Errors: not_found, conflict (closed already).
  Result<Change> close(const std::string& by, std::uint64_t number, std::uint64_t now_ms);
  /// Closes the open one if its time is over.
  std::optional<Change> close_due(std::uint64_t now_ms);
  /// Takes the place of the user's earlier vote. Errors: not_found, conflict (closed),
  /// invalid_argument (no such option), rate_limited, overloaded (kMaxVotes).
  Result<Change> vote(const std::string& user, const CastVote& what, std::uint64_t now_ms,
                      TimePoint now);

  /// Null: none is open.
  [[nodiscard]] const Poll* running() const noexcept;
  /// In the open poll.
  [[nodiscard]] std::optional<std::uint32_t> vote_of(const std::string& user) const;
  /// Oldest first.
  [[nodiscard]] const std::deque<Poll>& polls() const noexcept { return polls_; }

 private:
  [[nodiscard]] Result<Poll*> find_open(std::uint64_t number);
  Change shut(Poll& poll, const std::string& by, std::uint64_t now_ms);

  const std::string session_;
  std::deque<Poll> polls_;
  std::unordered_map<std::string, std::uint8_t> votes_;
  RateLimiter rate_;
};

}  // namespace troupe::live
