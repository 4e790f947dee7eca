// One publication's renditions in the making: decode once, scale once for each size, encode each.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "media/chunk.hpp"
#include "media/health/stream_meter.hpp"
#include "media/ladder/lag_policy.hpp"
#include "media/ladder/rungs.hpp"
#include "media/ladder/thumbnail.hpp"

struct AVFrame;
struct AVPacket;

namespace troupe::media {

class WorkerPool;
struct Picture;

struct TranscodeOptions {
  std::vector<Rung> rungs;  ///< highest first; those larger than the source are left out
  LagPolicyOptions lag;
  std::chrono::milliseconds thumbnail_every{0};  ///< 0: none are made
  std::uint32_t first_track = 3;                 ///< of the renditions
};

/// Calls come from the pool's threads, one at a time for each rendition; none must block.
struct TranscodeSink {
  /// The renditions that are made from now on; an empty list: none any more.
  std::function<void(const std::vector<Track>&)> renditions;
  std::function<void(ChunkPtr)> chunk;
  /// From a picture's chunk coming in to all renditions of one size being encoded.
  std::function<void(std::chrono::duration<double>)> delay;
  std::function<void(Thumbnail)> thumbnail;
  /// What each decoded key frame looks like; may be null.
  std::function<void(const HealthLook&)> look;
  /// A rendition is made no more; in words why. It may come back.
  std::function<void(const Track&, const std::string& why)> dropped;
  /// One that was dropped is made again; may be null.
  std::function<void(const Track&)> returned;
};

/// `returning`: made again from the next key frame on. `failed`: it cannot be made.
enum class RungState : std::uint8_t { starting, on, dropped, returning, failed };

struct TranscodeStatus {
  struct Entry {
    Rung rung;
    Size size;
    RungState state = RungState::starting;
  };
  std::vector<Entry> rungs;
  std::chrono::milliseconds lag{0};  ///< how long the oldest chunk has waited
};

/// Chunks wait here, not pictures: of those only a few are decoded ahead. LagPolicy judges by the
/// wait which renditions are given up, and which come back.
/// Thread-safe.
class Transcode : public std::enable_shared_from_this<Transcode> {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Transcode(WorkerPool& pool, Track source, TranscodeOptions options, TranscodeSink sink);
  ~Transcode();

  /// A chunk of the source's picture; those of other tracks are ignored. Never blocks.
  void push(const ChunkPtr& chunk, TimePoint now);
  /// Nothing begins any more; a call to the sink that runs already may end later.
  void stop();
  [[nodiscard]] TranscodeStatus status(TimePoint now) const;

 private:
  struct Lane;
  struct LanePlace;
  struct Waiting {
    ChunkPtr chunk;
    TimePoint since;
    bool after_hole = false;
  };

  struct Changes {
    std::vector<std::size_t> dropped;
    std::chrono::milliseconds late{0};
  };
  Changes judge(const Chunk& next, TimePoint now);
  void drop_waiting();
  void fail(std::size_t rung, const std::string& why);
  void tell(const Changes& changes);
  /// On the pool: a step that throws costs this publication its renditions, and nothing else.
  void post(std::function<void()> step);
  void schedule_decoder();
  void schedule_lane(const std::shared_ptr<Lane>& lane);
  void decode_step();
  void decode(const AVPacket& packet);
  [[nodiscard]] std::size_t least_packets() const;
  bool fill_packets();
  void open_reader();
  void open_lanes(const AVFrame& first);
  bool begin(LanePlace& place);
  void distribute(Picture picture);
  void make_thumbnail(const Picture& picture);
  void lane_step(const std::shared_ptr<Lane>& lane);
  void encode(Lane& lane, const Picture& picture);
  [[nodiscard]] bool made(std::size_t rung) const;
  void tell_renditions();
  [[nodiscard]] bool any_rung() const;
  [[nodiscard]] bool lanes_full() const;

  WorkerPool& pool_;
  const Track source_;
  const TranscodeOptions options_;
  const TranscodeSink sink_;

  std::mutex telling_;  ///< before `mutex_`: whoever tells last must have the newest to tell
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::int64_t expected_us_ = 0;  ///< where the next chunk begins
  bool seen_any_ = false;
  bool decoding_ = false;  ///< a decoder's step is posted or runs
  LagPolicy policy_;
  std::vector<TranscodeStatus::Entry> rungs_;
  std::vector<Track> tracks_;  ///< of each rung; without id until its encoder is open
  std::vector<std::shared_ptr<Lane>> lanes_;

  /// Of the decoder's step only, which runs once at a time.
  struct Decoder;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace troupe::media
