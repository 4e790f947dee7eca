// Which bids a campaign has had a notice for. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace troupe::auction {

/// Remembers bid ids for as long as a notice for them can come again, so its size follows the rate
/// of notices and not their number.
class NoticeLog {
 public:
  /// `keep_ms`: how long after `insert` a notice can still come.
  explicit NoticeLog(std::uint64_t keep_ms) : keep_ms_(keep_ms) {}

  /// `now_ms` must not fall from call to call.
  void insert(const std::string& bid, std::uint64_t now_ms);
  [[nodiscard]] bool contains(const std::string& bid) const { return bids_.count(bid) != 0; }
  /// Forgets at most `limit` of those that are old enough, the oldest first, and returns them.
  std::vector<std::string> expire(std::uint64_t now_ms, std::size_t limit);
  [[nodiscard]] std::size_t size() const noexcept { return bids_.size(); }

 private:
  std::uint64_t keep_ms_;
  std::unordered_set<std::string> bids_;
  std::deque<std::pair<std::uint64_t, std::string>> order_;
};

}  // namespace troupe::auction
