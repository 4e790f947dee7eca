#include "media/pull.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <thread>

#include "media/av.hpp"
#include "media/chunker.hpp"
#include "media/ffmpeg_log.hpp"
#include "media/select_streams.hpp"

extern "C" {
#include <libavutil/dict.h>
}

namespace troupe::media {
namespace {

using Clock = std::chrono::steady_clock;

// What may be opened, whatever a playlist names: no files, no other schemes. Nothing over UDP but
// SRT, which asks no `connect` whether an address is private: so no session descriptions (SDP).
constexpr const char* kProtocols =
    "http,https,httpproxy,tcp,tls,crypto,rtmp,rtmps,rtmpt,ffrtmphttp,srt";
constexpr const char* kFormats =
    "hls,mpegts,flv,live_flv,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,rtsp,aac";
constexpr std::int64_t kMaxPlaylistBytes = 2 << 20, kMaxSegmentBytes = 64 << 20;
constexpr auto kAhead = std::chrono::seconds(1);
constexpr auto kJump = std::chrono::seconds(10);
constexpr auto kNap = std::chrono::milliseconds(20);

bool is_hls(const AVFormatContext& context) {
  return context.iformat != nullptr && std::string_view(context.iformat->name).starts_with("hls");
}

/// What is not named as media is taken for a playlist.
bool is_segment(std::string_view url) {
  const auto path = url.substr(0, url.find_first_of("?#"));
  constexpr std::array<std::string_view, 8> kEndings{".ts",  ".m4s", ".mp4",  ".m4v",
                                                     ".m4a", ".aac", ".mpeg", ".cmfv"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [path](std::string_view ending) { return path.ends_with(ending); });
}

/// Opens the source and bounds what it may do with our time and memory.
class Source {
 public:
  Source(const PullOptions& options, const std::function<bool()>& give_up)
      : options_(options), give_up_(give_up) {}
  ~Source() { avformat_close_input(&context_); }

  Result<void> open(const std::string& url) {
    allow(options_.open_timeout);
    context_ = avformat_alloc_context();
    context_->interrupt_callback = {&Source::interrupted, this};
    context_->opaque = this;
    open_ = context_->io_open;
    close_ = context_->io_close2;
    context_->io_open = &Source::open_url;
    context_->io_close2 = &Source::close_url;
    context_->flags |= AVFMT_FLAG_DISCARD_CORRUPT;
    context_->probesize = options_.packager.probe_bytes * 4;
    context_->max_analyze_duration = options_.packager.analyze_us * 2;
    context_->fps_probe_size = 0;
    constexpr int kMaxStreams = 32;
    context_->max_streams = kMaxStreams;
    AVDictionary* settings = nullptr;
    av_dict_set(&settings, "protocol_whitelist", kProtocols, 0);
    av_dict_set(&settings, "format_whitelist", kFormats, 0);
    av_dict_set(&settings, "max_redirects", "3", 0);
    // Each playlist and segment has its own connection, whose bytes can be counted.
    av_dict_set(&settings, "http_persistent", "0", 0);
    av_dict_set(&settings, "http_multiple", "0", 0);
    if (url.starts_with("rtsp")) av_dict_set(&settings, "rtsp_transport", "tcp", 0);
    const int opened = avformat_open_input(&context_, url.c_str(), nullptr, &settings);
    av_dict_free(&settings);
    if (opened < 0) return failed("cannot be opened", opened);
    if (const int found = find_streams(*context_); found < 0)
      return failed("the streams cannot be told", found);
    return {};
  }

  /// False: it has ended, or broke off as `failure` says.
  bool read(AVPacket& packet) {
    allow(options_.idle_timeout);
    const int got = av_read_frame(context_, &packet);
    if (got >= 0) return true;
    if (got != AVERROR_EOF) failure_ = failed("broke off", got);
    return false;
  }
  [[nodiscard]] const Result<void>& failure() const noexcept { return failure_; }
  [[nodiscard]] AVFormatContext& context() noexcept { return *context_; }
  [[nodiscard]] bool given_up() const { return give_up_(); }

 private:
  void allow(std::chrono::milliseconds time) { deadline_ = Clock::now() + time; }

  Result<void> failed(const char* what, int code) const {
    if (give_up_()) return {};
    if (too_large_) return error(ErrorCode::too_large, "a playlist or segment that is too large");
    if (Clock::now() >= deadline_) return error(ErrorCode::timeout, "nothing came in time");
    if (code == AVERROR(EACCES))
      return error(ErrorCode::forbidden, "the address is private, or not to be reached");
    return error(ErrorCode::io, std::string("the source ") + what + ": " + av_error(code));
  }

  static int interrupted(void* self) {
    auto& source = *static_cast<Source*>(self);
    for (const auto& [io, limit] : source.opened_) {
      if (io->bytes_read > limit) source.too_large_ = true;
    }
    const bool over = source.too_large_ || source.give_up_() || Clock::now() >= source.deadline_;
    return over ? 1 : 0;
  }
  static int open_url(AVFormatContext* context, AVIOContext** io, const char* url, int flags,
                      AVDictionary** settings) {
    // Demuxers open contexts of their own, which inherit this and `opaque`.
    auto& source = *static_cast<Source*>(context->opaque);
    const int opened = source.open_(context, io, url, flags, settings);
    if (opened >= 0 && (is_hls(*context) || std::strstr(url, ".m3u8") != nullptr))
      source.opened_[*io] = is_segment(url) ? kMaxSegmentBytes : kMaxPlaylistBytes;
    return opened;
  }
  static int close_url(AVFormatContext* context, AVIOContext* io) {
    auto& source = *static_cast<Source*>(context->opaque);
    source.opened_.erase(io);
    return source.close_(context, io);
  }

  const PullOptions& options_;
  const std::function<bool()>& give_up_;
  AVFormatContext* context_ = nullptr;
  decltype(AVFormatContext::io_open) open_ = nullptr;
  decltype(AVFormatContext::io_close2) close_ = nullptr;
  std::map<AVIOContext*, std::int64_t> opened_;  ///< of HLS: bytes that each may have
  Clock::time_point deadline_;
  bool too_large_ = false;
  Result<void> failure_;
};

/// Holds frames back until about their time.
class Pace {
 public:
  /// When a frame of this time may leave.
  Clock::time_point due(std::int64_t us) {
    const auto now = Clock::now();
    const auto at = zero_ + std::chrono::microseconds(us);
    // The first; a clock that jumped; a source that fell behind, which goes on from now.
    if (!begun_ || at > now + kJump || at < now) {
      begun_ = true;
      zero_ = now - std::chrono::microseconds(us);
      return now;
    }
    return at - kAhead;
  }

 private:
  bool begun_ = false;
  Clock::time_point zero_;
};

}  // namespace

bool pullable_scheme(std::string_view scheme) noexcept {
  constexpr std::array<std::string_view, 7> kSchemes{"http", "https", "rtmp", "rtmps",
                                                     "rtsp", "rtsps", "srt"};
  return std::find(kSchemes.begin(), kSchemes.end(), scheme) != kSchemes.end();
}

Result<Pulled> package_url(const std::string& url, const PackageSink& sink,
                           const PullOptions& options, const std::function<bool()>& give_up) {
  route_ffmpeg_log();
  Source source(options, give_up);
  if (auto opened = source.open(url); !opened.ok()) return opened.error();
  if (source.given_up()) return Pulled{};
  Chunker chunker(sink, options.packager);
  if (auto selected = select_streams(source.context(), Container::webm, chunker); !selected.ok())
    return selected.error();
  const bool finite = source.context().duration > 0;
  Pace pace;
  std::map<int, std::int64_t> last;
  for (unsigned i = 0; i < source.context().nb_streams; ++i)
    last[static_cast<int>(i)] = AV_NOPTS_VALUE;
  const PacketPtr packet(av_packet_alloc());
  while (source.read(*packet)) {
    if (packet->dts == AV_NOPTS_VALUE) packet->dts = packet->pts;
    // The HLS demuxer hands out the packet that it began to probe with twice.
    if (packet->dts != AV_NOPTS_VALUE &&
        std::exchange(last[packet->stream_index], packet->dts) == packet->dts) {
      av_packet_unref(packet.get());
      continue;
    }
    if (packet->dts != AV_NOPTS_VALUE) {
      const auto base =
          source.context().streams[static_cast<unsigned>(packet->stream_index)]->time_base;
      const auto due = pace.due(av_rescale_q(packet->dts, base, {1, 1'000'000}));
      while (Clock::now() < due && !source.given_up()) std::this_thread::sleep_for(kNap);
    }
    auto more = chunker.take(*packet, Clock::now());
    av_packet_unref(packet.get());
    if (!more.ok()) return more.error();
    if (!*more || source.given_up()) return Pulled{chunker.stats(), false};
  }
  if (auto done = chunker.finish(); !done.ok()) return done.error();
  if (!source.failure().ok()) return source.failure().error();
  return Pulled{chunker.stats(), finite};
}

}  // namespace troupe::media
