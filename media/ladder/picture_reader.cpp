#include "media/ladder/picture_reader.hpp"

#include <algorithm>
#include <cstring>

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/mem.h>
}

namespace troupe::media {
namespace {

constexpr int kIoBytes = 4'096;
/// A decoder holds at most sixteen pictures back (H.264 A.3.1); what is older is lost.
constexpr std::size_t kMaxTold = 64;

/// An init segment and a chunk after it, as one file.
class MemoryFile {
 public:
  MemoryFile(const std::string& init, const std::string& chunk) : parts_{&init, &chunk} {}
  ~MemoryFile() { avformat_close_input(&context_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  AVFormatContext* open() {
    io_.reset(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kIoBytes)), kIoBytes, 0,
                                 this, &MemoryFile::read, nullptr, nullptr));
    context_ = avformat_alloc_context();
    if (!io_ || context_ == nullptr) return nullptr;
    context_->pb = io_.get();
    context_->flags |= AVFMT_FLAG_CUSTOM_IO;
    AVDictionary* options = nullptr;
    av_dict_set(&options, "ignore_editlist", "1", 0);
    const int opened =
        avformat_open_input(&context_, nullptr, av_find_input_format("mov"), &options);
    av_dict_free(&options);
    return opened < 0 ? nullptr : context_;
  }

 private:
  static int read(void* self, std::uint8_t* out, int size) {
    auto& file = *static_cast<MemoryFile*>(self);
    while (file.part_ < 2 && file.at_ == file.parts_[file.part_]->size()) {
      ++file.part_;
      file.at_ = 0;
    }
    if (file.part_ == 2) return AVERROR_EOF;
    const auto& bytes = *file.parts_[file.part_];
    const auto count = std::min(static_cast<std::size_t>(size), bytes.size() - file.at_);
    std::memcpy(out, bytes.data() + file.at_, count);
    file.at_ += count;
    return static_cast<int>(count);
  }

  const std::string* parts_[2];
  std::size_t part_ = 0, at_ = 0;
  AvioPtr io_;
  AVFormatContext* context_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<PictureReader>> PictureReader::open(const Track& track) {
  std::unique_ptr<PictureReader> reader(new PictureReader());
  reader->init_ = *track.init;
  const std::string nothing;
  MemoryFile file(reader->init_, nothing);
  const auto* context = file.open();
  if (context == nullptr || context->nb_streams != 1)
    return error(ErrorCode::corrupt, "the init segment cannot be read");
  const auto& parameters = *context->streams[0]->codecpar;
  const auto* decoder = avcodec_find_decoder(parameters.codec_id);
  if (decoder == nullptr) return error(ErrorCode::unsupported, "no decoder for " + track.codecs);
  reader->codec_.reset(avcodec_alloc_context3(decoder));
  reader->codec_->thread_count = 1;
  reader->codec_->max_pixels = kMaxPicturePixels;  // parameters in the stream may say otherwise
  reader->codec_->pkt_timebase = {1, static_cast<int>(track.timescale)};
  if (avcodec_parameters_to_context(reader->codec_.get(), &parameters) < 0 ||
      avcodec_open2(reader->codec_.get(), decoder, nullptr) < 0)
    return error(ErrorCode::corrupt, "the picture's parameters make no sense");
  return reader;
}

std::deque<PacketPtr> chunk_packets(const std::string& init, const Chunk& chunk) {
  std::deque<PacketPtr> out;
  MemoryFile file(init, *chunk.bytes);
  auto* context = file.open();
  if (context == nullptr) return out;
  for (;;) {
    PacketPtr packet(av_packet_alloc());
    if (av_read_frame(context, packet.get()) < 0) return out;
    if (packet->pts != AV_NOPTS_VALUE && packet->dts != AV_NOPTS_VALUE)
      out.push_back(std::move(packet));
  }
}

std::string codec_config(const std::string& init) {
  const std::string nothing;
  MemoryFile file(init, nothing);
  const auto* context = file.open();
  if (context == nullptr || context->nb_streams != 1) return {};
  const auto& parameters = *context->streams[0]->codecpar;
  return {reinterpret_cast<const char*>(parameters.extradata),
          static_cast<std::size_t>(parameters.extradata_size)};
}

std::deque<PacketPtr> PictureReader::packets(const Chunk& chunk) const {
  return chunk_packets(init_, chunk);
}

void PictureReader::decode(const AVPacket& packet, const std::function<void(Picture)>& take) {
  send(packet);
  receive(take);
}

void PictureReader::decode_alone(const AVPacket& packet, const std::function<void(Picture)>& take) {
  forget();
  send(packet);
  avcodec_send_packet(codec_.get(), nullptr);
  receive(take);
  forget();
}

void PictureReader::send(const AVPacket& packet) {
  told_[packet.pts] = {packet.dts, packet.duration, (packet.flags & AV_PKT_FLAG_KEY) != 0};
  while (told_.size() > kMaxTold) told_.erase(told_.begin());
  avcodec_send_packet(codec_.get(), &packet);  // a broken one gives no picture
}

void PictureReader::receive(const std::function<void(Picture)>& take) {
  for (;;) {
    FramePtr frame(av_frame_alloc());
    if (avcodec_receive_frame(codec_.get(), frame.get()) < 0) return;
    const auto told = told_.find(frame->pts);
    if (told == told_.end()) continue;
    Picture picture;
    picture.pts = frame->pts;
    picture.duration = told->second.duration;
    picture.key = told->second.key;
    // A rendition has no pictures out of order: it is as late as the source's key frames are, so
    // that both begin their segments at the same decode time.
    if (picture.key) composition_ = told->first - told->second.dts;
    picture.dts = picture.pts - composition_;
    told_.erase(told);
    picture.frame = std::shared_ptr<const AVFrame>(frame.release(), FreeCodecAv{});
    take(std::move(picture));
  }
}

void PictureReader::forget() {
  avcodec_flush_buffers(codec_.get());
  told_.clear();
}

}  // namespace troupe::media
