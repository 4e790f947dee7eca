#include "net/ws/hub.hpp"

#include <set>
#include <shared_mutex>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/metrics.hpp"

namespace troupe::ws {
namespace {

namespace asio = boost::asio;

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct Fanout::Impl : std::enable_shared_from_this<Fanout::Impl> {
  struct Hub {
    explicit Hub(asio::io_context& context)
        : loop(context), timer(context), held_timer(context), flush_timer(context) {}
    asio::io_context& loop;
    asio::steady_timer timer;
    asio::steady_timer held_timer;
    bool held_armed = false;
    asio::steady_timer flush_timer;
    std::set<std::string> gathering;  ///< rooms with chat that is not sent yet
    std::chrono::steady_clock::time_point next_flush;
    bool flush_armed = false;
    std::unordered_map<std::string, Room> rooms;
    FanoutStats stats;
    FanoutStats reported;
  };

  /// Finer than others around what a large audience takes.
  static std::vector<double> fanout_buckets() {
    return {0.0005, 0.001,  0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009,
            0.01,   0.0125, 0.015, 0.02,  0.025, 0.05,  0.1,   0.25,  1};
  }

  Impl(Metrics& metrics, FanoutLimits fanout_limits)
      : limits(fanout_limits),
        viewers_gauge(metrics.gauge("troupe_live_viewers", "Viewers of all live sessions")),
        skipped(
            metrics.counter("troupe_live_skipped_chunks_total", "Chunks not sent to slow viewers")),
        closed(metrics.counter("troupe_live_closed_slow_total",
                               "Viewers closed for being slow for too long")),
        sent(metrics.counter("troupe_live_sent_bytes_total", "Bytes of chunks queued to viewers")),
        delay(metrics.histogram("troupe_live_fanout_delay_seconds",
                                "From a chunk complete to its last viewer on a hub written",
                                fanout_buckets())) {}

  const FanoutLimits limits;
  std::optional<FanoutTap> tap;
  std::optional<FanoutFollower> follower;
  prometheus::Gauge& viewers_gauge;
  prometheus::Counter& skipped;
  prometheus::Counter& closed;
  prometheus::Counter& sent;
  prometheus::Histogram& delay;
  mutable std::shared_mutex hubs_mutex;  ///< Changes only when all is over.
  std::vector<std::unique_ptr<Hub>> hubs;
  std::atomic<bool> stopped{false};
  mutable std::mutex mutex;
  static constexpr std::size_t kPruneFrom = 1'024;
  std::unordered_map<std::string, std::weak_ptr<Audience>> audiences;
  std::size_t prune_at = kPruneFrom;

  Hub* hub_of(const Session& session);

  std::shared_ptr<Audience> audience(const std::string& id) {
    const std::lock_guard lock(mutex);
    if (audiences.size() >= prune_at) {
      std::erase_if(audiences, [](const auto& entry) { return entry.second.expired(); });
      prune_at = std::max<std::size_t>(kPruneFrom, 2 * audiences.size());
    }
    auto& slot = audiences[id];
    auto found = slot.lock();
    if (!found) slot = found = std::make_shared<Audience>();
    return found;
  }

  void forget(const std::string& id) {
    const std::lock_guard lock(mutex);
    if (const auto it = audiences.find(id); it != audiences.end() && it->second.expired())
      audiences.erase(it);
  }

  Room& room(Hub& hub, const std::string& id) {
    const auto it = hub.rooms.find(id);
    if (it != hub.rooms.end()) return it->second;
    return hub.rooms.try_emplace(id, id, limits, audience(id)).first->second;
  }

  /// Runs `task(hub)` on every hub's loop.
  template <class F>
  void on_all(F task) {
    const std::shared_lock lock(hubs_mutex);
    for (auto& hub : hubs) {
      asio::post(hub->loop, [self = shared_from_this(), &hub = *hub, task] {
        if (!self->stopped) task(*self, hub);
      });
    }
  }

  /// At once after a quiet while, else together with what comes until the next flush.
  void gather(Hub& hub, const std::string& id, const Frame& frame) {
    const auto it = hub.rooms.find(id);
    if (it == hub.rooms.end()) return;
    const auto held = it->second.gather(*frame);
    hub.gathering.insert(id);
    if (held >= limits.max_gathered_bytes || std::chrono::steady_clock::now() >= hub.next_flush)
      return flush(hub);
    if (std::exchange(hub.flush_armed, true)) return;
    hub.flush_timer.expires_at(hub.next_flush);
    hub.flush_timer.async_wait([self = shared_from_this(), &hub](boost::system::error_code ec) {
      if (ec || self->stopped) return;
      hub.flush_armed = false;
      self->flush(hub);
    });
  }

  void flush(Hub& hub) {
    const auto began = std::chrono::steady_clock::now();
    for (const auto& id : std::exchange(hub.gathering, {})) {
      if (const auto it = hub.rooms.find(id); it != hub.rooms.end()) it->second.flush();
    }
    const auto now = std::chrono::steady_clock::now();
    // A hub that needs long for all its viewers gathers longer, so that pictures have their turn.
    hub.next_flush =
        now + std::max<std::chrono::steady_clock::duration>(limits.chat_gather, (now - began) / 2);
  }

  void arm(Hub& hub) {
    hub.timer.expires_after(std::chrono::seconds(1));
    hub.timer.async_wait([self = shared_from_this(), &hub](boost::system::error_code ec) {
      if (ec || self->stopped) return;
      self->tick(hub);
      self->arm(hub);
    });
  }

  /// Sound waits for a picture, but not for ever.
  void watch_held(Hub& hub) {
    if (hub.held_armed) return;
    const auto now = std::chrono::steady_clock::now();
    std::optional<Room::TimePoint> due;
    for (auto& [id, one] : hub.rooms) {
      const auto until = one.held_until();
      if (until && *until <= now) {
        one.send_held(now, hub.stats);
      } else if (until && (!due || *until < *due)) {
        due = until;
      }
    }
    if (!due) return;
    hub.held_armed = true;
    hub.held_timer.expires_at(*due);
    hub.held_timer.async_wait([self = shared_from_this(), &hub](boost::system::error_code ec) {
      if (ec || self->stopped) return;
      hub.held_armed = false;
      self->watch_held(hub);
    });
  }

  void tick(Hub& hub) {
    const auto now = wall_us();
    for (auto it = hub.rooms.begin(); it != hub.rooms.end();) {
      it->second.tick(now);
      if (!it->second.idle()) {
        ++it;
        continue;
      }
      const auto id = it->first;
      it = hub.rooms.erase(it);
      forget(id);
    }
    skipped.Increment(static_cast<double>(hub.stats.skipped_chunks - hub.reported.skipped_chunks));
    closed.Increment(static_cast<double>(hub.stats.closed_slow - hub.reported.closed_slow));
    sent.Increment(static_cast<double>(hub.stats.sent_bytes - hub.reported.sent_bytes));
    hub.reported = hub.stats;
  }
};

Fanout::Fanout(std::vector<asio::io_context*> loops, Metrics& metrics, FanoutLimits limits)
    : impl_(std::make_shared<Impl>(metrics, limits)) {
  for (auto* loop : loops) impl_->hubs.push_back(std::make_unique<Impl::Hub>(*loop));
  impl_->on_all([](Impl& self, Impl::Hub& hub) { self.arm(hub); });
}

Fanout::~Fanout() {
  close();
}

void Fanout::close() {
  impl_->stopped = true;
  const std::unique_lock lock(impl_->hubs_mutex);
  impl_->hubs.clear();
}

Fanout::Impl::Hub* Fanout::Impl::hub_of(const Session& session) {
  for (auto& hub : hubs) {
    if (static_cast<const void*>(static_cast<const asio::execution_context*>(&hub->loop)) ==
        session.loop())
      return hub.get();
  }
  return nullptr;
}

void Fanout::choose(const std::string& id, const Session& session, const std::string& rendition) {
  const std::shared_lock lock(impl_->hubs_mutex);
  auto* mine = impl_->hub_of(session);
  if (mine == nullptr) return;
  if (const auto it = mine->rooms.find(id); it != mine->rooms.end())
    it->second.choose(session.id(), rendition);
}

Result<std::function<void()>> Fanout::join(const std::string& id,
                                           const std::shared_ptr<Session>& session,
                                           const std::string& rendition) {
  auto* mine = impl_->hub_of(*session);
  if (mine == nullptr) return error(ErrorCode::internal, "the session lives on an unknown loop");
  if (viewers(id) >= static_cast<std::int64_t>(impl_->limits.max_viewers_per_session)) {
    return error(ErrorCode::overloaded, "the session has as many viewers as it can take");
  }
  impl_->viewers_gauge.Increment();
  impl_->room(*mine, id).join(session, wall_us(), rendition);
  return std::function<void()>([impl = impl_, mine, id, number = session->id()] {
    // A failed write ends a session within the room's loop over its viewers: leave after it.
    asio::post(mine->loop, [impl, mine, id, number] {
      if (const auto it = mine->rooms.find(id); it != mine->rooms.end()) it->second.leave(number);
      impl->viewers_gauge.Decrement();
    });
  });
}

std::int64_t Fanout::viewers(const std::string& id) const {
  const std::lock_guard lock(impl_->mutex);
  const auto it = impl_->audiences.find(id);
  const auto found = it == impl_->audiences.end() ? nullptr : it->second.lock();
  return found ? found->viewers.load() : 0;
}

std::shared_ptr<Audience> Fanout::audience(const std::string& id) {
  return impl_->stopped ? nullptr : impl_->audience(id);
}

void Fanout::tap(FanoutTap tap) {
  impl_->tap = std::move(tap);
}

void Fanout::follow(FanoutFollower follower) {
  impl_->follower = std::move(follower);
}

void Fanout::start(const std::string& id, std::uint64_t epoch,
                   const std::vector<media::Track>& tracks) {
  if (impl_->tap) impl_->tap->start(id, epoch, tracks);
  if (impl_->follower) impl_->follower->start(id, epoch, tracks);
  impl_->on_all([id, stream = make_stream_start(epoch, tracks)](Impl& self, Impl::Hub& hub) {
    self.room(hub, id).start(stream, wall_us());
  });
}

void Fanout::chunk(const std::string& id, const media::ChunkPtr& chunk) {
  if (impl_->tap) impl_->tap->chunk(id, chunk);
  if (impl_->follower) impl_->follower->chunk(id, chunk);
  const LiveChunk next{chunk, binary_frame(*chunk->bytes)};
  impl_->on_all([id, next](Impl& self, Impl::Hub& hub) {
    const auto it = hub.rooms.find(id);
    if (it == hub.rooms.end()) return;
    it->second.chunk(next, std::chrono::steady_clock::now(), hub.stats);
    if (it->second.held_until()) return self.watch_held(hub);
    const auto took = std::chrono::steady_clock::now() - next.chunk->completed;
    if (it->second.viewers() > 0) self.delay.Observe(std::chrono::duration<double>(took).count());
  });
}

void Fanout::set_renditions(const std::string& id, std::uint64_t epoch,
                            const std::vector<media::Track>& tracks) {
  if (impl_->follower) impl_->follower->renditions(id, epoch, tracks);
  impl_->on_all([id, epoch, tracks](Impl&, Impl::Hub& hub) {
    if (const auto it = hub.rooms.find(id); it != hub.rooms.end())
      it->second.set_renditions(epoch, tracks, hub.stats);
  });
}

void Fanout::rendition_chunk(const std::string& id, std::uint64_t epoch,
                             const media::ChunkPtr& chunk) {
  if (impl_->tap) impl_->tap->rendition_chunk(id, epoch, chunk);
  if (impl_->follower) impl_->follower->rendition_chunk(id, epoch, chunk);
  const LiveChunk next{chunk, binary_frame(*chunk->bytes)};
  impl_->on_all([id, epoch, next](Impl&, Impl::Hub& hub) {
    if (const auto it = hub.rooms.find(id); it != hub.rooms.end())
      it->second.rendition_chunk(epoch, next, std::chrono::steady_clock::now(), hub.stats);
  });
}

void Fanout::forget(const std::string& id) {
  if (impl_->follower) impl_->follower->stop(id);
  impl_->on_all([id](Impl&, Impl::Hub& hub) {
    if (const auto it = hub.rooms.find(id); it != hub.rooms.end()) it->second.forget();
  });
}

void Fanout::stop(const std::string& id) {
  if (impl_->tap) impl_->tap->stop(id);
  if (impl_->follower) impl_->follower->stop(id);
  impl_->on_all([id](Impl&, Impl::Hub& hub) {
    const auto it = hub.rooms.find(id);
    if (it == hub.rooms.end()) return;
    it->second.send_held(std::chrono::steady_clock::now(), hub.stats);
    it->second.stop();
  });
}

void Fanout::end(const std::string& id) {
  if (impl_->tap) impl_->tap->end(id);
  if (impl_->follower) impl_->follower->end(id);
  impl_->on_all([id](Impl&, Impl::Hub& hub) {
    const auto it = hub.rooms.find(id);
    if (it == hub.rooms.end()) return;
    it->second.send_held(std::chrono::steady_clock::now(), hub.stats);
    it->second.end();
  });
}

void Fanout::text(const std::string& id, std::string_view json) {
  const auto frame = text_frame(json);
  if (impl_->tap) impl_->tap->text(id, frame);
  impl_->on_all([id, frame](Impl& self, Impl::Hub& hub) { self.gather(hub, id, frame); });
}

void Fanout::react(const std::string& id, std::size_t reaction, std::uint64_t times) {
  const std::lock_guard lock(impl_->mutex);
  const auto it = impl_->audiences.find(id);
  const auto found = it == impl_->audiences.end() ? nullptr : it->second.lock();
  if (found) found->reactions[reaction] += times;
}

}  // namespace troupe::ws
