// From CMAF chunks of a track back to pictures. Only for this folder.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "media/chunk.hpp"
#include "media/ladder/av_frame.hpp"

namespace troupe::media {

/// The samples of one chunk after its init segment; none when it makes no sense.
[[nodiscard]] std::deque<PacketPtr> chunk_packets(const std::string& init, const Chunk& chunk);
/// The decoder's configuration in an init segment (avcC, hvcC); empty when it makes no sense.
[[nodiscard]] std::string codec_config(const std::string& init);

/// Demuxes with libavformat, decodes with libavcodec on the calling thread. Not thread-safe.
class PictureReader {
 public:
  /// Errors: unsupported (no decoder), corrupt (the init segment makes no sense).
  static Result<std::unique_ptr<PictureReader>> open(const Track& track);

  /// The samples of one chunk; none when it makes no sense.
  [[nodiscard]] std::deque<PacketPtr> packets(const Chunk& chunk) const;
  /// Hands out what the decoder has after `packet`. A packet that cannot be decoded gives nothing.
  void decode(const AVPacket& packet, const std::function<void(Picture)>& take);
  /// The same for a key frame by itself: the decoder holds nothing back.
  void decode_alone(const AVPacket& packet, const std::function<void(Picture)>& take);
  /// After a hole, before the next key frame.
  void forget();

 private:
  struct Told {
    std::int64_t dts, duration;
    bool key;
  };
  PictureReader() = default;
  void send(const AVPacket& packet);
  void receive(const std::function<void(Picture)>& take);

  std::string init_;
  CodecPtr codec_;
  std::map<std::int64_t, Told> told_;  ///< by presentation time: of packets in the decoder
  std::int64_t composition_ = 0;       ///< of the last key frame: pts - dts
};

}  // namespace troupe::media
