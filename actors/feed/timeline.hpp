// Timelines as sorted runs of post ids: merging, trimming, filtering. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.hpp"

namespace troupe::feed {

/// A post on a timeline. Ids are time-ordered, so the newest is the greatest.
struct Entry {
  Id post;
  std::uint64_t author = 0;  ///< author_hash of the author's user id
  friend auto operator<=>(const Entry&, const Entry&) = default;
};

/// 64-bit hash (XXH64) of a user id: what timelines and follow sets keep in memory instead of the
/// text.
[[nodiscard]] std::uint64_t author_hash(std::string_view user) noexcept;

/// Newest first, without duplicates, at most `bound` entries: the form of all runs here.
class Timeline {
 public:
  explicit Timeline(std::size_t bound) : bound_(bound) {}

  /// Takes entries in any order over what is there. `complete`: nothing older is stored.
  void load(std::vector<Entry> entries, bool complete);
  /// Puts one entry in its place; false when it was there or is older than all of a full timeline.
  bool insert(const Entry& entry);
  void remove(const Id& post);

  [[nodiscard]] std::span<const Entry> entries() const noexcept { return entries_; }
  /// Whether entries older than the last one may be on disk.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

 private:
  std::size_t bound_;
  bool complete_ = true;
  std::vector<Entry> entries_;  ///< newest first
};

/// The newest `limit` entries older than `before` (all, if not given) of several runs, each newest
/// first; an entry that stands in more than one run comes once. Right only if each run holds its
/// own newest `limit` entries older than `before`, or all of them. O(limit · runs).
[[nodiscard]] std::vector<Entry> merge_runs(const std::vector<std::span<const Entry>>& runs,
                                            std::optional<Id> before, std::size_t limit);

/// Whether `sorted` holds `author`.
[[nodiscard]] bool follows(const std::vector<std::uint64_t>& sorted, std::uint64_t author) noexcept;

}  // namespace troupe::feed
