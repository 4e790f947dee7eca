#include "media/chunker.hpp"

#include <algorithm>

#include "media/codec_string.hpp"
#include "media/hevc_sets.hpp"
#include "media/opus.hpp"

extern "C" {
#include <libavutil/mem.h>
}

namespace troupe::media {
namespace {

constexpr std::uint32_t kVideoTrack = 1, kAudioTrack = 2;
constexpr int kVideoTimescale = 90'000;
constexpr std::int64_t kJumpSeconds = 10;
constexpr std::int64_t kMaxLateMs = 60;  // of sound behind its picture: three frames
constexpr int kAacFrame = 1024;          // samples, ISO/IEC 14496-3
constexpr int kUsualPictures = 60;       // a second, at most
constexpr int kOpusRate = 48'000;        // of its times, whatever was recorded
/// Packets held until the codec parameters of both tracks are known.
constexpr std::size_t kMaxHeld = 600, kMaxHeldBytes = 64U << 20;

std::int64_t to_us(std::int64_t time, int timescale) {
  return av_rescale(time, 1'000'000, timescale);
}

/// The content of the `hvcC` that the muxer made of parameter sets in the stream.
std::span<const std::uint8_t> hevc_config(std::string_view init) {
  constexpr std::size_t kHeader = 8;
  const auto at = init.find("hvcC");
  if (at == std::string_view::npos || at < 4) return {};
  std::size_t size = 0;
  for (std::size_t i = at - 4; i < at; ++i) size = size << 8 | static_cast<std::uint8_t>(init[i]);
  if (size < kHeader || size > init.size() - (at - 4)) return {};
  return {reinterpret_cast<const std::uint8_t*>(init.data()) + at + 4, size - kHeader};
}

std::optional<std::string> codec_string(AVCodecID codec, std::span<const std::uint8_t> config,
                                        std::string_view init) {
  switch (codec) {
    case AV_CODEC_ID_VP9:
      return vp9_codec_string(init);
    case AV_CODEC_ID_OPUS:
      return "opus";
    case AV_CODEC_ID_H264:
      return avc_codec_string(config);
    case AV_CODEC_ID_HEVC:
      return hevc_codec_string(!config.empty() && config[0] == 1 ? config : hevc_config(init));
    case AV_CODEC_ID_AV1:
      return av1_codec_string(config);
    default:
      return aac_codec_string(config);
  }
}

}  // namespace

Chunker::TrackState* Chunker::state_of(int index) {
  for (auto& track : tracks_) {
    if (track.in_use && track.index == index) return &track;
  }
  return nullptr;
}

Result<void> Chunker::add(std::uint32_t id, int index, const AVCodecParameters& parameters,
                          AVRational time_base, int timescale, int wrap_bits) {
  auto& track = tracks_[id - 1];
  track.in_use = true;
  track.index = index;
  track.time_base = time_base;
  track.id = id;
  track.timescale = timescale;
  track.unwrap = Unwrap(wrap_bits);
  track.repair =
      TimelineRepair(kJumpSeconds * timescale, id == kVideoTrack ? timescale / kUsualPictures : 1);
  track.parameters = avcodec_parameters_alloc();
  if (avcodec_parameters_copy(track.parameters, &parameters) < 0)
    return error(ErrorCode::internal, "no memory");
  return {};
}

Result<void> Chunker::add_video(int index, const AVCodecParameters& parameters,
                                AVRational time_base, int wrap_bits) {
  const bool bare = parameters.codec_id == AV_CODEC_ID_VP9;  // has none
  if ((parameters.extradata_size == 0 && !bare) || parameters.width <= 0)
    return error(ErrorCode::corrupt, "the video has no parameter sets");
  if (std::int64_t{parameters.width} * parameters.height > kMaxPicturePixels)
    return error(ErrorCode::too_large, "pictures larger than 8192x4320");
  if (auto added = add(kVideoTrack, index, parameters, time_base, kVideoTimescale, wrap_bits);
      !added.ok())
    return added;
  // The muxer asks for the layout of the colours, which fragmented MP4 tells in a box that
  // libavformat does not read; in profile 0 there is one only.
  if (parameters.codec_id == AV_CODEC_ID_HEVC && parameters.extradata[0] != 1)
    tracks_[0].sets = hevc_parameter_sets(
        {parameters.extradata, static_cast<std::size_t>(parameters.extradata_size)});
  auto& format = tracks_[0].parameters->format;
  if (bare && format == AV_PIX_FMT_NONE) format = AV_PIX_FMT_YUV420P;
  return {};
}

Result<void> Chunker::add_audio(int index, const AVCodecParameters& parameters,
                                AVRational time_base, int wrap_bits) {
  const bool opus = parameters.codec_id == AV_CODEC_ID_OPUS;
  if (opus && parameters.extradata_size == 0)
    return error(ErrorCode::corrupt, "the Opus stream has no header");
  if (auto added = add(kAudioTrack, index, parameters, time_base,
                       opus ? kOpusRate : parameters.sample_rate, wrap_bits);
      !added.ok())
    return added;
  if (opus) return {};
  AVBSFContext* raw = nullptr;
  av_bsf_alloc(av_bsf_get_by_name("aac_adtstoasc"), &raw);
  tracks_[1].to_asc.reset(raw);
  avcodec_parameters_copy(raw->par_in, &parameters);
  raw->time_base_in = time_base;
  if (av_bsf_init(raw) < 0) return error(ErrorCode::corrupt, "the AAC stream cannot be read");
  return {};
}

Result<bool> Chunker::filter_audio(TrackState& track, AVPacket& packet) {
  if (!track.to_asc) return opus_samples({packet.data, static_cast<std::size_t>(packet.size)}) > 0;
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

bool Chunker::ready() const {
  return std::all_of(tracks_.begin(), tracks_.end(), [](const TrackState& t) {
    return !t.in_use || t.parameters->extradata_size > 0 ||
           t.parameters->codec_id == AV_CODEC_ID_VP9;
  });
}

Result<Track> Chunker::describe(TrackState& track) const {
  const auto& p = *track.parameters;
  const std::span<const std::uint8_t> extradata(p.extradata,
                                                static_cast<std::size_t>(p.extradata_size));
  const bool video = track.id == kVideoTrack;
  auto muxer = TrackMuxer::open(track.id, p, track.timescale);
  if (!muxer.ok()) return muxer.error();
  const auto codecs = codec_string(p.codec_id, extradata, (*muxer)->init());
  if (!codecs) return error(ErrorCode::corrupt, "the codec parameters make no sense");
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
  return t;
}

Result<void> Chunker::announce() {
  std::vector<Track> out;
  for (auto& track : tracks_) {
    if (!track.in_use) continue;
    auto described = describe(track);
    if (!described.ok()) return described.error();
    out.push_back(std::move(*described));
  }
  announced_ = true;
  sink_.tracks(std::move(out));
  return {};
}

Result<bool> Chunker::take(AVPacket& packet, std::chrono::steady_clock::time_point arrived) {
  arrived_ = arrived;
  auto* track = state_of(packet.stream_index);
  if (track == nullptr || packet.dts == AV_NOPTS_VALUE || packet.size <= 0) return true;
  const auto shown_after =
      packet.pts == AV_NOPTS_VALUE ? 0 : track->unwrap.distance(packet.dts, packet.pts);
  packet.dts = track->unwrap.next(packet.dts);
  packet.pts = packet.dts + shown_after;
  if (static_cast<std::size_t>(packet.size) > kMaxFrameBytes)
    return error(ErrorCode::too_large, "a frame over 16 MiB");
  // Nobody can decode what stands before the first key frame.
  if (track->id == kVideoTrack && !track->seen_key) {
    if ((packet.flags & AV_PKT_FLAG_KEY) == 0) return true;
    track->seen_key = true;
  }
  if (!track->sets.empty() && (packet.flags & AV_PKT_FLAG_KEY) != 0) {
    const auto sets = hevc_parameter_sets({packet.data, static_cast<std::size_t>(packet.size)});
    if (!std::ranges::includes(track->sets, sets))
      return error(ErrorCode::unsupported, "the picture's parameters changed: publish anew");
  }
  if (track->id == kAudioTrack) {
    auto usable = filter_audio(*track, packet);
    if (!usable.ok() || !*usable) return true;
  }
  if (announced_) return package(*track, packet);
  PacketPtr copy(av_packet_alloc());
  av_packet_move_ref(copy.get(), &packet);
  held_bytes_ += static_cast<std::size_t>(copy->size);
  held_.push_back(std::move(copy));
  if (!ready()) {
    if (held_.size() < kMaxHeld && held_bytes_ < kMaxHeldBytes) return true;
    // The audio that the stream promised does not come: go on with the picture alone.
    tracks_[1].in_use = false;
    std::erase_if(held_, [&](const PacketPtr& p) { return state_of(p->stream_index) == nullptr; });
  }
  return release_held();
}

Result<bool> Chunker::release_held() {
  if (auto done = announce(); !done.ok()) return done.error();
  // The earliest time of all tracks is the session's zero.
  std::int64_t origin_us = INT64_MAX;
  for (const auto& p : held_) {
    origin_us = std::min(
        origin_us, av_rescale_q(p->dts, state_of(p->stream_index)->time_base, {1, 1'000'000}));
  }
  for (auto& t : tracks_) t.repair.start(av_rescale(origin_us, t.timescale, 1'000'000));
  for (auto& p : std::exchange(held_, {})) {
    auto more = package(*state_of(p->stream_index), *p);
    if (!more.ok() || !*more) return more;
  }
  return true;
}

int Chunker::frame_samples(const TrackState& track, const AVPacket& packet) {
  if (track.parameters->codec_id == AV_CODEC_ID_OPUS)
    return opus_samples({packet.data, static_cast<std::size_t>(packet.size)});
  return track.parameters->frame_size > 0 ? track.parameters->frame_size : kAacFrame;
}

/// The other track's offset in this one's timescale.
std::optional<std::int64_t> Chunker::neighbour_of(const TrackState& track) const {
  const auto& other = tracks_[track.id == kVideoTrack ? 1 : 0];
  if (!other.in_use) return std::nullopt;
  return av_rescale(other.repair.offset(), track.timescale, other.timescale);
}

Result<bool> Chunker::package(TrackState& track, AVPacket& packet) {
  av_packet_rescale_ts(&packet, track.time_base, {1, track.timescale});
  const auto composition =
      std::clamp<std::int64_t>(packet.pts - packet.dts, 0, kJumpSeconds * track.timescale);
  const bool video = track.id == kVideoTrack;
  // A frame of sound has its length by definition; a picture lasts until the next, which is told by
  // the distance of the last two.
  const auto frame = frame_samples(track, packet);
  // Sound whose frames are longer than its clock says would fall behind its picture for ever.
  if (!video && track.repair.lateness(packet.dts) * 1000 > kMaxLateMs * track.timescale) {
    ++stats_.dropped_audio_frames;
    return true;
  }
  packet.dts = track.repair.repair(packet.dts, video ? 0 : frame, neighbour_of(track));
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
    track.chunk_bytes = 0;
    track.chunk_start = packet.dts;
  }
  // Where times hardly rise, chunks would grow without end.
  track.chunk_bytes += static_cast<std::size_t>(packet.size);
  if (track.chunk_bytes > kMaxChunkBytes)
    return error(ErrorCode::too_large, "frames of one chunk over 16 MiB");
  track.chunk_end = packet.dts + packet.duration;
  ++(video ? stats_.video_frames : stats_.audio_frames);
  ++track.chunk_frames;
  if (auto written = track.muxer->write(packet); !written.ok()) return written.error();
  // Half a sample of slack, so that rounding does not make every chunk one frame longer.
  const auto length_us = to_us(track.chunk_end - track.chunk_start, track.timescale);
  const auto slack_us = to_us(packet.duration, track.timescale) / 2;
  return length_us + slack_us >= chunk_us_ ? cut(track) : Result<bool>(true);
}

Result<bool> Chunker::cut(TrackState& track) {
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
  chunk->completed = arrived_;
  const auto since = std::chrono::steady_clock::now() - chunk->completed;
  chunk->wall_us = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch() - since)
                       .count();
  chunk->bytes = std::make_shared<const std::string>(std::move(*bytes));
  return sink_.chunk(std::move(chunk));
}

Result<void> Chunker::finish() {
  for (auto& track : tracks_) {
    if (!track.muxer || !track.open_chunk) continue;
    if (auto done = cut(track); !done.ok()) return done.error();
  }
  return {};
}

}  // namespace troupe::media
