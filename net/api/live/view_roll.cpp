#include "net/api/live/view_roll.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace troupe::api {
namespace {

constexpr std::chrono::seconds kLookEvery{1};

std::uint64_t unix_s() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

struct Watcher {
  Visitor visitor;
  std::uint64_t expires_s = 0;  ///< 0: never
  std::function<void(const Refusal&)> cut;
};
using WatcherPtr = std::shared_ptr<const Watcher>;

}  // namespace

struct ViewRoll::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& loop, std::shared_ptr<const ViewGate> given)
      : gate(std::move(given)), timer(std::in_place, loop) {}

  void look_later() {
    timer->expires_after(kLookEvery);
    timer->async_wait([weak = weak_from_this()](const auto& ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      self->look();
      self->look_later();
    });
  }

  void look() {
    std::vector<std::pair<std::string, WatcherPtr>> due;
    {
      const std::lock_guard lock(mutex);
      for (const auto& session : std::exchange(changed, {})) {
        const auto found = sessions.find(session);
        if (found == sessions.end()) continue;
        for (const auto& [number, watcher] : found->second) due.emplace_back(session, watcher);
      }
      const auto end = by_expiry.lower_bound({unix_s() + 1, 0});
      for (auto it = by_expiry.begin(); it != end; ++it)
        due.emplace_back(it->second, sessions.at(it->second).at(it->first.second));
      by_expiry.erase(by_expiry.begin(), end);
    }
    for (const auto& [session, watcher] : due) judge(session, *watcher);
  }

  void judge(const std::string& session, const Watcher& watcher) const {
    const auto verdict = live_access(*gate, watcher.visitor, session, Way::live);
    if (const auto* refusal = std::get_if<Refusal>(&verdict)) watcher.cut(*refusal);
  }

  void leave(const std::string& session, std::uint64_t number) {
    const std::lock_guard lock(mutex);
    const auto found = sessions.find(session);
    if (found == sessions.end()) return;
    const auto who = found->second.find(number);
    if (who == found->second.end()) return;
    by_expiry.erase({who->second->expires_s, number});
    found->second.erase(who);
    if (found->second.empty()) sessions.erase(found);
  }

  const std::shared_ptr<const ViewGate> gate;
  std::optional<boost::asio::steady_timer> timer;  ///< used on the loop
  std::mutex mutex;
  std::unordered_map<std::string, std::unordered_map<std::uint64_t, WatcherPtr>> sessions;
  /// The sessions of those whose link expires, by when and number.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> by_expiry;
  std::set<std::string> changed;  ///< sessions that ask for something else than at the last look
  std::uint64_t next_number = 1;
};

ViewRoll::ViewRoll(boost::asio::io_context& loop, std::shared_ptr<const ViewGate> gate)
    : impl_(std::make_shared<Impl>(loop, std::move(gate))) {
  boost::asio::post(loop, [weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->look_later();
  });
}

ViewRoll::~ViewRoll() = default;

void ViewRoll::close() {
  impl_->timer.reset();
}

std::function<void()> ViewRoll::enter(std::string session, Visitor visitor, const Viewing& viewing,
                                      std::function<void(const Refusal&)> cut) {
  const auto watcher = std::make_shared<const Watcher>(
      Watcher{std::move(visitor), viewing.expires_s, std::move(cut)});
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    number = impl_->next_number++;
    impl_->sessions[session].emplace(number, watcher);
    if (viewing.expires_s != 0)
      impl_->by_expiry.emplace(std::pair(viewing.expires_s, number), session);
  }
  // What changed since it was let in found it in no list.
  impl_->judge(session, *watcher);
  return [weak = std::weak_ptr(impl_), session = std::move(session), number] {
    if (const auto impl = weak.lock()) impl->leave(session, number);
  };
}

void ViewRoll::judge_again(const std::string& session) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->sessions.contains(session)) impl_->changed.insert(session);
}

}  // namespace troupe::api
