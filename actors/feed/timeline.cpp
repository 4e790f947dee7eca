#include "actors/feed/timeline.hpp"

#include <algorithm>

#include <xxhash.h>

namespace troupe::feed {
namespace {
bool newer(const Entry& a, const Entry& b) {
  return a.post > b.post;
}
bool same_post(const Entry& a, const Entry& b) {
  return a.post == b.post;
}
}  // namespace

std::uint64_t author_hash(std::string_view user) noexcept {
  return XXH64(user.data(), user.size(), 0);
}

void Timeline::load(std::vector<Entry> entries, bool complete) {
  entries.insert(entries.end(), entries_.begin(), entries_.end());
  std::sort(entries.begin(), entries.end(), newer);
  entries.erase(std::unique(entries.begin(), entries.end(), same_post), entries.end());
  complete_ = complete && entries.size() <= bound_;
  if (entries.size() > bound_) entries.resize(bound_);
  entries.shrink_to_fit();
  entries_ = std::move(entries);
}

bool Timeline::insert(const Entry& entry) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), entry, newer);
  if (at != entries_.end() && same_post(*at, entry)) return false;
  if (at == entries_.end() && (entries_.size() >= bound_ || !complete_)) {
    complete_ = false;  // it stands on disk only
    return false;
  }
  entries_.insert(at, entry);
  if (entries_.size() > bound_) {
    entries_.pop_back();
    complete_ = false;
  }
  return true;
}

void Timeline::remove(const Id& post) {
  std::erase_if(entries_, [&](const Entry& e) { return e.post == post; });
}

bool follows(const std::vector<std::uint64_t>& sorted, std::uint64_t author) noexcept {
  return std::binary_search(sorted.begin(), sorted.end(), author);
}

std::vector<Entry> merge_runs(const std::vector<std::span<const Entry>>& runs,
                              std::optional<Id> before, std::size_t limit) {
  std::vector<std::span<const Entry>> heads;
  for (const auto& run : runs) {
    const auto at = before ? std::partition_point(run.begin(), run.end(),
                                                  [&](const Entry& e) { return e.post >= *before; })
                           : run.begin();
    if (at != run.end()) heads.push_back(run.subspan(static_cast<std::size_t>(at - run.begin())));
  }
  std::vector<Entry> out;
  while (out.size() < limit) {
    std::span<const Entry>* best = nullptr;
    for (auto& head : heads) {
      if (!head.empty() && (best == nullptr || newer(head.front(), best->front()))) best = &head;
    }
    if (best == nullptr) break;
    const auto entry = best->front();
    for (auto& head : heads) {
      if (!head.empty() && same_post(head.front(), entry)) head = head.subspan(1);
    }
    out.push_back(entry);
  }
  return out;
}

}  // namespace troupe::feed
