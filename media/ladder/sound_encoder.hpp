// From the chunks of a publication's sound to those of its rendition as AAC. Only for this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "media/chunk.hpp"
#include "media/ladder/av_frame.hpp"
#include "media/ladder/picture_reader.hpp"
#include "media/track_muxer.hpp"

struct AVAudioFifo;
struct SwrContext;

namespace troupe::media {

struct SoundOptions {
  std::uint32_t track = 0;
  int kbit_per_s = 0;
};

/// Decodes, mixes down to stereo, encodes AAC-LC. Times count samples from the first one on: the
/// wavering of the source's clock is left out, a hole becomes silence. The encoder is a frame late;
/// its packets have the times of what is heard, so that no player needs an edit list.
/// Not thread-safe.
class SoundEncoder {
 public:
  /// Errors: unsupported (no decoder, FFmpeg was built without the encoder), corrupt.
  static Result<std::unique_ptr<SoundEncoder>> open(const Track& source,
                                                    const SoundOptions& options);
  ~SoundEncoder();

  /// A chunk of the source's track. `begun`: before the first chunk of the rendition, what it is.
  /// Errors: internal, unsupported.
  Result<void> take(const Chunk& chunk, const std::function<void(const Track&)>& begun,
                    const std::function<void(ChunkPtr)>& made);

 private:
  SoundEncoder() = default;
  Result<void> hear(const Picture& sound);
  Result<void> open_codec(const AVFrame& frame);
  Result<void> begin_run(std::int64_t at);
  Result<void> add(const AVFrame& frame);
  Result<void> add_silence(std::int64_t samples);
  Result<void> encode_full_frames();
  Result<void> end_run();
  Result<void> send(const AVFrame* frame);
  Result<void> package(AVPacket& packet);
  Result<void> cut();

  struct FreeSound {
    void operator()(AVAudioFifo* p) const noexcept;
    void operator()(SwrContext* p) const noexcept;
  };

  Track source_;
  SoundOptions options_;
  std::unique_ptr<PictureReader> reader_;  ///< which reads sound as well
  std::unique_ptr<SwrContext, FreeSound> mixer_;
  std::unique_ptr<AVAudioFifo, FreeSound> fifo_;
  CodecPtr codec_;
  std::unique_ptr<TrackMuxer> muxer_;
  PacketPtr packet_;
  std::optional<Track> track_;
  int rate_ = 0, channels_ = 0;
  int in_rate_ = 0, in_channels_ = 0;
  std::int64_t chunk_us_ = 0, shift_us_ = 0;  ///< as RungOptions has them
  bool running_ = false;
  std::int64_t next_in_ = 0;   ///< in samples of the rendition: where the next frame should begin
  std::int64_t next_out_ = 0;  ///< when the next packet of the encoder is heard
  int dropped_ = 0;            ///< packets of the run that hold nothing but the encoder's delay
  std::uint64_t sequence_ = 0;
  std::uint32_t frames_ = 0, frames_per_chunk_ = 1;
  std::int64_t chunk_start_ = 0;
  /// During `take` only.
  const std::function<void(const Track&)>* begun_ = nullptr;
  const std::function<void(ChunkPtr)>* made_ = nullptr;
};

}  // namespace troupe::media
