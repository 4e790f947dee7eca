// Frequency caps: how often one user was shown one campaign. In bounded memory.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe::auction {

/// Fixed windows that begin with the first impression. Keeps at most `max_entries` pairs; the least
/// recently shown are forgotten, which can only show an ad more often than its cap, never charge
/// more. Not thread-safe: one per auction actor, and a user's auctions all go to the same one. Lost
/// in a crash.
class FrequencyCaps {
 public:
  explicit FrequencyCaps(std::size_t max_entries) : max_entries_(max_entries) {}

  [[nodiscard]] bool allows(std::string_view user, std::string_view campaign, int cap, int window_s,
                            std::uint64_t now_ms) const;
  void shown(std::string_view user, std::string_view campaign, int window_s, std::uint64_t now_ms);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    int count = 0;
    std::uint64_t until_ms = 0;
    std::list<std::string>::iterator place;
  };
  std::size_t max_entries_;
  std::list<std::string> recent_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace troupe::auction
