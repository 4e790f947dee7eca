#include "media/packager.hpp"

#include "media/av.hpp"
#include "media/chunker.hpp"
#include "media/ffmpeg_log.hpp"

extern "C" {
#include <libavutil/mem.h>
}

namespace troupe::media {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kIoBytes = 1316 * 16;  // SRT carries seven TS packets of 188 bytes in a message

/// Opens the demuxer over a ByteSource.
class Demuxer {
 public:
  Demuxer(const ByteSource& source, const PackagerOptions& options)
      : source_(source), options_(options) {}
  ~Demuxer() { avformat_close_input(&context_); }

  Result<void> open() {
    context_ = avformat_alloc_context();
    io_.reset(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kIoBytes)), kIoBytes, 0,
                                 this, &Demuxer::read_bytes, nullptr, nullptr));
    context_->pb = io_.get();
    context_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_DISCARD_CORRUPT;
    context_->probesize = options_.probe_bytes;
    context_->max_analyze_duration = options_.analyze_us;
    context_->max_streams = 16;
    const int opened =
        avformat_open_input(&context_, nullptr, av_find_input_format("mpegts"), nullptr);
    if (opened < 0) return error(ErrorCode::corrupt, "not MPEG-TS: " + av_error(opened));
    const int found = avformat_find_stream_info(context_, nullptr);
    if (found < 0)
      return error(ErrorCode::corrupt, "the streams cannot be told: " + av_error(found));
    return {};
  }
  [[nodiscard]] AVFormatContext* get() const noexcept { return context_; }
  /// When the last byte that was read came.
  [[nodiscard]] const Clock::time_point& arrived() const noexcept { return arrived_; }

 private:
  static int read_bytes(void* self, std::uint8_t* buffer, int size) {
    auto& demuxer = *static_cast<Demuxer*>(self);
    const auto bytes = demuxer.source_({buffer, static_cast<std::size_t>(size)});
    demuxer.arrived_ = Clock::now();
    return bytes == 0 ? AVERROR_EOF : static_cast<int>(bytes);
  }

  const ByteSource& source_;
  const PackagerOptions& options_;
  AVFormatContext* context_ = nullptr;
  AvioPtr io_;
  Clock::time_point arrived_ = Clock::now();
};

Result<void> select(AVFormatContext& in, Chunker& chunker) {
  for (unsigned i = 0; i < in.nb_streams; ++i) {
    auto* stream = in.streams[i];
    const auto& p = *stream->codecpar;
    const bool wanted_video = p.codec_type == AVMEDIA_TYPE_VIDEO && !chunker.has_video();
    const bool wanted_audio = p.codec_type == AVMEDIA_TYPE_AUDIO && !chunker.has_audio();
    if (!wanted_video && !wanted_audio) {
      stream->discard = AVDISCARD_ALL;
      continue;
    }
    const auto expected = wanted_video ? AV_CODEC_ID_H264 : AV_CODEC_ID_AAC;
    if (p.codec_id != expected) {
      return error(ErrorCode::unsupported, std::string(wanted_video ? "video must be H.264, not "
                                                                    : "audio must be AAC, not ") +
                                               avcodec_get_name(p.codec_id));
    }
    if (wanted_audio && p.sample_rate <= 0) continue;
    const int index = static_cast<int>(i);
    if (auto added = wanted_video ? chunker.add_video(index, p, stream->time_base)
                                  : chunker.add_audio(index, p, stream->time_base);
        !added.ok()) {
      return added;
    }
  }
  if (!chunker.has_video()) return error(ErrorCode::unsupported, "there is no H.264 video");
  return {};
}

}  // namespace

Result<PackageStats> package_stream(const ByteSource& source, const PackageSink& sink,
                                    const PackagerOptions& options) {
  route_ffmpeg_log();
  Demuxer demuxer(source, options);
  if (auto opened = demuxer.open(); !opened.ok()) return opened.error();
  Chunker chunker(sink, options);
  if (auto selected = select(*demuxer.get(), chunker); !selected.ok()) return selected.error();
  const PacketPtr packet(av_packet_alloc());
  while (av_read_frame(demuxer.get(), packet.get()) >= 0) {
    auto more = chunker.take(*packet, demuxer.arrived());
    av_packet_unref(packet.get());
    if (!more.ok()) return more.error();
    if (!*more) return chunker.stats();
  }
  if (auto done = chunker.finish(); !done.ok()) return done.error();
  return chunker.stats();
}

}  // namespace troupe::media
