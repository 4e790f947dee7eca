#include "media/captions/caption_reader.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "media/captions/cc_data.hpp"
#include "media/captions/dtvcc.hpp"
#include "media/captions/line21.hpp"
#include "media/ladder/picture_reader.hpp"

extern "C" {
#include <libavutil/opt.h>
}

namespace troupe::media {
namespace {

constexpr std::size_t kMaxPending = 64;  ///< pictures out of order; as the decoder's
constexpr int kAssFields = 8;            ///< before the text, apart by commas
constexpr std::size_t kMaxTextBytes = 1'000;
constexpr std::size_t kFields = 4;  // channels of CEA-608
constexpr std::int64_t kPaintMs = 250;

/// CEA-608 of one channel. Null: libavcodec cannot.
CodecPtr open_decoder(int timescale) {
  const auto* decoder = avcodec_find_decoder(AV_CODEC_ID_EIA_608);
  if (decoder == nullptr) return nullptr;
  CodecPtr codec(avcodec_alloc_context3(decoder));
  codec->pkt_timebase = {1, timescale};
  AVDictionary* options = nullptr;
  av_dict_set(&options, "real_time", "1", 0);
  av_dict_set(&options, "real_time_latency_msec", "100", 0);
  const int opened = avcodec_open2(codec.get(), decoder, &options);
  av_dict_free(&options);
  return opened < 0 ? nullptr : std::move(codec);
}

class Reader final : public CaptionReader {
 public:
  Reader(const Track& video, std::size_t length_bytes, NalSyntax syntax)
      : track_(video.id),
        timescale_(static_cast<int>(video.timescale)),
        init_(video.init),
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
    const std::span<const std::uint8_t> bytes(
        reinterpret_cast<const std::uint8_t*>(triplets.data()), triplets.size());
    const auto fields = line21_.split(bytes);
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (!fields[i].empty()) decode_608(i, pts, fields[i], out);
    for (auto& shown : dtvcc_.read(bytes))
      services_[shown.service - 1U].next = std::move(shown.text);
    for (std::size_t i = 0; i < services_.size(); ++i) tell_service(i, pts, out);
  }

  void decode_608(std::size_t channel, std::int64_t pts, const std::string& triplets,
                  std::vector<CaptionEvent>& out) {
    auto& decoder = decoders_[channel];
    if (!decoder) decoder = open_decoder(timescale_);
    const PacketPtr packet(av_packet_alloc());
    if (!decoder || av_new_packet(packet.get(), static_cast<int>(triplets.size())) < 0) return;
    std::copy(triplets.begin(), triplets.end(), packet->data);
    packet->pts = packet->dts = pts;
    AVSubtitle subtitle{};
    int got = 0;
    if (avcodec_decode_subtitle2(decoder.get(), &subtitle, &got, packet.get()) < 0 || got == 0)
      return;
    std::string text;
    for (unsigned i = 0; i < subtitle.num_rects; ++i) {
      if (subtitle.rects[i]->ass == nullptr) continue;
      if (!text.empty()) text += '\n';
      text += plain_text(subtitle.rects[i]->ass);
    }
    avsubtitle_free(&subtitle);
    tell(channel, pts, std::move(text), out);
  }

  /// Text that is painted letter by letter is told a few times a second; that it goes, at once.
  void tell_service(std::size_t i, std::int64_t pts, std::vector<CaptionEvent>& out) {
    auto& service = services_[i];
    if (!service.next) return;
    if (!service.next->empty() && service.told_at &&
        pts - *service.told_at < timescale_ * kPaintMs / 1'000)
      return;
    service.told_at = pts;
    tell(kFields + i, pts, *std::exchange(service.next, std::nullopt), out);
  }

  void tell(std::size_t channel, std::int64_t pts, std::string text,
            std::vector<CaptionEvent>& out) {
    if (text.size() > kMaxTextBytes || text == last_[channel]) return;
    last_[channel] = text;
    out.push_back({av_rescale(pts, 1'000'000, timescale_), std::move(text),
                   static_cast<CaptionChannel>(channel)});
  }

  struct ServiceState {
    std::optional<std::string> next;  ///< to be told
    std::optional<std::int64_t> told_at;
  };

  const std::uint32_t track_;
  const int timescale_;
  const std::shared_ptr<const std::string> init_;
  const std::size_t length_bytes_;
  const NalSyntax syntax_;
  std::map<std::int64_t, std::string> pending_;  ///< by presentation time
  Line21 line21_;
  std::array<CodecPtr, kFields> decoders_;  ///< of a channel that has come
  DtvccReader dtvcc_;
  std::array<ServiceState, kDtvccServices> services_;
  std::array<std::string, kCaptionChannels> last_;
};

}  // namespace

std::string channel_name(CaptionChannel channel) {
  const auto index = static_cast<std::size_t>(channel);
  return index < kFields ? "cc" + std::to_string(index + 1)
                         : "s" + std::to_string(index - kFields + 1);
}

Result<CaptionLanguages> parse_caption_languages(std::string_view text) {
  CaptionLanguages out;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto equals = std::min(part.find('='), part.size());
    const auto language = part.substr(std::min(equals + 1, part.size()));
    const bool tag =
        language.size() >= 2 && language.size() <= 35 && std::ranges::all_of(language, [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-';
        });
    std::size_t channel = 0;
    while (channel < kCaptionChannels &&
           channel_name(static_cast<CaptionChannel>(channel)) != part.substr(0, equals))
      ++channel;
    if (!tag || channel == kCaptionChannels)
      return error(ErrorCode::invalid_argument, "cc1 to cc4 or s1 to s6 and a language, as s1=en");
    out[channel] = language;
  }
  return out;
}

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
  if (!open_decoder(static_cast<int>(video.timescale)))
    return error(ErrorCode::unsupported, "no decoder for captions");
  const auto length_bytes = (static_cast<unsigned char>(config[at]) & 3U) + 1U;
  return std::unique_ptr<CaptionReader>(
      std::make_unique<Reader>(video, length_bytes, hevc ? NalSyntax::hevc : NalSyntax::h264));
}

}  // namespace troupe::media
