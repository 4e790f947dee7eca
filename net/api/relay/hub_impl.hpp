// Inside of RelayHub: its parts share this and nobody else does.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/metrics.hpp"
#include "net/api/relay/hub.hpp"

namespace troupe::api {

template <class Message>
[[nodiscard]] ws::Frame relay_frame(const Message& message) {
  return ws::text_frame(relay::encode(message));
}

/// What edges that come are to be sent of one track, or of the published ones together.
struct RelayCache {
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
  /// Sound that lies beside a key frame may come before it: edges get so much from before.
  static constexpr std::int64_t kLeadUs = 300'000;

  /// A key frame begins a new group.
  void begin_group(std::int64_t start_us) {
    while (!chunks.empty() &&
           chunks.front()->start_us + chunks.front()->duration_us < start_us - kLeadUs)
      pop();
  }
};

struct RelayEdge {
  std::shared_ptr<ws::Session> session;
  relay::Viewers viewers;
  std::chrono::steady_clock::time_point heard;
  bool behind = false;  ///< lost chunks, waits for a key frame
  std::size_t waiting = 0;
};

struct RelayedSession {
  std::uint64_t epoch = 0;  ///< 0: nobody publishes
  std::vector<media::Track> tracks, made;
  std::uint32_t leading = 0;  ///< track whose key frames begin a group
  RelayCache cache;
  std::map<std::uint32_t, RelayCache> made_caches;
  std::vector<RelayEdge> edges;
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
  RelayEdge* find(std::uint64_t session_id) {
    for (auto& edge : edges)
      if (edge.session->id() == session_id) return &edge;
    return nullptr;
  }
};

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

  // With `mutex` held:

  [[nodiscard]] ws::Frame publication_of(const std::string& id,
                                         const RelayedSession& session) const;

  /// A text that does not fit breaks what the edge knows: it has to come anew.
  static void tell(const RelayEdge& edge, const ws::Frame& frame);
  static void tell_all(const RelayedSession& session, const ws::Frame& frame);

  void send(RelayEdge& edge, const ws::Frame& frame);

  void tell_audience(const std::string& id, RelayedSession& session) const;
  /// Of a session that is relayed to here its origin knows.
  void count_elsewhere(const std::string& id, const RelayedSession& session) const;
  static void tell_reactions(RelayedSession& session);
  /// Lets go of those of whom nothing is heard.
  void watch_edges(RelayedSession& session) const;

  // Without it. What the tap tells:

  void start(const std::string& id, std::uint64_t epoch, const std::vector<media::Track>& tracks);
  void renditions(const std::string& id, std::uint64_t epoch,
                  const std::vector<media::Track>& tracks);
  void chunk(const std::string& id, const media::ChunkPtr& chunk);
  void rendition_chunk(const std::string& id, std::uint64_t epoch, const media::ChunkPtr& chunk);
  void stop(const std::string& id);
  void end(const std::string& id);
  void text(const std::string& id, const ws::Frame& frame);

  // On the loop, twice a second:
  void tick();
  void tick_later();

  // What edges say, and that they are gone:
  void leave(const std::string& id, std::uint64_t session_id);

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
  std::unordered_map<std::string, RelayedSession> sessions;
};

}  // namespace troupe::api
