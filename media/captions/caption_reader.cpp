#include "media/captions/caption_reader.hpp"

#include <map>

#include "media/captions/cc_data.hpp"
#include "media/ladder/picture_reader.hpp"

extern "C" {
#include <libavutil/opt.h>
}

namespace troupe::media {
namespace {

constexpr std::size_t kMaxPending = 64;  ///< pictures out of order; as the decoder's
constexpr int kAssFields = 8;            ///< before the text, apart by commas
constexpr std::size_t kMaxTextBytes = 1'000;

class Reader final : public CaptionReader {
 public:
  Reader(const Track& video, CodecPtr decoder, std::size_t length_bytes, NalSyntax syntax)
      : track_(video.id),
        timescale_(static_cast<int>(video.timescale)),
        init_(video.init),
        decoder_(std::move(decoder)),
        length_bytes_(length_bytes),
        syntax_(syntax) {}

  std::vector<CaptionEvent> read(const Chunk& chunk) override {
    std::vector<CaptionEvent> out;
    if (chunk.track != track_) return out;
    const bool captions = chunk.bytes->find("GA94") != std::string::npos;
    if (!captions && pending_.empty()) return out;
    std::int64_t shown = INT64_MAX;  // pictures that come after this chunk are not shown before
    if (captions) {
      for (const auto& packet : chunk_packets(*init_, chunk)) {
        auto triplets = closed_captions({packet->data, static_cast<std::size_t>(packet->size)},
                                        length_bytes_, syntax_);
        if (!triplets.empty()) pending_[packet->pts] = std::move(triplets);
        shown = packet->dts;
      }
    }
    while (!pending_.empty() &&
           (pending_.begin()->first <= shown || pending_.size() > kMaxPending)) {
      decode(pending_.begin()->first, pending_.begin()->second, out);
      pending_.erase(pending_.begin());
    }
    return out;
  }

 private:
  void decode(std::int64_t pts, const std::string& triplets, std::vector<CaptionEvent>& out) {
    const PacketPtr packet(av_packet_alloc());
    if (av_new_packet(packet.get(), static_cast<int>(triplets.size())) < 0) return;
    std::copy(triplets.begin(), triplets.end(), packet->data);
    packet->pts = packet->dts = pts;
    AVSubtitle subtitle{};
    int got = 0;
    if (avcodec_decode_subtitle2(decoder_.get(), &subtitle, &got, packet.get()) < 0 || got == 0)
      return;
    std::string text;
    for (unsigned i = 0; i < subtitle.num_rects; ++i) {
      if (subtitle.rects[i]->ass == nullptr) continue;
      if (!text.empty()) text += '\n';
      text += plain_text(subtitle.rects[i]->ass);
    }
    avsubtitle_free(&subtitle);
    if (text.size() > kMaxTextBytes || text == last_) return;
    last_ = text;
    out.push_back({av_rescale(pts, 1'000'000, timescale_), std::move(text)});
  }

  const std::uint32_t track_;
  const int timescale_;
  const std::shared_ptr<const std::string> init_;
  const CodecPtr decoder_;
  const std::size_t length_bytes_;
  const NalSyntax syntax_;
  std::map<std::int64_t, std::string> pending_;  ///< by presentation time
  std::string last_;
};

}  // namespace

std::string plain_text(std::string_view ass) {
  for (int field = 0; field < kAssFields; ++field) {
    const auto comma = ass.find(',');
    if (comma == std::string_view::npos) return {};
    ass.remove_prefix(comma + 1);
  }
  std::string out;
  for (std::size_t i = 0; i < ass.size(); ++i) {
    if (ass[i] == '{') {
      const auto end = ass.find('}', i);
      if (end == std::string_view::npos) break;
      i = end;
    } else if (ass[i] == '\\' && i + 1 < ass.size() && (ass[i + 1] == 'N' || ass[i + 1] == 'n')) {
      out += '\n';
      ++i;
    } else if (ass[i] == '\\' && i + 1 < ass.size() && ass[i + 1] == 'h') {
      out += ' ';
      ++i;
    } else if (ass[i] != '\r' && ass[i] != '\n') {
      out += ass[i];
    }
  }
  const auto first = out.find_first_not_of(" \n");
  if (first == std::string::npos) return {};
  return out.substr(first, out.find_last_not_of(" \n") - first + 1);
}

Result<std::unique_ptr<CaptionReader>> CaptionReader::open(const Track& video) {
  const bool hevc = video.codecs.starts_with("hvc1") || video.codecs.starts_with("hev1");
  if (!video.init || (!hevc && !video.codecs.starts_with("avc1")))
    return error(ErrorCode::unsupported, "no captions in " + video.codecs);
  const auto config = codec_config(*video.init);
  const std::size_t at = hevc ? 21 : 4;  // lengthSizeMinusOne of ISO/IEC 14496-15
  if (config.size() <= at) return error(ErrorCode::corrupt, "the init segment cannot be read");
  const auto* decoder = avcodec_find_decoder(AV_CODEC_ID_EIA_608);
  if (decoder == nullptr) return error(ErrorCode::unsupported, "no decoder for captions");
  CodecPtr codec(avcodec_alloc_context3(decoder));
  codec->pkt_timebase = {1, static_cast<int>(video.timescale)};
  AVDictionary* options = nullptr;
  av_dict_set(&options, "real_time", "1", 0);
  av_dict_set(&options, "real_time_latency_msec", "100", 0);
  const int opened = avcodec_open2(codec.get(), decoder, &options);
  av_dict_free(&options);
  if (opened < 0) return error(ErrorCode::unsupported, "captions: " + av_error(opened));
  const auto length_bytes = (static_cast<unsigned char>(config[at]) & 3U) + 1U;
  return std::unique_ptr<CaptionReader>(std::make_unique<Reader>(
      video, std::move(codec), length_bytes, hevc ? NalSyntax::hevc : NalSyntax::h264));
}

}  // namespace troupe::media
