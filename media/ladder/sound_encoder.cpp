#include "media/ladder/sound_encoder.hpp"

#include <algorithm>
#include <array>

#include "media/codec_string.hpp"

extern "C" {
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
}

namespace troupe::media {
namespace {

constexpr int kFrame = 1024;     // samples, ISO/IEC 14496-3
constexpr int kMaxChannels = 2;  // what every player can play
constexpr int kUsualRate = 48'000;
/// A clock wavers by less: RTMP counts milliseconds, a publisher's backup joins within 20.
constexpr std::int64_t kWaverMs = 40;
constexpr std::int64_t kMaxSilenceMs = 2'000;  // after a longer hole times begin anew
constexpr std::array kRates{48'000, 44'100, 32'000, 24'000, 22'050, 16'000};

int best_rate(int rate) {
  return std::ranges::find(kRates, rate) == kRates.end() ? kUsualRate : rate;
}

}  // namespace

void SoundEncoder::FreeSound::operator()(AVAudioFifo* p) const noexcept {
  av_audio_fifo_free(p);
}
void SoundEncoder::FreeSound::operator()(SwrContext* p) const noexcept {
  swr_free(&p);
}

SoundEncoder::~SoundEncoder() = default;

Result<std::unique_ptr<SoundEncoder>> SoundEncoder::open(const Track& source,
                                                         const SoundOptions& options) {
  if (avcodec_find_encoder(AV_CODEC_ID_AAC) == nullptr)
    return error(ErrorCode::unsupported, "FFmpeg was built without an encoder for AAC");
  auto reader = PictureReader::open(source);
  if (!reader.ok()) return reader.error();
  std::unique_ptr<SoundEncoder> out(new SoundEncoder());
  out->source_ = source;
  out->options_ = options;
  out->reader_ = std::move(*reader);
  out->packet_.reset(av_packet_alloc());
  return out;
}

Result<void> SoundEncoder::take(const Chunk& chunk, const std::function<void(const Track&)>& begun,
                                const std::function<void(ChunkPtr)>& made) {
  begun_ = &begun;
  made_ = &made;
  Result<void> verdict;
  const auto packets = reader_->packets(chunk);
  if (chunk_us_ == 0 && !packets.empty()) {
    chunk_us_ = chunk.duration_us;
    shift_us_ = av_rescale(packets.front()->dts, 1'000'000, source_.timescale) - chunk.start_us;
  }
  for (const auto& packet : packets) {
    reader_->decode(*packet, [&](const Picture& sound) {
      if (verdict.ok()) verdict = hear(sound);
    });
    if (!verdict.ok()) break;
  }
  begun_ = nullptr;
  made_ = nullptr;
  return verdict;
}

Result<void> SoundEncoder::hear(const Picture& sound) {
  const auto& frame = *sound.frame;
  if (frame.sample_rate <= 0 || frame.ch_layout.nb_channels <= 0 || frame.nb_samples <= 0)
    return {};
  if (!track_) {
    rate_ = best_rate(frame.sample_rate);
    channels_ = std::min(frame.ch_layout.nb_channels, kMaxChannels);
  }
  const auto at = av_rescale(sound.pts, rate_, source_.timescale);
  const auto off = at - next_in_;
  if (running_ && off > kMaxSilenceMs * rate_ / 1000) {
    if (auto done = end_run(); !done.ok()) return done;
  }
  if (!running_) {
    if (auto done = begin_run(at); !done.ok()) return done;
  } else if (off > kWaverMs * rate_ / 1000) {
    if (auto done = add_silence(off); !done.ok()) return done;
  } else if (off < -kWaverMs * rate_ / 1000) {
    return {};  // there has been sound of this time
  }
  if (auto done = add(frame); !done.ok()) return done;
  return encode_full_frames();
}

Result<void> SoundEncoder::begin_run(std::int64_t at) {
  codec_.reset(avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_AAC)));
  if (!codec_) return error(ErrorCode::internal, "no memory");
  codec_->sample_fmt = AV_SAMPLE_FMT_FLTP;
  codec_->sample_rate = rate_;
  av_channel_layout_default(&codec_->ch_layout, channels_);
  codec_->time_base = {1, rate_};
  codec_->bit_rate = std::int64_t{options_.kbit_per_s} * 1000;
  codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (const int opened = avcodec_open2(codec_.get(), codec_->codec, nullptr); opened < 0)
    return error(ErrorCode::internal, "the encoder of AAC: " + av_error(opened));
  fifo_.reset(av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, channels_, kFrame));
  running_ = true;
  next_in_ = at;
  next_out_ = at - codec_->initial_padding;
  dropped_ = (codec_->initial_padding + kFrame - 1) / kFrame;
  if (track_) return {};
  const ParametersPtr parameters(avcodec_parameters_alloc());
  avcodec_parameters_from_context(parameters.get(), codec_.get());
  parameters->initial_padding = 0;  // times are told as they are heard
  auto muxer = TrackMuxer::open(options_.track, *parameters, rate_);
  if (!muxer.ok()) return muxer.error();
  muxer_ = std::move(*muxer);
  const auto codecs = aac_codec_string(
      {parameters->extradata, static_cast<std::size_t>(parameters->extradata_size)});
  auto& track = track_.emplace();
  track.id = options_.track;
  track.kind = TrackKind::audio;
  track.codecs = codecs.value_or("mp4a.40.2");
  track.mime = "audio/mp4; codecs=\"" + track.codecs + "\"";
  track.timescale = static_cast<std::uint32_t>(rate_);
  track.sample_rate = rate_;
  track.channels = channels_;
  track.init = std::make_shared<const std::string>(muxer_->init());
  track.name = "audio-" + std::to_string(options_.kbit_per_s) + "k";
  track.kbit_per_s = options_.kbit_per_s;
  frames_per_chunk_ = static_cast<std::uint32_t>(std::max<std::int64_t>(
      1, av_rescale_rnd(chunk_us_, rate_, std::int64_t{kFrame} * 1'000'000, AV_ROUND_NEAR_INF)));
  (*begun_)(track);
  return {};
}

Result<void> SoundEncoder::add(const AVFrame& frame) {
  if (!mixer_ || in_rate_ != frame.sample_rate || in_channels_ != frame.ch_layout.nb_channels) {
    AVChannelLayout out{};
    av_channel_layout_default(&out, channels_);
    auto in = frame.ch_layout;  // which is only read
    SwrContext* raw = nullptr;
    const int made = swr_alloc_set_opts2(&raw, &out, AV_SAMPLE_FMT_FLTP, rate_, &in,
                                         static_cast<AVSampleFormat>(frame.format),
                                         frame.sample_rate, 0, nullptr);
    mixer_.reset(raw);
    if (made < 0 || swr_init(raw) < 0)
      return error(ErrorCode::unsupported, "sound of this shape cannot be mixed");
    in_rate_ = frame.sample_rate;
    in_channels_ = frame.ch_layout.nb_channels;
  }
  const FramePtr mixed(av_frame_alloc());
  mixed->format = AV_SAMPLE_FMT_FLTP;
  mixed->sample_rate = rate_;
  av_channel_layout_default(&mixed->ch_layout, channels_);
  mixed->nb_samples = swr_get_out_samples(mixer_.get(), frame.nb_samples);
  if (mixed->nb_samples <= 0) return {};
  if (av_frame_get_buffer(mixed.get(), 0) < 0) return error(ErrorCode::internal, "no memory");
  const int count =
      swr_convert(mixer_.get(), mixed->extended_data, mixed->nb_samples,
                  const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples);
  if (count < 0) return error(ErrorCode::internal, "the mixer: " + av_error(count));
  av_audio_fifo_write(fifo_.get(), reinterpret_cast<void**>(mixed->extended_data), count);
  next_in_ += count;
  return {};
}

Result<void> SoundEncoder::add_silence(std::int64_t samples) {
  const FramePtr silence(av_frame_alloc());
  silence->format = AV_SAMPLE_FMT_FLTP;
  silence->nb_samples = static_cast<int>(samples);  // of two seconds at most
  av_channel_layout_default(&silence->ch_layout, channels_);
  if (av_frame_get_buffer(silence.get(), 0) < 0) return error(ErrorCode::internal, "no memory");
  av_samples_set_silence(silence->extended_data, 0, silence->nb_samples, channels_,
                         AV_SAMPLE_FMT_FLTP);
  av_audio_fifo_write(fifo_.get(), reinterpret_cast<void**>(silence->extended_data),
                      silence->nb_samples);
  next_in_ += samples;
  return encode_full_frames();
}

Result<void> SoundEncoder::encode_full_frames() {
  while (av_audio_fifo_size(fifo_.get()) >= kFrame) {
    const FramePtr frame(av_frame_alloc());
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->nb_samples = kFrame;
    frame->sample_rate = rate_;
    av_channel_layout_default(&frame->ch_layout, channels_);
    if (av_frame_get_buffer(frame.get(), 0) < 0) return error(ErrorCode::internal, "no memory");
    av_audio_fifo_read(fifo_.get(), reinterpret_cast<void**>(frame->extended_data), kFrame);
    if (auto done = send(frame.get()); !done.ok()) return done;
  }
  return {};
}

/// What is left of the run goes out; silence fills its last frame.
Result<void> SoundEncoder::end_run() {
  const int left = av_audio_fifo_size(fifo_.get());
  if (left > 0) {
    if (auto done = add_silence(kFrame - left); !done.ok()) return done;
  }
  if (auto done = send(nullptr); !done.ok()) return done;
  running_ = false;
  mixer_.reset();
  return frames_ > 0 ? cut() : Result<void>();
}

Result<void> SoundEncoder::send(const AVFrame* frame) {
  if (const int sent = avcodec_send_frame(codec_.get(), frame); sent < 0)
    return error(ErrorCode::internal, "the encoder of AAC: " + av_error(sent));
  while (avcodec_receive_packet(codec_.get(), packet_.get()) >= 0) {
    auto packaged = package(*packet_);
    av_packet_unref(packet_.get());
    if (!packaged.ok()) return packaged;
  }
  return {};
}

Result<void> SoundEncoder::package(AVPacket& packet) {
  const auto heard = next_out_;
  next_out_ += kFrame;
  if (dropped_ > 0) {
    --dropped_;
    return {};
  }
  packet.pts = packet.dts = heard;
  packet.duration = kFrame;
  if (frames_ == 0) chunk_start_ = heard;
  ++frames_;
  if (auto written = muxer_->write(packet); !written.ok()) return written;
  return frames_ >= frames_per_chunk_ ? cut() : Result<void>();
}

Result<void> SoundEncoder::cut() {
  auto bytes = muxer_->flush();
  if (!bytes.ok()) return bytes.error();
  auto chunk = std::make_shared<Chunk>();
  chunk->sequence = ++sequence_;
  chunk->track = options_.track;
  const auto us = [&](std::int64_t samples) { return av_rescale(samples, 1'000'000, rate_); };
  const auto end = chunk_start_ + std::int64_t{frames_} * kFrame;
  chunk->start_us = us(chunk_start_) - shift_us_;
  chunk->duration_us = us(end) - us(chunk_start_);
  chunk->frames = std::exchange(frames_, 0);
  chunk->key = true;
  chunk->completed = std::chrono::steady_clock::now();
  chunk->wall_us = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  chunk->bytes = std::make_shared<const std::string>(std::move(*bytes));
  (*made_)(std::move(chunk));
  return {};
}

}  // namespace troupe::media
