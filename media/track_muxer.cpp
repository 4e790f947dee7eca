#include "media/track_muxer.hpp"

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/mem.h>
}

namespace troupe::media {
namespace {
constexpr int kIoBytes = 32'768;
}

int TrackMuxer::write_bytes(void* self, std::uint8_t* bytes, int size) {
  static_cast<TrackMuxer*>(self)->out_.append(reinterpret_cast<const char*>(bytes),
                                              static_cast<std::size_t>(size));
  return size;
}

Result<std::unique_ptr<TrackMuxer>> TrackMuxer::open(std::uint32_t track_id,
                                                     const AVCodecParameters& parameters,
                                                     int timescale) {
  std::unique_ptr<TrackMuxer> muxer(new TrackMuxer());
  if (avformat_alloc_output_context2(&muxer->context_, nullptr, "mp4", nullptr) < 0) {
    return error(ErrorCode::internal, "no mp4 muxer");
  }
  muxer->io_.reset(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kIoBytes)), kIoBytes, 1,
                                      muxer.get(), nullptr, &TrackMuxer::write_bytes, nullptr));
  muxer->context_->pb = muxer->io_.get();
  muxer->context_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  muxer->context_->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  auto* stream = avformat_new_stream(muxer->context_, nullptr);
  if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, &parameters) < 0) {
    return error(ErrorCode::internal, "no stream");
  }
  // hvc1: the parameter sets stand in the sample entry only; what the codec string says.
  stream->codecpar->codec_tag =
      parameters.codec_id == AV_CODEC_ID_HEVC ? MKTAG('h', 'v', 'c', '1') : 0;
  // A guess of whoever probed: two encoders with the same parameters have the same initialisation.
  stream->codecpar->bit_rate = 0;
  stream->id = static_cast<int>(track_id);
  stream->time_base = {1, timescale};
  AVDictionary* options = nullptr;
  // frag_discont: decode times in the fragments are those given, not counted from the first one of
  // the track, so that a track which starts later stays in step with the others.
  av_dict_set(&options, "movflags",
              "+cmaf+frag_custom+frag_discont+empty_moov+default_base_moof+skip_trailer", 0);
  av_dict_set(&options, "use_stream_ids_as_track_ids", "1", 0);
  av_dict_set(&options, "video_track_timescale", std::to_string(timescale).c_str(), 0);
  if (parameters.codec_type == AVMEDIA_TYPE_VIDEO)
    av_dict_set(&options, "write_prft", "wallclock", 0);
  const int written = avformat_write_header(muxer->context_, &options);
  av_dict_free(&options);
  if (written < 0)
    return error(ErrorCode::corrupt,
                 "the codec parameters cannot be packaged: " + av_error(written));
  muxer->begun_ = true;
  avio_flush(muxer->io_.get());
  muxer->time_base_ = {1, timescale};
  muxer->init_ = std::exchange(muxer->out_, {});
  return muxer;
}

TrackMuxer::~TrackMuxer() {
  if (context_ == nullptr) return;
  if (begun_) av_write_trailer(context_);  // which must not follow a header that was refused
  context_->pb = nullptr;
  avformat_free_context(context_);
}

Result<void> TrackMuxer::write(AVPacket& packet) {
  packet.stream_index = 0;
  av_packet_rescale_ts(&packet, time_base_, context_->streams[0]->time_base);
  const int written = av_write_frame(context_, &packet);
  if (written < 0)
    return error(ErrorCode::corrupt, "a frame cannot be packaged: " + av_error(written));
  return {};
}

Result<std::string> TrackMuxer::flush() {
  const int written = av_write_frame(context_, nullptr);
  if (written < 0)
    return error(ErrorCode::corrupt, "a chunk cannot be packaged: " + av_error(written));
  avio_flush(io_.get());
  return std::exchange(out_, {});
}

}  // namespace troupe::media
