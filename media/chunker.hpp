// From packets of elementary streams to CMAF chunks, wherever they were told apart. Only for this
// room.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "media/av.hpp"
#include "media/packager.hpp"
#include "media/timeline_repair.hpp"
#include "media/track_muxer.hpp"

namespace troupe::media {

inline constexpr std::size_t kMaxFrameBytes = 16U << 20;
/// Frames of one chunk together, whatever times they tell.
inline constexpr std::size_t kMaxChunkBytes = kMaxFrameBytes;

/// At most one video and one audio track. Not thread-safe.
class Chunker {
 public:
  Chunker(const PackageSink& sink, const PackagerOptions& options)
      : sink_(sink), chunk_us_(std::int64_t{options.chunk_ms} * 1000) {}

  /// Before the first packet. Packets with stream index `index` are the track's, their times in
  /// `time_base`. Errors: corrupt, too_large (pictures of more than kMaxPicturePixels).
  /// `wrap_bits`: after so many bits its times come round.
  Result<void> add_video(int index, const AVCodecParameters& parameters, AVRational time_base,
                         int wrap_bits = 64);
  Result<void> add_audio(int index, const AVCodecParameters& parameters, AVRational time_base,
                         int wrap_bits = 64);
  [[nodiscard]] bool has_video() const noexcept { return tracks_[0].in_use; }
  [[nodiscard]] bool has_audio() const noexcept { return tracks_[1].in_use; }

  /// `arrived`: when its last byte came. Errors end the stream; false: the sink has had enough.
  Result<bool> take(AVPacket& packet, std::chrono::steady_clock::time_point arrived);
  /// Cuts what is open.
  Result<void> finish();
  [[nodiscard]] const PackageStats& stats() const noexcept { return stats_; }

 private:
  /// One track on its way: repaired times, muxer, the chunk that is being filled.
  struct TrackState {
    bool in_use = false;
    int index = -1;
    AVRational time_base{1, 1};
    std::uint32_t id = 0;
    int timescale = 0;
    BsfPtr to_asc;                            ///< of AAC
    AVCodecParameters* parameters = nullptr;  ///< complete once there is extradata
    std::unique_ptr<TrackMuxer> muxer;
    /// Of HEVC whose sets stand in the stream: what `hvc1` may have them be, all the time.
    std::set<std::string> sets;
    Unwrap unwrap;
    TimelineRepair repair{0};
    bool seen_key = false;
    bool open_chunk = false;
    bool key = false;
    std::uint32_t chunk_frames = 0;
    std::size_t chunk_bytes = 0;
    std::int64_t chunk_start = 0;
    std::int64_t chunk_end = 0;

    ~TrackState() { avcodec_parameters_free(&parameters); }
  };

  TrackState* state_of(int index);
  Result<void> add(std::uint32_t id, int index, const AVCodecParameters& parameters,
                   AVRational time_base, int timescale, int wrap_bits);
  [[nodiscard]] std::optional<std::int64_t> neighbour_of(const TrackState& track) const;
  Result<bool> filter_audio(TrackState& track, AVPacket& packet);
  [[nodiscard]] bool ready() const;
  Result<Track> describe(TrackState& track) const;
  Result<void> announce();
  Result<bool> release_held();
  static int frame_samples(const TrackState& track, const AVPacket& packet);
  Result<bool> package(TrackState& track, AVPacket& packet);
  Result<bool> cut(TrackState& track);

  const PackageSink& sink_;
  const std::int64_t chunk_us_;
  std::array<TrackState, 2> tracks_;
  std::deque<PacketPtr> held_;
  std::size_t held_bytes_ = 0;
  bool announced_ = false;
  std::chrono::steady_clock::time_point arrived_;
  std::uint64_t sequence_ = 0;
  PackageStats stats_;
};

}  // namespace troupe::media
