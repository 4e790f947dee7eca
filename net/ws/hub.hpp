// Fan-out of live sessions: one hub per I/O thread writes the same frames to all its viewers.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "media/chunk.hpp"
#include "net/ws/session.hpp"
#include "net/ws/slowness.hpp"

namespace boost::asio {
class io_context;
}
namespace troupe {
class Metrics;
}

namespace troupe::ws {

struct FanoutLimits {
  std::size_t min_queue_bytes =
      1U << 20;  ///< A viewer with more unsent is slow. Twice the group of pictures if that
  std::size_t max_queue_bytes =
      6U << 20;  ///< is more, up to this (below SessionLimits::max_queued_bytes).
  std::size_t max_cached_bytes =
      16U << 20;  ///< Of a group of pictures kept for newcomers; beyond it they wait for the
  std::size_t max_cached_chunks = 4'096;       ///< next key frame.
  std::chrono::milliseconds slow_for{30'000};  ///< Slow for this long: closed.
  std::chrono::milliseconds healed_after{
      10'000};  ///< Without a skip for this long: not slow any more.
  std::size_t max_viewers_per_session = 20'000;
  /// With so many viewers on a hub, sound leaves with the picture after it, in one write: a write
  /// costs more than the few bytes of sound. With fewer it leaves at once.
  std::size_t hold_sound_from_viewers = 400;
  /// Chat that comes sooner after the last is written together with what follows: one write to each
  /// viewer. Longer when writing to all took longer.
  std::chrono::milliseconds chat_gather{40};
  std::size_t max_gathered_bytes = 256U << 10;  ///< more is written at once
};

/// What a viewer may show the others without words. Counted, not stored; told once a second.
inline constexpr std::array<std::string_view, 6> kReactions{"like", "heart", "laugh",
                                                            "wow",  "sad",   "clap"};
/// Index into kReactions.
[[nodiscard]] std::optional<std::size_t> reaction_of(std::string_view name) noexcept;
using ReactionCounts = std::array<std::uint64_t, kReactions.size()>;

/// What is sent of one publication before its first chunk. Built once, shared by all hubs.
struct StreamStart {
  std::uint64_t epoch = 0;
  bool has_video = false;
  std::uint32_t video_track = 0;
  std::string tracks_json;  ///< The array for the hello.
  std::vector<Frame> inits;
  media::Track video;  ///< when there is one
  Frame video_init;
};
using StreamStartPtr = std::shared_ptr<const StreamStart>;
[[nodiscard]] StreamStartPtr make_stream_start(std::uint64_t epoch,
                                               const std::vector<media::Track>& tracks);

struct LiveChunk {
  media::ChunkPtr chunk;
  Frame frame;
  std::uint64_t chunks = 1;  ///< in the frame: a picture may carry the sound before it
};

/// Totals of one session over all hubs.
struct Audience {
  std::atomic<std::int64_t> viewers{0};
  std::atomic<std::int64_t> elsewhere{0};        ///< who watches over other servers
  std::atomic<std::int64_t> clock_offset_us{0};  ///< what to add for the publisher's server's clock
  std::array<std::atomic<std::uint64_t>, kReactions.size()> reactions{};

  [[nodiscard]] ReactionCounts counts() const noexcept;
  [[nodiscard]] std::int64_t everywhere() const noexcept { return viewers + elsewhere; }
};
/// Totals of a hub, for metrics.
struct FanoutStats {
  std::uint64_t skipped_chunks = 0;
  std::uint64_t closed_slow = 0;
  std::uint64_t sent_bytes = 0;
};

/// One session on one hub: its viewers and the chunks since the last key frame. Lives on the hub's
/// thread; no clock of its own, no socket but through Session.
class Room {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Room(std::string id, const FanoutLimits& limits, std::shared_ptr<Audience> audience);

  /// Hello, init segments, then everything since the last key frame: of the rendition of that name
  /// if there is one.
  void join(std::shared_ptr<Session> session, std::int64_t wall_us, std::string rendition = {});
  void leave(std::uint64_t session_id);
  /// The viewer wants that rendition of the picture; empty: as it is published. It switches at a
  /// key frame, without a hole where both have it.
  void choose(std::uint64_t session_id, const std::string& rendition);

  /// A publication began. Nothing happens when it is the one that runs already.
  void start(StreamStartPtr stream, std::int64_t wall_us);
  /// Viewers get it unless they are slow: then they skip to the next key frame and are told how
  /// many chunks went by. A hole in the sequence makes all of them do that, since what follows a
  /// hole cannot be decoded.
  void chunk(const LiveChunk& next, TimePoint now, FanoutStats& stats);
  /// What the ladder makes of the publication `epoch` from now on. Who watches one that is gone
  /// goes back to the picture as it is published.
  void set_renditions(std::uint64_t epoch, const std::vector<media::Track>& tracks,
                      FanoutStats& stats);
  void rendition_chunk(std::uint64_t epoch, const LiveChunk& next, TimePoint now,
                       FanoutStats& stats);
  /// Sound waits for a picture (hold_sound_from_viewers) until then; nothing: none waits.
  [[nodiscard]] std::optional<TimePoint> held_until() const;
  void send_held(TimePoint now, FanoutStats& stats);
  void stop();
  /// The same without telling anybody.
  void forget();
  /// Closes all viewers normally.
  void end();
  void text(const Frame& frame);
  /// Keeps a text frame until `flush`; how many bytes are kept now.
  std::size_t gather(std::string_view frame);
  /// Sends what was gathered, as one piece, to all.
  void flush();
  /// Once a second: the viewer count when it changed, reactions, and the clock.
  void tick(std::int64_t wall_us);

  [[nodiscard]] std::size_t viewers() const noexcept { return viewers_.size(); }
  [[nodiscard]] bool idle() const noexcept { return viewers_.empty() && !stream_; }
  [[nodiscard]] std::size_t cached() const noexcept { return cache_.size(); }

 private:
  struct Viewer {
    std::shared_ptr<Session> session;
    bool waiting = false;                ///< for a key frame
    bool fresh = true;                   ///< has had no chunk yet: nothing to be told of
    std::uint64_t skipped = 0;           ///< chunks since it began to wait
    std::int64_t resync_us = INT64_MIN;  ///< Audio that ends before is not sent.
    Slowness slowness;
    std::string wanted_name;   ///< of the rendition, over publications; empty: as published
    std::uint32_t track = 0;   ///< the picture it gets: 0 as published, else a rendition's track
    std::uint32_t wanted = 0;  ///< the picture it is to get
    bool between = false;      ///< has had all of `track` before `switch_us`, waits for `wanted`
    bool announce = false;     ///< is to be told of `track` before its next picture
    std::int64_t switch_us = 0;
    int missed_switches = 0;
  };
  /// A rendition and its chunks since its last key frame.
  struct Rung {
    media::Track track;
    Frame init;
    std::deque<LiveChunk> cache;
    std::size_t cached_bytes = 0;
    std::uint64_t next_sequence = 0;
  };

  void greet(Viewer& viewer, std::int64_t wall_us);
  void tell_reactions();
  void cache(const LiveChunk& next);
  [[nodiscard]] bool resync_point(const media::Chunk& chunk) const;
  [[nodiscard]] bool resync_point(const Viewer& viewer, const media::Chunk& chunk) const;
  [[nodiscard]] bool is_picture(const media::Chunk& chunk) const;
  /// Whether a viewer is to get this chunk of the published picture; may switch it instead.
  bool takes_published(Viewer& viewer, const media::Chunk& chunk, TimePoint now,
                       FanoutStats& stats);
  bool try_switch(Viewer& viewer, std::int64_t at_us, TimePoint now, FanoutStats& stats);
  bool enter(Viewer& viewer, std::uint32_t track);
  void enter_with_cache(Viewer& viewer, std::uint32_t track, TimePoint now, FanoutStats& stats);
  [[nodiscard]] const std::deque<LiveChunk>& cache_of(std::uint32_t track) const;
  [[nodiscard]] std::uint32_t rung_named(const std::string& name) const;
  [[nodiscard]] std::string rendition_message(std::uint32_t track) const;
  [[nodiscard]] std::string renditions_message() const;
  void forget_renditions();
  void offer(Viewer& viewer, const LiveChunk& next, TimePoint now, FanoutStats& stats);
  void offer_with_held(const LiveChunk& next, TimePoint now, FanoutStats& stats);
  void begin_skip(Viewer& viewer, TimePoint now);
  [[nodiscard]] std::size_t queue_bound() const;
  [[nodiscard]] std::string hello(std::int64_t wall_us) const;
  [[nodiscard]] std::string clock(std::int64_t wall_us) const;

  const std::string id_;
  const FanoutLimits limits_;
  std::shared_ptr<Audience> audience_;
  std::vector<Viewer> viewers_;
  StreamStartPtr stream_;
  std::deque<LiveChunk> cache_;
  std::size_t cached_bytes_ = 0;
  std::size_t group_bytes_ = 0;      ///< Size of the last whole group of pictures.
  std::uint64_t next_sequence_ = 0;  ///< 0: any
  media::ChunkPtr last_video_;
  std::map<std::uint32_t, Rung> rungs_;  ///< by track
  std::vector<LiveChunk> held_;          ///< sound that leaves with the next picture
  TimePoint held_until_{};
  std::int64_t told_viewers_ = -1;
  ReactionCounts told_reactions_;
  std::string gathered_;
};

/// Sees what goes to all viewers of any session, on the caller's thread and before they do. All
/// are set.
struct FanoutTap {
  std::function<void(const std::string& id, std::uint64_t epoch, const std::vector<media::Track>&)>
      start;
  std::function<void(const std::string& id, const media::ChunkPtr&)> chunk;
  std::function<void(const std::string& id, std::uint64_t epoch, const media::ChunkPtr&)>
      rendition_chunk;
  std::function<void(const std::string&id)> stop, end;
  std::function<void(const std::string& id, const Frame&)> text;
};

/// Gives viewers of any session the same in another form: called with what they get, on the
/// caller's thread and before they do. All are set.
struct FanoutFollower {
  std::function<void(const std::string&id, std::uint64_t epoch, const std::vector<media::Track>&)>
      start, renditions;
  std::function<void(const std::string& id, const media::ChunkPtr&)> chunk;
  std::function<void(const std::string& id, std::uint64_t epoch, const media::ChunkPtr&)>
      rendition_chunk;
  std::function<void(const std::string&id)> stop, end;
};

/// All hubs. Thread-safe.
class Fanout {
 public:
  Fanout(std::vector<boost::asio::io_context*> loops, Metrics& metrics, FanoutLimits limits = {});
  ~Fanout();
  /// Lets go of the loops: call it once they have ended and before they are destroyed. Everything
  /// after is ignored.
  void close();
  /// At most once each, before anything is sent.
  void tap(FanoutTap tap);
  void follow(FanoutFollower follower);

  /// To be called on the session's loop. The returned function makes it leave: call it in on_close,
  /// on the same loop. Errors: overloaded.
  Result<std::function<void()>> join(const std::string& id, const std::shared_ptr<Session>& session,
                                     const std::string& rendition = {});
  /// As Room::choose; on the session's loop.
  void choose(const std::string& id, const Session& session, const std::string& rendition);
  [[nodiscard]] std::int64_t viewers(const std::string& id) const;
  /// Held for as long as it is to count; null when `close` was called.
  [[nodiscard]] std::shared_ptr<Audience> audience(const std::string& id);

  void start(const std::string& id, std::uint64_t epoch, const std::vector<media::Track>& tracks);
  void chunk(const std::string& id, const media::ChunkPtr& chunk);
  /// What the ladder makes of the publication `epoch`.
  void set_renditions(const std::string& id, std::uint64_t epoch,
                      const std::vector<media::Track>& tracks);
  void rendition_chunk(const std::string& id, std::uint64_t epoch, const media::ChunkPtr& chunk);
  void stop(const std::string& id);
  void end(const std::string& id);
  /// As `stop`, without a word: nobody is told, here or by the tap.
  void forget(const std::string& id);
  /// Chat: what comes in quick succession is gathered.
  void text(const std::string& id, std::string_view json);
  /// `reaction`: index into kReactions.
  void react(const std::string& id, std::size_t reaction, std::uint64_t times = 1);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace troupe::ws
