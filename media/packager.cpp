#include "media/packager.hpp"

#include <algorithm>

#include "media/av.hpp"
#include "media/chunker.hpp"
#include "media/ffmpeg_log.hpp"
#include "media/mp4_reader.hpp"
#include "media/select_streams.hpp"

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
    allocate();
    context_->probesize = options_.probe_bytes;
    context_->max_analyze_duration = options_.analyze_us;
    context_->max_streams = 16;
    const bool webm = options_.container == Container::webm;
    if (webm) context_->fps_probe_size = 0;  // a recorder's pictures come when they come
    const int opened = avformat_open_input(
        &context_, nullptr, av_find_input_format(webm ? "matroska" : "mpegts"), nullptr);
    if (opened < 0)
      return error(ErrorCode::corrupt,
                   std::string(webm ? "not WebM: " : "not MPEG-TS: ") + av_error(opened));
    const int found = find_streams(*context_);
    if (found < 0)
      return error(ErrorCode::corrupt, "the streams cannot be told: " + av_error(found));
    return {};
  }
  /// The source is an MP4 up to its `moov`: nothing has to be probed.
  Result<void> open_moov() {
    allocate();
    context_->max_streams = kMaxMp4Tracks;
    const int opened =
        avformat_open_input(&context_, nullptr, av_find_input_format("mp4"), nullptr);
    if (opened < 0) return error(ErrorCode::corrupt, "not MP4: " + av_error(opened));
    return {};
  }
  [[nodiscard]] AVFormatContext* get() const noexcept { return context_; }
  /// When the last byte that was read came.
  [[nodiscard]] const Clock::time_point& arrived() const noexcept { return arrived_; }

 private:
  void allocate() {
    context_ = avformat_alloc_context();
    io_.reset(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kIoBytes)), kIoBytes, 0,
                                 this, &Demuxer::read_bytes, nullptr, nullptr));
    context_->pb = io_.get();
    context_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_DISCARD_CORRUPT;
  }

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

/// The codec parameters stand in `opening`; fragments are read by our own reader, since
/// libavformat's keeps an entry for every sample that ever came.
Result<void> select_from(const std::string& opening, Chunker& chunker) {
  std::size_t at = 0;
  const ByteSource source = [&](std::span<std::uint8_t> buffer) {
    const auto size = std::min(buffer.size(), opening.size() - at);
    std::copy_n(opening.data() + at, size, buffer.data());
    at += size;
    return size;
  };
  const PackagerOptions options{.container = Container::fragmented_mp4};
  Demuxer demuxer(source, options);
  if (auto opened = demuxer.open_moov(); !opened.ok()) return opened;
  return select_streams(*demuxer.get(), options.container, chunker);
}

Result<PackageStats> package_mp4(const ByteSource& source, Chunker& chunker) {
  Mp4Reader reader(source);
  const auto opening = reader.open();
  if (!opening.ok()) return opening.error();
  if (auto selected = select_from(*opening, chunker); !selected.ok()) return selected.error();
  const PacketPtr packet(av_packet_alloc());
  while (true) {
    const auto sample = reader.next();
    if (!sample.ok()) return sample.error();
    if (!*sample) break;
    const auto& s = **sample;
    if (av_new_packet(packet.get(), static_cast<int>(s.size)) < 0)
      return error(ErrorCode::internal, "no memory");
    if (!reader.read(packet->data, s.size)) break;
    packet->stream_index = static_cast<int>(s.track);
    packet->dts = s.dts;
    packet->pts = s.dts + s.composition;
    if (s.key) packet->flags |= AV_PKT_FLAG_KEY;
    auto more = chunker.take(*packet, Clock::now());
    av_packet_unref(packet.get());
    if (!more.ok()) return more.error();
    if (!*more) return chunker.stats();
  }
  if (auto done = chunker.finish(); !done.ok()) return done.error();
  return chunker.stats();
}

}  // namespace

Result<PackageStats> package_stream(const ByteSource& source, const PackageSink& sink,
                                    const PackagerOptions& options) {
  route_ffmpeg_log();
  Chunker chunker(sink, options);
  if (options.container == Container::fragmented_mp4) return package_mp4(source, chunker);
  Demuxer demuxer(source, options);
  if (auto opened = demuxer.open(); !opened.ok()) return opened.error();
  if (auto selected = select_streams(*demuxer.get(), options.container, chunker); !selected.ok())
    return selected.error();
  const PacketPtr packet(av_packet_alloc());
  while (av_read_frame(demuxer.get(), packet.get()) >= 0) {
    // Where a container has times of showing only, no picture waits for another.
    if (packet->dts == AV_NOPTS_VALUE && options.container == Container::webm)
      packet->dts = packet->pts;
    auto more = chunker.take(*packet, demuxer.arrived());
    av_packet_unref(packet.get());
    if (!more.ok()) return more.error();
    if (!*more) return chunker.stats();
  }
  if (auto done = chunker.finish(); !done.ok()) return done.error();
  return chunker.stats();
}

}  // namespace troupe::media
