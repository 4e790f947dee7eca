#include "media/packager.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>

#include "media/av.hpp"
#include "media/codec_string.hpp"
#include "media/ffmpeg_log.hpp"
#include "media/timeline_repair.hpp"
#include "media/track_muxer.hpp"

extern "C" {
#include <libavutil/mem.h>
}

namespace troupe::media {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kIoBytes = 1316 * 16;  // SRT carries seven TS packets of 188 bytes in a message
constexpr std::uint32_t kVideoTrack = 1, kAudioTrack = 2;
constexpr int kVideoTimescale = 90'000;
constexpr std::int64_t kJumpSeconds = 10;
constexpr int kAacFrame = 1024;  // samples, ISO/IEC 14496-3
/// Packets held until the codec parameters of both tracks are known.
constexpr std::size_t kMaxHeld = 600;
constexpr std::size_t kMaxFrameBytes = 16U << 20;

std::int64_t to_us(std::int64_t time, int timescale) {
  return av_rescale(time, 1'000'000, timescale);
}

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
    const bool flv = options_.format == StreamFormat::flv;
    const int opened = avformat_open_input(
        &context_, nullptr, av_find_input_format(flv ? "flv" : "mpegts"), nullptr);
    if (opened < 0)
      return error(ErrorCode::corrupt,
                   std::string(flv ? "not FLV: " : "not MPEG-TS: ") + av_error(opened));
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

/// One track on its way: repaired times, muxer, the chunk that is being filled.
struct TrackState {
  AVStream* in = nullptr;
  std::uint32_t id = 0;
  int timescale = 0;
  BsfPtr to_asc;
  AVCodecParameters* parameters = nullptr;  ///< complete once there is extradata
  std::unique_ptr<TrackMuxer> muxer;
  TimelineRepair repair{0};
  bool seen_key = false;
  bool open_chunk = false;
  bool key = false;
  std::uint32_t chunk_frames = 0;
  std::int64_t chunk_start = 0;
  std::int64_t chunk_end = 0;

  ~TrackState() { avcodec_parameters_free(&parameters); }
};

class Packager {
 public:
  Packager(const Demuxer& demuxer, const PackageSink& sink, const PackagerOptions& options)
      : demuxer_(demuxer),
        in_(demuxer.get()),
        sink_(sink),
        chunk_us_(std::int64_t{options.chunk_ms} * 1000) {}

  Result<void> select();
  /// Errors end the stream; false: the sink has had enough.
  Result<bool> take(AVPacket& packet);
  Result<void> finish();
  [[nodiscard]] const PackageStats& stats() const noexcept { return stats_; }

 private:
  TrackState* state_of(int index) {
    for (auto& track : tracks_) {
      if (track.in != nullptr && track.in->index == index) return &track;
    }
    return nullptr;
  }
  Result<void> add(AVStream* stream, std::uint32_t id, int timescale);
  Result<bool> filter_audio(TrackState& track, AVPacket& packet);
  [[nodiscard]] bool ready() const;
  Result<void> announce();
  Result<bool> package(TrackState& track, AVPacket& packet);
  Result<bool> cut(TrackState& track);

  const Demuxer& demuxer_;
  AVFormatContext* in_;
  const PackageSink& sink_;
  const std::int64_t chunk_us_;
  std::array<TrackState, 2> tracks_;
  std::deque<PacketPtr> held_;
  bool announced_ = false;
  std::uint64_t sequence_ = 0;
  PackageStats stats_;
};

Result<void> Packager::add(AVStream* stream, std::uint32_t id, int timescale) {
  auto& track = tracks_[id - 1];
  track.in = stream;
  track.id = id;
  track.timescale = timescale;
  track.repair = TimelineRepair(kJumpSeconds * timescale);
  track.parameters = avcodec_parameters_alloc();
  if (avcodec_parameters_copy(track.parameters, stream->codecpar) < 0)
    return error(ErrorCode::internal, "no memory");
  if (id == kAudioTrack) {
    AVBSFContext* raw = nullptr;
    av_bsf_alloc(av_bsf_get_by_name("aac_adtstoasc"), &raw);
    track.to_asc.reset(raw);
    avcodec_parameters_copy(raw->par_in, stream->codecpar);
    raw->time_base_in = stream->time_base;
    if (av_bsf_init(raw) < 0) return error(ErrorCode::corrupt, "the AAC stream cannot be read");
  }
  return {};
}

Result<void> Packager::select() {
  for (unsigned i = 0; i < in_->nb_streams; ++i) {
    auto* stream = in_->streams[i];
    const auto& p = *stream->codecpar;
    const bool wanted_video = p.codec_type == AVMEDIA_TYPE_VIDEO && tracks_[0].in == nullptr;
    const bool wanted_audio = p.codec_type == AVMEDIA_TYPE_AUDIO && tracks_[1].in == nullptr;
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
    if (auto added = add(stream, wanted_video ? kVideoTrack : kAudioTrack,
                         wanted_video ? kVideoTimescale : p.sample_rate);
        !added.ok()) {
      return added;
    }
  }
  if (tracks_[0].in == nullptr) return error(ErrorCode::unsupported, "there is no H.264 video");
  if (tracks_[0].parameters->extradata_size == 0 || tracks_[0].parameters->width <= 0) {
    return error(ErrorCode::corrupt, "the video has no parameter sets");
  }
  return {};
}

Result<bool> Packager::filter_audio(TrackState& track, AVPacket& packet) {
  if (av_bsf_send_packet(track.to_asc.get(), &packet) < 0)
    return false;  // a broken ADTS frame: dropped
  if (av_bsf_receive_packet(track.to_asc.get(), &packet) < 0) return false;
  std::size_t size = 0;
  const auto* config = av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
  if (config != nullptr && size > 0 && track.parameters->extradata_size == 0) {
    track.parameters->extradata =
        static_cast<std::uint8_t*>(av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE));
    std::copy_n(config, size, track.parameters->extradata);
    track.parameters->extradata_size = static_cast<int>(size);
  }
  av_packet_free_side_data(&packet);
  return true;
}

bool Packager::ready() const {
  return std::all_of(tracks_.begin(), tracks_.end(), [](const TrackState& t) {
    return t.in == nullptr || t.parameters->extradata_size > 0;
  });
}

Result<void> Packager::announce() {
  std::vector<Track> out;
  for (auto& track : tracks_) {
    if (track.in == nullptr) continue;
    const auto& p = *track.parameters;
    const std::span<const std::uint8_t> extradata(p.extradata,
                                                  static_cast<std::size_t>(p.extradata_size));
    const bool video = track.id == kVideoTrack;
    const auto codecs = video ? avc_codec_string(extradata) : aac_codec_string(extradata);
    if (!codecs) return error(ErrorCode::corrupt, "the codec parameters make no sense");
    auto muxer = TrackMuxer::open(track.id, p, track.timescale);
    if (!muxer.ok()) return muxer.error();
    track.muxer = std::move(*muxer);
    Track t;
    t.id = track.id;
    t.kind = video ? TrackKind::video : TrackKind::audio;
    t.codecs = *codecs;
    t.mime = std::string(video ? "video" : "audio") + "/mp4; codecs=\"" + *codecs + "\"";
    t.timescale = static_cast<std::uint32_t>(track.timescale);
    t.width = video ? p.width : 0;
    t.height = video ? p.height : 0;
    t.sample_rate = video ? 0 : p.sample_rate;
    t.channels = video ? 0 : p.ch_layout.nb_channels;
    t.init = std::make_shared<const std::string>(track.muxer->init());
    out.push_back(std::move(t));
  }
  announced_ = true;
  sink_.tracks(std::move(out));
  return {};
}

Result<bool> Packager::take(AVPacket& packet) {
  auto* track = state_of(packet.stream_index);
  if (track == nullptr || packet.dts == AV_NOPTS_VALUE || packet.size <= 0) return true;
  if (static_cast<std::size_t>(packet.size) > kMaxFrameBytes)
    return error(ErrorCode::too_large, "a frame over 16 MiB");
  // Nobody can decode what stands before the first key frame.
  if (track->id == kVideoTrack && !track->seen_key) {
    if ((packet.flags & AV_PKT_FLAG_KEY) == 0) return true;
    track->seen_key = true;
  }
  if (track->id == kAudioTrack) {
    auto usable = filter_audio(*track, packet);
    if (!usable.ok() || !*usable) return true;
  }
  if (announced_) return package(*track, packet);
  PacketPtr copy(av_packet_alloc());
  av_packet_move_ref(copy.get(), &packet);
  held_.push_back(std::move(copy));
  if (!ready()) {
    if (held_.size() < kMaxHeld) return true;
    // The audio that the stream promised does not come: go on with the picture alone.
    tracks_[1].in = nullptr;
    std::erase_if(held_, [&](const PacketPtr& p) { return state_of(p->stream_index) == nullptr; });
  }
  if (auto done = announce(); !done.ok()) return done.error();
  // The earliest time of all tracks is the session's zero.
  std::int64_t origin_us = INT64_MAX;
  for (const auto& p : held_) {
    origin_us = std::min(
        origin_us, av_rescale_q(p->dts, in_->streams[p->stream_index]->time_base, {1, 1'000'000}));
  }
  for (auto& t : tracks_) t.repair.start(av_rescale(origin_us, t.timescale, 1'000'000));
  for (auto& p : std::exchange(held_, {})) {
    auto more = package(*state_of(p->stream_index), *p);
    if (!more.ok() || !*more) return more;
  }
  return true;
}

Result<bool> Packager::package(TrackState& track, AVPacket& packet) {
  av_packet_rescale_ts(&packet, track.in->time_base, {1, track.timescale});
  const auto composition =
      packet.pts == AV_NOPTS_VALUE
          ? 0
          : std::clamp<std::int64_t>(packet.pts - packet.dts, 0, kJumpSeconds * track.timescale);
  const bool video = track.id == kVideoTrack;
  // An AAC frame has its length by definition; a picture lasts until the next, which is told by the
  // distance of the last two.
  const auto frame = track.parameters->frame_size > 0 ? track.parameters->frame_size : kAacFrame;
  packet.dts = track.repair.repair(packet.dts, video ? 0 : frame);
  packet.pts = packet.dts + composition;
  packet.duration = track.repair.duration();
  const bool key = !video || (packet.flags & AV_PKT_FLAG_KEY) != 0;
  if (video && key && track.open_chunk) {
    auto more = cut(track);
    if (!more.ok() || !*more) return more;
  }
  if (!track.open_chunk) {
    track.open_chunk = true;
    track.key = key;
    track.chunk_frames = 0;
    track.chunk_start = packet.dts;
  }
  track.chunk_end = packet.dts + packet.duration;
  ++(video ? stats_.video_frames : stats_.audio_frames);
  ++track.chunk_frames;
  if (auto written = track.muxer->write(packet); !written.ok()) return written.error();
  // Half a sample of slack, so that rounding does not make every chunk one frame longer.
  const auto length_us = to_us(track.chunk_end - track.chunk_start, track.timescale);
  const auto slack_us = to_us(packet.duration, track.timescale) / 2;
  return length_us + slack_us >= chunk_us_ ? cut(track) : Result<bool>(true);
}

Result<bool> Packager::cut(TrackState& track) {
  auto bytes = track.muxer->flush();
  if (!bytes.ok()) return bytes.error();
  track.open_chunk = false;
  stats_.repaired_timestamps = tracks_[0].repair.repaired() + tracks_[1].repair.repaired();
  if (bytes->empty()) return true;
  stats_.bytes_out += bytes->size();
  auto chunk = std::make_shared<Chunk>();
  chunk->sequence = ++sequence_;
  chunk->track = track.id;
  chunk->start_us = to_us(track.chunk_start, track.timescale);
  chunk->duration_us = to_us(track.chunk_end - track.chunk_start, track.timescale);
  chunk->frames = track.chunk_frames;
  chunk->key = track.key;
  chunk->completed = demuxer_.arrived();
  const auto since = Clock::now() - chunk->completed;
  chunk->wall_us = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch() - since)
                       .count();
  chunk->bytes = std::make_shared<const std::string>(std::move(*bytes));
  return sink_.chunk(std::move(chunk));
}

Result<void> Packager::finish() {
  for (auto& track : tracks_) {
    if (!track.muxer || !track.open_chunk) continue;
    if (auto done = cut(track); !done.ok()) return done.error();
  }
  return {};
}

}  // namespace

Result<PackageStats> package_stream(const ByteSource& source, const PackageSink& sink,
                                    const PackagerOptions& options) {
  route_ffmpeg_log();
  Demuxer demuxer(source, options);
  if (auto opened = demuxer.open(); !opened.ok()) return opened.error();
  Packager packager(demuxer, sink, options);
  if (auto selected = packager.select(); !selected.ok()) return selected.error();
  const PacketPtr packet(av_packet_alloc());
  while (av_read_frame(demuxer.get(), packet.get()) >= 0) {
    auto more = packager.take(*packet);
    av_packet_unref(packet.get());
    if (!more.ok()) return more.error();
    if (!*more) return packager.stats();
  }
  if (auto done = packager.finish(); !done.ok()) return done.error();
  return packager.stats();
}

}  // namespace troupe::media
