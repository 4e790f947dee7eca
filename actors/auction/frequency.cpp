#include "actors/auction/frequency.hpp"

namespace troupe::auction {
namespace {
std::string key_of(std::string_view user, std::string_view campaign) {
  std::string key(campaign);
  key += '\n';
  key += user;
  return key;
}
}  // namespace

bool FrequencyCaps::allows(std::string_view user, std::string_view campaign, int cap, int window_s,
                           std::uint64_t now_ms) const {
  if (cap <= 0 || window_s <= 0) return true;
  if (user.empty()) return false;  // a capped campaign needs to know whom it shows itself to
  const auto it = entries_.find(key_of(user, campaign));
  return it == entries_.end() || now_ms >= it->second.until_ms || it->second.count < cap;
}

void FrequencyCaps::shown(std::string_view user, std::string_view campaign, int window_s,
                          std::uint64_t now_ms) {
  auto key = key_of(user, campaign);
  auto it = entries_.find(key);
  if (it == entries_.end()) {
    if (entries_.size() >= max_entries_) {
      entries_.erase(recent_.back());
      recent_.pop_back();
    }
    recent_.push_front(key);
    it = entries_.emplace(std::move(key), Entry{0, 0, recent_.begin()}).first;
  } else {
    recent_.splice(recent_.begin(), recent_, it->second.place);
  }
  auto& entry = it->second;
  if (now_ms >= entry.until_ms)
    entry = {0, now_ms + static_cast<std::uint64_t>(window_s) * 1000, entry.place};
  ++entry.count;
}

}  // namespace troupe::auction
