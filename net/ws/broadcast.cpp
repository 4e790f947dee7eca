#include "net/ws/broadcast.hpp"

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/metrics.hpp"

namespace troupe::ws {
namespace {

namespace asio = boost::asio;
constexpr std::uint16_t kNormal = 1000;  // RFC 6455 section 7.4.1

using Members = std::vector<std::shared_ptr<Session>>;

}  // namespace

struct Broadcast::Impl : std::enable_shared_from_this<Broadcast::Impl> {
  struct Hub {
    explicit Hub(asio::io_context& context) : loop(context) {}
    asio::io_context& loop;
    std::unordered_map<std::string, Members> rooms;
  };

  Impl(BroadcastMetrics metrics_in, BroadcastLimits limits_in)
      : metrics(metrics_in), limits(limits_in) {}

  const BroadcastMetrics metrics;
  const BroadcastLimits limits;
  std::shared_mutex hubs_mutex;  ///< They change only when all is over.
  std::vector<std::unique_ptr<Hub>> hubs;
  std::atomic<bool> closed{false};
  mutable std::mutex mutex;
  std::unordered_map<std::string, std::size_t> counts;

  Result<void> take_place(const std::string& room) {
    const std::lock_guard lock(mutex);
    auto& count = counts[room];
    if (count >= limits.max_members_per_room)
      return error(ErrorCode::overloaded, "as many are watching as may");
    ++count;
    metrics.members.Increment();
    return {};
  }

  void give_place(const std::string& room) {
    metrics.members.Decrement();
    const std::lock_guard lock(mutex);
    const auto it = counts.find(room);
    if (--it->second == 0) counts.erase(it);
  }

  Hub* hub_of(const Session& session) {
    for (auto& hub : hubs) {
      const auto* loop = static_cast<const asio::execution_context*>(&hub->loop);
      if (static_cast<const void*>(loop) == session.loop()) return hub.get();
    }
    return nullptr;
  }

  /// Runs `task(hub)` on each hub's loop.
  template <class F>
  void on_all(F task) {
    const std::shared_lock lock(hubs_mutex);
    for (auto& hub : hubs) {
      asio::post(hub->loop, [self = shared_from_this(), &hub = *hub, task] {
        if (!self->closed) task(*self, hub);
      });
    }
  }

  void leave(Hub& hub, const std::string& room, std::uint64_t session) {
    const auto it = hub.rooms.find(room);
    if (it == hub.rooms.end()) return;
    std::erase_if(it->second, [&](const auto& member) { return member->id() == session; });
    if (it->second.empty()) hub.rooms.erase(it);
  }
};

Broadcast::Broadcast(std::vector<asio::io_context*> loops, BroadcastMetrics metrics,
                     BroadcastLimits limits)
    : impl_(std::make_shared<Impl>(metrics, limits)) {
  for (auto* loop : loops) impl_->hubs.push_back(std::make_unique<Impl::Hub>(*loop));
}

Broadcast::~Broadcast() {
  close();
}

void Broadcast::close() {
  impl_->closed = true;
  const std::unique_lock lock(impl_->hubs_mutex);
  impl_->hubs.clear();
}

Result<std::function<void()>> Broadcast::join(const std::string& room,
                                              const std::shared_ptr<Session>& session) {
  auto* hub = impl_->hub_of(*session);
  if (hub == nullptr) return error(ErrorCode::internal, "the session lives on an unknown loop");
  if (auto taken = impl_->take_place(room); !taken.ok()) return taken.error();
  hub->rooms[room].push_back(session);
  return std::function<void()>([impl = impl_, hub, room, number = session->id()] {
    impl->give_place(room);
    // A failed write ends a session while its room is being served: it leaves after that.
    asio::post(hub->loop, [impl, hub, room, number] {
      if (!impl->closed) impl->leave(*hub, room, number);
    });
  });
}

std::size_t Broadcast::members(const std::string& room) const {
  const std::lock_guard lock(impl_->mutex);
  const auto it = impl_->counts.find(room);
  return it == impl_->counts.end() ? 0 : it->second;
}

void Broadcast::publish(const std::string& room, Frame frame) {
  impl_->on_all([room, frame = std::move(frame)](Impl& self, Impl::Hub& hub) {
    const auto it = hub.rooms.find(room);
    if (it == hub.rooms.end()) return;
    for (const auto& member : it->second) {
      if (member->queued_bytes() > self.limits.max_queued_bytes || !member->send(frame))
        self.metrics.missed.Increment();
    }
  });
}

void Broadcast::end(const std::string& room, Frame last) {
  impl_->on_all([room, last = std::move(last)](Impl&, Impl::Hub& hub) {
    const auto it = hub.rooms.find(room);
    if (it == hub.rooms.end()) return;
    for (const auto& member : it->second) {
      member->send(last);
      member->close(kNormal, "ended");
    }
  });
}

}  // namespace troupe::ws
