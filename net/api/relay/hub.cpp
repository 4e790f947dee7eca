#include "net/api/relay/hub.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include "net/api/relay/hub_impl.hpp"

namespace troupe::api {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{500};

}  // namespace

ws::Frame RelayHub::Impl::publication_of(const std::string& id,
                                         const RelayedSession& session) const {
  auto cuts = options.cuts(id);
  if (cuts && cuts->epoch != session.epoch) cuts.reset();
  return relay_frame(relay::Publication{session.epoch, session.tracks, std::move(cuts)});
}

void RelayHub::Impl::tell(const RelayEdge& edge, const ws::Frame& frame) {
  if (!edge.session->send(frame))
    edge.session->close(ws::close_code(ErrorCode::timeout), "too slow for this session");
}

void RelayHub::Impl::tell_all(const RelayedSession& session, const ws::Frame& frame) {
  for (const auto& edge : session.edges) tell(edge, frame);
}

void RelayHub::Impl::send(RelayEdge& edge, const ws::Frame& frame) {
  if (edge.session->send(frame)) return sent.Increment(static_cast<double>(frame->size()));
  edge.behind = true;
  behind.Increment();
}

void RelayHub::Impl::tell_audience(const std::string& id, RelayedSession& session) const {
  const auto total = options.total(id, session.viewers());
  if (total == session.told) return;
  session.told = total;
  tell_all(session, relay_frame(total));
}

void RelayHub::Impl::watch_edges(RelayedSession& session) const {
  const auto silent_since = Clock::now() - options.limits.silent_for;
  for (auto& edge : session.edges) {
    if (edge.heard >= silent_since) continue;
    edge.viewers = {};
    edge.session->close(ws::close_code(ErrorCode::timeout), "nothing was heard of this edge");
  }
  // One that was gone before it joined has nobody else to say so.
  std::erase_if(session.edges, [&](const RelayEdge& edge) {
    return edge.heard < silent_since - options.limits.silent_for;
  });
}

void RelayHub::Impl::tick() {
  const std::lock_guard lock(mutex);
  std::size_t count = 0;
  for (auto it = sessions.begin(); it != sessions.end();) {
    auto& [id, session] = *it;
    watch_edges(session);
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

void RelayHub::Impl::tell_reactions(RelayedSession& session) {
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

void RelayHub::Impl::tick_later() {
  timer->expires_after(kTick);
  timer->async_wait([weak = weak_from_this()](const auto& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    self->tick();
    self->tick_later();
  });
}

void RelayHub::Impl::start(const std::string& id, std::uint64_t epoch,
                           const std::vector<media::Track>& tracks) {
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

void RelayHub::Impl::renditions(const std::string& id, std::uint64_t epoch,
                                const std::vector<media::Track>& tracks) {
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  if (found == sessions.end() || found->second.epoch != epoch) return;
  auto& session = found->second;
  session.made = tracks;
  std::erase_if(session.made_caches, [&](const auto& cache) {
    return std::ranges::find(tracks, cache.first, &media::Track::id) == tracks.end();
  });
  tell_all(session, relay_frame(relay::Renditions{epoch, tracks}));
}

void RelayHub::Impl::chunk(const std::string& id, const media::ChunkPtr& chunk) {
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

void RelayHub::Impl::rendition_chunk(const std::string& id, std::uint64_t epoch,
                                     const media::ChunkPtr& chunk) {
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

void RelayHub::Impl::stop(const std::string& id) {
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  if (found == sessions.end()) return;
  auto& session = found->second;
  session.epoch = 0;
  session.cache.clear();
  session.made_caches.clear();
  tell_all(session, relay_frame(relay::Stop{}));
}

void RelayHub::Impl::end(const std::string& id) {
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  if (found == sessions.end()) return;
  found->second.epoch = 0;
  found->second.cache.clear();
  found->second.made_caches.clear();
  for (const auto& edge : found->second.edges) edge.session->close(1000, "the session has ended");
}

void RelayHub::Impl::text(const std::string& id, const ws::Frame& frame) {
  const std::lock_guard lock(mutex);
  if (const auto found = sessions.find(id); found != sessions.end()) tell_all(found->second, frame);
}

void RelayHub::Impl::leave(const std::string& id, std::uint64_t session_id) {
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  if (found == sessions.end()) return;
  auto& session = found->second;
  std::erase_if(session.edges, [&](const RelayEdge& e) { return e.session->id() == session_id; });
  count_elsewhere(id, session);
}

void RelayHub::Impl::count_elsewhere(const std::string& id, const RelayedSession& session) const {
  if (session.audience && !options.foreign(id))
    session.audience->elsewhere = session.viewers().sockets;
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

void RelayHub::caption(const std::string& id, const relay::Caption& caption) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->sessions.find(id);
  if (found != impl_->sessions.end() && !found->second.edges.empty())
    Impl::tell_all(found->second, relay_frame(caption));
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
    Impl::tell_all(found->second, relay_frame(impl_->options.rules(id)));
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
  Impl::tell(edge, relay_frame(relay::Hello{relay::kVersion, impl_->options.instance}));
  // Before there is anything to see.
  Impl::tell(edge, relay_frame(impl_->options.rules(id)));
  if (relayed.epoch != 0) {
    Impl::tell(edge, impl_->publication_of(id, relayed));
    if (!relayed.made.empty())
      Impl::tell(edge, relay_frame(relay::Renditions{relayed.epoch, relayed.made}));
  }
  Impl::tell(edge, relay_frame(impl_->options.total(id, relayed.viewers())));
  Impl::tell(edge, relay_frame(relay::Ready{}));
  for (const auto& chunk : relayed.cache.chunks)
    if (!edge.behind)
      impl_->send(edge, ws::binary_frame(relay::encode(relayed.epoch, false, *chunk)));
  for (const auto& [track, cache] : relayed.made_caches)
    for (const auto& chunk : cache.chunks)
      if (!edge.behind)
        impl_->send(edge, ws::binary_frame(relay::encode(relayed.epoch, true, *chunk)));
  for (const auto& cue : impl_->options.cues(id)) Impl::tell(edge, ws::text_frame(cue));
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
