#include "net/api/live/view_book.hpp"

#include <algorithm>

namespace troupe::api {

Result<void> ViewBook::check(Views& views, const std::string& view, std::size_t most,
                             TimePoint now) {
  if (most == 0) return {};
  const auto known = views.find(view);
  if (known != views.end() && !known->second.gone(now)) return {};
  std::erase_if(views, [&](const auto& entry) { return entry.second.gone(now); });
  if (views.size() < most) return {};
  return error(ErrorCode::forbidden, "this account watches " + std::to_string(views.size()) +
                                         " at once, " + std::to_string(most) +
                                         " are allowed: close another first");
}

Result<std::function<void()>> ViewBook::enter(const std::string& account, const std::string& name,
                                              std::size_t most, TimePoint now,
                                              std::function<void()> replaced) {
  if (most == 0) most = most_;
  const auto view = "connection/" + name;
  std::function<void()> before;
  std::uint64_t serial = 0;
  {
    const std::lock_guard lock(mutex_);
    sweep(now);
    auto& views = accounts_[account];
    if (auto fine = check(views, view, most, now); !fine.ok()) return fine.error();
    auto& entry = views[view];
    before = std::move(entry.replaced);
    serial = next_serial_++;
    entry = {serial, std::move(replaced), now};
  }
  if (before) before();
  return std::function<void()>([this, account, view, serial] { leave(account, view, serial); });
}

Result<void> ViewBook::seen(const std::string& account, const std::string& name, std::size_t most,
                            TimePoint now) {
  if (most == 0) most = most_;
  const auto view = "player/" + name;
  const std::lock_guard lock(mutex_);
  sweep(now);
  auto& views = accounts_[account];
  if (auto fine = check(views, view, most, now); !fine.ok()) return fine;
  if (most == 0 && views.size() >= kMostCounted && !views.contains(view)) return {};
  views[view].seen = now;
  return {};
}

std::size_t ViewBook::views(const std::string& account, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) return 0;
  return static_cast<std::size_t>(
      std::ranges::count_if(found->second, [&](const auto& v) { return !v.second.gone(now); }));
}

void ViewBook::leave(const std::string& account, const std::string& view, std::uint64_t serial) {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) return;
  const auto entry = found->second.find(view);
  // Another has its place already.
  if (entry == found->second.end() || entry->second.serial != serial) return;
  found->second.erase(entry);
  if (found->second.empty()) accounts_.erase(found);
}

void ViewBook::sweep(TimePoint now) {
  if (now - swept_ < kPlayerGone) return;
  swept_ = now;
  for (auto& [account, views] : accounts_)
    std::erase_if(views, [&](const auto& entry) { return entry.second.gone(now); });
  std::erase_if(accounts_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace troupe::api
