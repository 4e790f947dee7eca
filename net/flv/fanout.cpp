#include "net/flv/fanout.hpp"

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/metrics.hpp"
#include "net/flv/room.hpp"

namespace troupe::flv {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kNormal = 1000;  // RFC 6455 section 7.4.1

/// A session and what is done with it, one at a time.
struct Entry {
  Entry(const ChannelLimits& limits, LiveFlv::Sink sink) : live(limits, std::move(sink)) {}
  std::mutex mutex;
  LiveFlv live;
  Clock::time_point paused_since = Clock::now();
};
using EntryPtr = std::shared_ptr<Entry>;

std::size_t queue_bound(const Channel& channel, const ws::FanoutLimits& limits) {
  return std::clamp(2 * std::max(channel.group_bytes, channel.cached_bytes), limits.min_queue_bytes,
                    limits.max_queue_bytes);
}

}  // namespace

struct Fanout::Impl : std::enable_shared_from_this<Fanout::Impl> {
  struct Hub {
    explicit Hub(asio::io_context& context) : loop(context), timer(context) {}
    asio::io_context& loop;
    asio::steady_timer timer;  ///< of the first hub
    std::unordered_map<ChannelPtr, Room> rooms;
  };

  Impl(Metrics& metrics, ws::Fanout& audiences_in, const Limits& limits_in)
      : limits(limits_in),
        audiences(audiences_in),
        viewers(metrics.gauge("troupe_live_flv_viewers", "Viewers of FLV of all live sessions")),
        pieces(metrics.counter("troupe_live_flv_pieces_total",
                               "Pieces of FLV made, each for all its viewers")),
        skipped(metrics.counter("troupe_live_flv_skipped_pieces_total",
                                "Pieces of FLV not sent to slow viewers")),
        closed_slow(metrics.counter("troupe_live_flv_closed_slow_total",
                                    "Viewers of FLV closed for being slow for too long")),
        sent(metrics.counter("troupe_live_flv_sent_bytes_total", "Bytes of FLV queued to viewers")),
        delay(metrics.histogram("troupe_live_flv_fanout_delay_seconds",
                                "From a chunk complete to its last viewer of FLV on a hub written",
                                latency_buckets())) {}

  const Limits limits;
  ws::Fanout& audiences;
  prometheus::Gauge& viewers;
  prometheus::Counter &pieces, &skipped, &closed_slow, &sent;
  prometheus::Histogram& delay;
  std::shared_mutex hubs_mutex;  ///< they change only when all is over
  std::vector<std::unique_ptr<Hub>> hubs;
  std::atomic<bool> stopped{false};
  mutable std::mutex mutex;
  std::unordered_map<std::string, EntryPtr> entries;

  Hub* hub_of(const ws::Session& session) {
    for (auto& hub : hubs) {
      const auto* loop = static_cast<const asio::execution_context*>(&hub->loop);
      if (static_cast<const void*>(loop) == session.loop()) return hub.get();
    }
    return nullptr;
  }

  [[nodiscard]] EntryPtr find(const std::string& id) const {
    const std::lock_guard lock(mutex);
    const auto it = entries.find(id);
    return it == entries.end() ? nullptr : it->second;
  }

  EntryPtr find_or_make(const std::string& id) {
    const std::lock_guard lock(mutex);
    auto& entry = entries[id];
    if (!entry)
      entry = std::make_shared<Entry>(
          limits.channel,
          [this](const ChannelPtr& channel, SharedPiecePtr piece) { send(channel, piece); });
    return entry;
  }

  void keep(const std::string& id, const EntryPtr& entry) {
    const std::lock_guard lock(mutex);
    entries[id] = entry;
  }

  template <class F>
  void on_all(const F& task) {
    const std::shared_lock lock(hubs_mutex);
    for (auto& hub : hubs) {
      asio::post(hub->loop, [self = shared_from_this(), &hub = *hub, task] {
        if (!self->stopped) task(*self, hub);
      });
    }
  }

  /// With the entry's mutex held: so pieces reach the hubs in their order.
  void send(const ChannelPtr& channel, const SharedPiecePtr& piece) {
    pieces.Increment();
    const auto bound = queue_bound(*channel, limits.fanout);
    on_all([channel, piece, bound](Impl& self, Hub& hub) {
      const auto it = hub.rooms.find(channel);
      if (it == hub.rooms.end()) return;
      ws::FanoutStats stats;
      it->second.offer(*piece, bound, Clock::now(), stats);
      self.count(stats);
      const auto took = Clock::now() - piece->completed;
      self.delay.Observe(std::chrono::duration<double>(took).count());
    });
  }

  void count(const ws::FanoutStats& stats) {
    if (stats.sent_bytes > 0) sent.Increment(static_cast<double>(stats.sent_bytes));
    if (stats.skipped_chunks > 0) skipped.Increment(static_cast<double>(stats.skipped_chunks));
    if (stats.closed_slow > 0) closed_slow.Increment(static_cast<double>(stats.closed_slow));
  }

  /// With the entry's mutex held.
  void let_go(Entry& entry, std::uint16_t code, const std::string& reason) {
    for (const auto& channel : entry.live.channels()) {
      on_all([channel, code, reason](Impl&, Hub& hub) {
        if (const auto it = hub.rooms.find(channel); it != hub.rooms.end())
          it->second.close(code, reason);
      });
    }
  }

  void leave(Hub& hub, const EntryPtr& entry, const ChannelPtr& channel, std::uint64_t session) {
    if (const auto it = hub.rooms.find(channel); it != hub.rooms.end()) {
      it->second.leave(session);
      if (it->second.viewers() == 0) hub.rooms.erase(it);
    }
    const std::lock_guard lock(entry->mutex);
    entry->live.close(channel);
  }

  void arm() {
    auto& timer = hubs.front()->timer;
    timer.expires_after(std::chrono::seconds(1));
    timer.async_wait([self = shared_from_this()](boost::system::error_code ec) {
      if (ec || self->stopped) return;
      self->sweep();
      self->arm();
    });
  }

  void sweep() {
    std::vector<std::pair<std::string, EntryPtr>> all;
    {
      const std::lock_guard lock(mutex);
      all.assign(entries.begin(), entries.end());
    }
    const auto now = Clock::now();
    for (const auto& [id, entry] : all) {
      const std::lock_guard lock(entry->mutex);
      if (entry->live.publishing() || now - entry->paused_since < limits.max_pause) continue;
      let_go(*entry, kNormal, "nobody publishes");
      if (!entry->live.idle()) continue;
      const std::lock_guard map_lock(mutex);
      if (const auto it = entries.find(id); it != entries.end() && it->second == entry)
        entries.erase(it);
    }
  }
};

Fanout::Fanout(std::vector<asio::io_context*> loops, Metrics& metrics, ws::Fanout& audiences,
               Limits limits)
    : impl_(std::make_shared<Impl>(metrics, audiences, limits)) {
  for (auto* loop : loops) impl_->hubs.push_back(std::make_unique<Impl::Hub>(*loop));
  asio::post(*loops.front(), [impl = impl_] {
    if (!impl->stopped) impl->arm();
  });
}

Fanout::~Fanout() {
  close();
}

void Fanout::close() {
  impl_->stopped = true;
  const std::unique_lock lock(impl_->hubs_mutex);
  impl_->hubs.clear();
}

ws::FanoutFollower Fanout::follower() {
  const auto with = [impl = impl_](const std::string& id, const auto& task) {
    const auto entry = impl->find(id);
    if (!entry) return;
    const std::lock_guard lock(entry->mutex);
    task(*entry);
  };
  ws::FanoutFollower follower;
  follower.start = [impl = impl_](const std::string& id, std::uint64_t epoch,
                                  const std::vector<media::Track>& tracks) {
    const auto entry = impl->find_or_make(id);
    const std::lock_guard lock(entry->mutex);
    entry->live.start(epoch, tracks);
    impl->keep(id, entry);  // which a sweep may just have dropped
    if (const auto fine = entry->live.check({}); !fine.ok())
      impl->let_go(*entry, ws::close_code(fine.code()), fine.error().detail);
  };
  follower.chunk = [with](const std::string& id, const media::ChunkPtr& chunk) {
    with(id, [&](Entry& entry) { entry.live.chunk(chunk); });
  };
  follower.renditions = [with](const std::string& id, std::uint64_t epoch,
                               const std::vector<media::Track>& tracks) {
    with(id, [&](Entry& entry) { entry.live.set_renditions(epoch, tracks); });
  };
  follower.rendition_chunk = [with](const std::string& id, std::uint64_t epoch,
                                    const media::ChunkPtr& chunk) {
    with(id, [&](Entry& entry) { entry.live.rendition_chunk(epoch, chunk); });
  };
  follower.stop = [with](const std::string& id) {
    with(id, [](Entry& entry) {
      entry.live.stop();
      entry.paused_since = Clock::now();
    });
  };
  follower.end = [impl = impl_, with](const std::string& id) {
    with(id, [&](Entry& entry) {
      entry.live.stop();
      impl->let_go(entry, kNormal, "the session has ended");
    });
    const std::lock_guard lock(impl->mutex);
    impl->entries.erase(id);
  };
  return follower;
}

Result<void> Fanout::check(const std::string& id, const std::string& rendition) const {
  const auto most = static_cast<std::int64_t>(impl_->limits.fanout.max_viewers_per_session);
  if (impl_->audiences.viewers(id) >= most)
    return error(ErrorCode::overloaded, "the session has as many viewers as it can take");
  const auto entry = impl_->find(id);
  if (!entry) return error(ErrorCode::unavailable, "nobody publishes now");
  const std::lock_guard lock(entry->mutex);
  return entry->live.check(rendition);
}

Result<std::function<void()>> Fanout::join(const std::string& id,
                                           const std::shared_ptr<ws::Session>& session,
                                           const std::string& rendition, Framing framing) {
  if (auto fine = check(id, rendition); !fine.ok()) return fine.error();
  auto* hub = impl_->hub_of(*session);
  const auto entry = impl_->find(id);
  auto audience = impl_->audiences.audience(id);
  if (hub == nullptr || !entry || !audience)
    return error(ErrorCode::unavailable, "the server is going away");
  ChannelPtr channel;
  std::vector<SharedPiecePtr> cache;
  std::uint64_t next = 0;
  {
    const std::lock_guard lock(entry->mutex);
    // Who comes in after the end would be closed by nobody.
    if (auto fine = entry->live.check(rendition); !fine.ok()) return fine.error();
    channel = entry->live.open(rendition);
    cache.assign(channel->cache.begin(), channel->cache.end());
    next = channel->next_number;
  }
  ++audience->viewers;
  impl_->viewers.Increment();
  ws::FanoutStats stats;
  hub->rooms.try_emplace(channel, impl_->limits.fanout)
      .first->second.join(session, framing, cache, next, Clock::now(), stats);
  impl_->count(stats);
  return std::function<void()>(
      [impl = impl_, hub, entry, channel, audience, number = session->id()] {
        --audience->viewers;
        impl->viewers.Decrement();
        // A failed write ends a session within the room's loop over its viewers: leave after it.
        asio::post(hub->loop, [impl, hub, entry, channel, number] {
          if (!impl->stopped) impl->leave(*hub, entry, channel, number);
        });
      });
}

}  // namespace troupe::flv
