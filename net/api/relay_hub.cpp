#include "net/api/relay_hub.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "base/metrics.hpp"

namespace troupe::api {
namespace {

using Clock = std::chrono::steady_clock;

/// Sound that lies beside a key frame may come before it: edges get so much from before.
constexpr std::int64_t kLeadUs = 300'000;
constexpr std::chrono::milliseconds kTick{500};

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

template <class Message>
ws::Frame text_of(const Message& message) {
  return ws::text_frame(relay::encode(message));
}

/// What edges that come are to be sent of one track, or of the published ones together.
struct Cache {
  std::deque<media::ChunkPtr> chunks;
  std::size_t bytes = 0;

  void clear() {
    chunks.clear();
    bytes = 0;
  }
  void pop() {
    bytes -= chunks.front()->bytes->size();
    chunks.pop_front();
  }
  void add(const media::ChunkPtr& chunk, const RelayLimits& limits) {
    if (!chunks.empty() && chunk->sequence != chunks.back()->sequence + 1)
      clear();  // what follows a hole cannot be decoded
    chunks.push_back(chunk);
    bytes += chunk->bytes->size();
    if (bytes > limits.max_cached_bytes || chunks.size() > limits.max_cached_chunks) clear();
  }
  /// A key frame begins a new group.
  void begin_group(std::int64_t start_us) {
    while (!chunks.empty() &&
           chunks.front()->start_us + chunks.front()->duration_us < start_us - kLeadUs)
      pop();
  }
};

struct Edge {
  std::shared_ptr<ws::Session> session;
  relay::Viewers viewers;
  Clock::time_point heard;
  bool behind = false;  ///< lost chunks, waits for a key frame
  std::size_t waiting = 0;
};

struct Relayed {
  std::uint64_t epoch = 0;  ///< 0: nobody publishes
  std::vector<media::Track> tracks, made;
  std::uint32_t leading = 0;  ///< track whose key frames begin a group
  Cache cache;
  std::map<std::uint32_t, Cache> made_caches;
  std::vector<Edge> edges;
  std::shared_ptr<ws::Audience> audience;  ///< while there are edges
  ws::ReactionCounts told_reactions{};
  relay::Viewers told;

  [[nodiscard]] relay::Viewers viewers() const {
    relay::Viewers out;
    for (const auto& edge : edges) {
      out.sockets += edge.viewers.sockets;
      out.players += edge.viewers.players;
    }
    return out;
  }
  Edge* find(std::uint64_t session_id) {
    for (auto& edge : edges)
      if (edge.session->id() == session_id) return &edge;
    return nullptr;
  }
};

}  // namespace

struct RelayHub::Impl : std::enable_shared_from_this<RelayHub::Impl> {
  Impl(boost::asio::io_context& loop, ws::Fanout& fan, Metrics& metrics, RelayOptions given)
      : options(std::move(given)),
        context(loop),
        fanout(fan),
        timer(std::in_place, loop),
        edges(metrics.gauge("troupe_live_relays", "Edges that relay a session from here")),
        sent(metrics.counter("troupe_live_relay_sent_bytes_total",
                             "Bytes of chunks queued to edges")),
        behind(metrics.counter("troupe_live_relay_behind_total",
                               "Times that an edge was too slow and lost chunks")) {}

  // All below are called with `mutex` held.

  [[nodiscard]] ws::Frame publication_of(const std::string& id, const Relayed& session) const {
    auto cuts = options.cuts(id);
    if (cuts && cuts->epoch != session.epoch) cuts.reset();
    return text_of(relay::Publication{session.epoch, session.tracks, std::move(cuts)});
  }

  /// A text that does not fit breaks what the edge knows: it has to come anew.
  static void tell(const Edge& edge, const ws::Frame& frame) {
    if (!edge.session->send(frame))
      edge.session->close(ws::close_code(ErrorCode::timeout), "too slow for this session");
  }
  static void tell_all(const Relayed& session, const ws::Frame& frame) {
    for (const auto& edge : session.edges) tell(edge, frame);
  }

  void send(Edge& edge, const ws::Frame& frame) {
    if (edge.session->send(frame)) return sent.Increment(static_cast<double>(frame->size()));
    edge.behind = true;
    behind.Increment();
  }

  void tell_audience(const std::string& id, Relayed& session) const {
    const auto total = options.total(id, session.viewers());
    if (total == session.told) return;
    session.told = total;
    tell_all(session, text_of(total));
  }

  void tick() {
    const std::lock_guard lock(mutex);
    const auto now = Clock::now();
    std::size_t count = 0;
    for (auto it = sessions.begin(); it != sessions.end();) {
      auto& [id, session] = *it;
      for (auto& edge : session.edges) {
        if (now - edge.heard <= options.limits.silent_for) continue;
        edge.viewers = {};
        edge.session->close(ws::close_code(ErrorCode::timeout), "nothing was heard of this edge");
      }
      count += session.edges.size();
      if (!session.edges.empty()) {
        tell_audience(id, session);
        count_elsewhere(id, session);
        tell_reactions(session);
      } else {
        session.audience = nullptr;
      }
      const bool over = session.edges.empty() && session.epoch == 0;
      it = over ? sessions.erase(it) : std::next(it);
    }
    edges.Set(static_cast<double>(count));
  }

  static void tell_reactions(Relayed& session) {
    if (!session.audience) return;
    const auto now = session.audience->counts();
    if (now == session.told_reactions) return;
    boost::json::object counts;
    for (std::size_t i = 0; i < now.size(); ++i)
      if (now[i] != session.told_reactions[i])
        counts[ws::kReactions[i]] = now[i] - session.told_reactions[i];
    session.told_reactions = now;
    tell_all(session, ws::text_frame(boost::json::serialize(boost::json::object{
                          {"type", "reactions"}, {"counts", std::move(counts)}})));
  }

  void tick_later() {
    timer->expires_after(kTick);
    timer->async_wait([weak = weak_from_this()](const auto& ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      self->tick();
      self->tick_later();
    });
  }

  // What the tap tells.

  void start(const std::string& id, std::uint64_t epoch, const std::vector<media::Track>& tracks) {
    const std::lock_guard lock(mutex);
    auto& session = sessions[id];
    if (session.epoch >= epoch || tracks.empty()) return;
    session.epoch = epoch;
    session.tracks = tracks;
    session.made.clear();
    session.cache.clear();
    session.made_caches.clear();
    session.leading = tracks.front().id;
    for (const auto& track : tracks)
      if (track.kind == media::TrackKind::video) session.leading = track.id;
    for (auto& edge : session.edges) edge.behind = false;
    if (!session.edges.empty()) tell_all(session, publication_of(id, session));
  }

  void renditions(const std::string& id, std::uint64_t epoch,
                  const std::vector<media::Track>& tracks) {
    const std::lock_guard lock(mutex);
    const auto found = sessions.find(id);
    if (found == sessions.end() || found->second.epoch != epoch) return;
    auto& session = found->second;
    session.made = tracks;
    std::erase_if(session.made_caches, [&](const auto& cache) {
      return std::ranges::find(tracks, cache.first, &media::Track::id) == tracks.end();
    });
    tell_all(session, text_of(relay::Renditions{epoch, tracks}));
  }

  void chunk(const std::string& id, const media::ChunkPtr& chunk) {
    const std::lock_guard lock(mutex);
    const auto found = sessions.find(id);
    if (found == sessions.end() || found->second.epoch == 0) return;
    auto& session = found->second;
    const bool begins = chunk->key && chunk->track == session.leading;
    if (begins) session.cache.begin_group(chunk->start_us);
    session.cache.add(chunk, options.limits);
    if (session.edges.empty()) return;
    const auto frame = ws::binary_frame(relay::encode(session.epoch, false, *chunk));
    for (auto& edge : session.edges) {
      if (edge.behind &&
          !(begins && edge.session->queued_bytes() < options.limits.resume_below_bytes))
        continue;
      if (std::exchange(edge.behind, false)) tell(edge, publication_of(id, session));
      send(edge, frame);
    }
  }

  void rendition_chunk(const std::string& id, std::uint64_t epoch, const media::ChunkPtr& chunk) {
    const std::lock_guard lock(mutex);
    const auto found = sessions.find(id);
    if (found == sessions.end() || found->second.epoch != epoch) return;
    auto& session = found->second;
    auto& cache = session.made_caches[chunk->track];
    if (chunk->key) cache.clear();
    if (chunk->key || !cache.chunks.empty()) cache.add(chunk, options.limits);
    if (session.edges.empty()) return;
    const auto frame = ws::binary_frame(relay::encode(epoch, true, *chunk));
    for (auto& edge : session.edges)
      if (!edge.behind) send(edge, frame);
  }

  void stop(const std::string& id) {
    const std::lock_guard lock(mutex);
    const auto found = sessions.find(id);
    if (found == sessions.end()) return;
    auto& session = found->second;
    session.epoch = 0;
    session.cache.clear();
    session.made_caches.clear();
    tell_all(session, text_of(relay::Stop{}));
  }

  void end(const std::string& id) {
    const std::lock_guard lock(mutex);
    const auto found = sessions.find(id);
    if (found == sessions.end()) return;
    found->second.epoch = 0;
    found->second.cache.clear();
    found->second.made_caches.clear();
    for (const auto& edge : found->second.edges) edge.session->close(1000, "the session has ended");
  }

  void text(const std::string& id, const ws::Frame& frame) {
    const std::lock_guard lock(mutex);
    if (const auto found = sessions.find(id); found != sessions.end())
      tell_all(found->second, frame);
  }

  void leave(const std::string& id, std::uint64_t session_id) {
    const std::lock_guard lock(mutex);
    const auto found = sessions.find(id);
    if (found == sessions.end()) return;
    auto& session = found->second;
    std::erase_if(session.edges, [&](const Edge& e) { return e.session->id() == session_id; });
    count_elsewhere(id, session);
  }

  /// Of a session that is relayed to here its origin knows.
  void count_elsewhere(const std::string& id, const Relayed& session) const {
    if (session.audience && !options.foreign(id))
      session.audience->elsewhere = session.viewers().sockets;
  }

  void on_message(const std::string& id, const std::shared_ptr<ws::Session>& from,
                  std::string_view bytes, bool is_text);
  void take_one(const std::string& id, const std::shared_ptr<ws::Session>& from,
                const relay::Forward& said);
  void take_one(const std::string& id, const std::shared_ptr<ws::Session>& from,
                const relay::Greet& greeting);
  /// False: the edge is gone, or has too many that wait.
  bool begin_waiting(const std::string& id, std::uint64_t session_id);
  void end_waiting(const std::string& id, std::uint64_t session_id);

  const RelayOptions options;
  boost::asio::io_context& context;
  ws::Fanout& fanout;
  std::optional<boost::asio::steady_timer> timer;  ///< used on the loop
  prometheus::Gauge& edges;
  prometheus::Counter &sent, &behind;
  mutable std::mutex mutex;
  std::unordered_map<std::string, Relayed> sessions;
};

bool RelayHub::Impl::begin_waiting(const std::string& id, std::uint64_t session_id) {
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  auto* edge = found == sessions.end() ? nullptr : found->second.find(session_id);
  if (edge == nullptr || edge->waiting >= options.limits.max_waiting) return false;
  ++edge->waiting;
  return true;
}

void RelayHub::Impl::end_waiting(const std::string& id, std::uint64_t session_id) {
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  auto* edge = found == sessions.end() ? nullptr : found->second.find(session_id);
  if (edge != nullptr) --edge->waiting;
}

void RelayHub::Impl::take_one(const std::string& id, const std::shared_ptr<ws::Session>& from,
                              const relay::Forward& said) {
  if (!begin_waiting(id, from->id())) return;
  options.say(id, said, [weak = weak_from_this(), id, from, ref = said.ref](std::string text) {
    from->send(text_of(relay::Answer{ref, std::move(text)}));
    if (const auto self = weak.lock()) self->end_waiting(id, from->id());
  });
}

void RelayHub::Impl::take_one(const std::string& id, const std::shared_ptr<ws::Session>& from,
                              const relay::Greet& greeting) {
  if (!begin_waiting(id, from->id())) return;
  options.greet(id, [weak = weak_from_this(), id, from,
                     ref = greeting.ref](Result<std::vector<std::string>> texts) {
    from->send(
        text_of(relay::Greeting{ref, texts.ok() ? std::move(*texts) : std::vector<std::string>()}));
    if (const auto self = weak.lock()) self->end_waiting(id, from->id());
  });
}

void RelayHub::Impl::on_message(const std::string& id, const std::shared_ptr<ws::Session>& from,
                                std::string_view bytes, bool is_text) {
  auto message = is_text ? relay::parse_up(bytes)
                         : Result<relay::Up>(error(ErrorCode::corrupt, "relay: texts only"));
  if (!message.ok()) return from->close(ws::close_code(message.code()), message.error().detail);
  if (const auto* said = std::get_if<relay::Forward>(&*message)) return take_one(id, from, *said);
  if (const auto* greeting = std::get_if<relay::Greet>(&*message))
    return take_one(id, from, *greeting);
  if (const auto* reactions = std::get_if<relay::Reactions>(&*message)) {
    for (std::size_t i = 0; i < std::min(reactions->counts.size(), ws::kReactions.size()); ++i)
      options.react(id, i, reactions->counts[i]);
    return;
  }
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  auto* edge = found == sessions.end() ? nullptr : found->second.find(from->id());
  if (edge == nullptr) return;
  edge->heard = Clock::now();
  if (const auto* ping = std::get_if<relay::Ping>(&*message))
    return tell(*edge, text_of(relay::Pong{ping->sent_us, unix_us()}));
  edge->viewers = std::get<relay::Viewers>(*message);
  count_elsewhere(id, found->second);
}

RelayHub::RelayHub(boost::asio::io_context& loop, ws::Fanout& fanout, Metrics& metrics,
                   RelayOptions options)
    : impl_(std::make_shared<Impl>(loop, fanout, metrics, std::move(options))) {}

RelayHub::~RelayHub() = default;

void RelayHub::start() {
  const auto impl = impl_;
  impl->fanout.tap(
      {.start = [impl](const auto& id, auto epoch,
                       const auto& tracks) { impl->start(id, epoch, tracks); },
       .chunk = [impl](const auto& id, const auto& chunk) { impl->chunk(id, chunk); },
       .rendition_chunk = [impl](const auto& id, auto epoch,
                                 const auto& chunk) { impl->rendition_chunk(id, epoch, chunk); },
       .stop = [impl](const auto& id) { impl->stop(id); },
       .end = [impl](const auto& id) { impl->end(id); },
       .text = [impl](const auto& id, const auto& frame) { impl->text(id, frame); }});
  boost::asio::post(impl->context, [weak = std::weak_ptr(impl)] {
    if (const auto self = weak.lock()) self->tick_later();
  });
}

void RelayHub::renditions(const std::string& id, std::uint64_t epoch,
                          const std::vector<media::Track>& tracks) {
  impl_->renditions(id, epoch, tracks);
}

void RelayHub::thumbnail(const std::string& id, const media::Thumbnail& thumbnail) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->sessions.find(id);
  if (found == impl_->sessions.end() || found->second.edges.empty()) return;
  // One that an edge misses is not missed much.
  const auto frame = ws::binary_frame(relay::encode(thumbnail));
  for (const auto& edge : found->second.edges) edge.session->send(frame);
}

void RelayHub::rules_changed(const std::string& id) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->sessions.find(id);
  if (found != impl_->sessions.end() && !found->second.edges.empty())
    Impl::tell_all(found->second, text_of(impl_->options.rules(id)));
}

void RelayHub::close() {
  impl_->timer.reset();
  const std::lock_guard lock(impl_->mutex);
  impl_->sessions.clear();
}

void RelayHub::adopt(const std::string& id, const std::shared_ptr<ws::Session>& session) {
  session->on_message(
      [impl = impl_, id, weak = std::weak_ptr(session)](std::string_view bytes, bool text) {
        if (const auto self = weak.lock()) impl->on_message(id, self, bytes, text);
      });
  session->on_close([impl = impl_, id, number = session->id()] {
    // A failed write ends a session while edges are told something: leave after that.
    boost::asio::post(impl->context, [impl, id, number] { impl->leave(id, number); });
  });
}

Result<void> RelayHub::join(const std::string& id, const std::shared_ptr<ws::Session>& session) {
  const std::lock_guard lock(impl_->mutex);
  auto& relayed = impl_->sessions[id];
  if (relayed.edges.size() >= impl_->options.limits.max_edges_per_session)
    return error(ErrorCode::overloaded, "the session has as many edges as it can take");
  if (!relayed.audience) {
    relayed.audience = impl_->fanout.audience(id);
    if (!relayed.audience) return error(ErrorCode::unavailable, "the server is going away");
    relayed.told_reactions = relayed.audience->counts();
  }
  relayed.edges.push_back({.session = session, .heard = Clock::now()});
  auto& edge = relayed.edges.back();
  Impl::tell(edge, text_of(relay::Hello{relay::kVersion, impl_->options.instance}));
  if (relayed.epoch != 0) {
    Impl::tell(edge, impl_->publication_of(id, relayed));
    if (!relayed.made.empty())
      Impl::tell(edge, text_of(relay::Renditions{relayed.epoch, relayed.made}));
  }
  Impl::tell(edge, text_of(impl_->options.total(id, relayed.viewers())));
  Impl::tell(edge, text_of(impl_->options.rules(id)));
  Impl::tell(edge, text_of(relay::Ready{}));
  for (const auto& chunk : relayed.cache.chunks)
    if (!edge.behind)
      impl_->send(edge, ws::binary_frame(relay::encode(relayed.epoch, false, *chunk)));
  for (const auto& [track, cache] : relayed.made_caches)
    for (const auto& chunk : cache.chunks)
      if (!edge.behind)
        impl_->send(edge, ws::binary_frame(relay::encode(relayed.epoch, true, *chunk)));
  for (const auto& thumbnail : impl_->options.thumbnails(id))
    edge.session->send(ws::binary_frame(relay::encode(thumbnail)));
  return {};
}

relay::Viewers RelayHub::viewers(const std::string& id) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->sessions.find(id);
  return found == impl_->sessions.end() ? relay::Viewers() : found->second.viewers();
}

}  // namespace troupe::api
