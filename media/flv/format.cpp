#include "media/flv/format.hpp"

#include "media/mp4_boxes.hpp"

namespace troupe::media::flv {
namespace {

// ISO/IEC 14496-12, sections 12.1.3 and 12.2.3: what stands before the boxes of a sample entry.
constexpr std::size_t kVisualEntryBytes = 78, kAudioEntryBytes = 28;
// ISO/IEC 14496-1, section 7.2.6.
constexpr std::uint8_t kEsDescriptor = 3, kDecoderConfig = 4, kDecoderSpecific = 5;

struct Descriptor {
  std::uint8_t tag = 0;
  std::string_view payload;
};
/// Section 8.3.3 of ISO/IEC 14496-1: sizes have seven bits a byte.
Descriptor read_descriptor(BoxReader& reader) {
  Descriptor out;
  out.tag = static_cast<std::uint8_t>(reader.number(1));
  std::uint64_t size = 0;
  for (int i = 0; i < 4; ++i) {
    const auto byte = reader.number(1);
    size = size << 7 | (byte & 0x7F);
    if ((byte & 0x80) == 0) break;
  }
  out.payload = reader.take(size);
  return out;
}

/// The AudioSpecificConfig in an `esds`.
Result<std::string> read_esds(std::string_view esds) {
  BoxReader box(esds);
  static_cast<void>(read_full_box(box));
  const auto stream = read_descriptor(box);
  BoxReader in_stream(stream.payload);
  in_stream.skip(2);
  const auto flags = in_stream.number(1);
  if ((flags & 0x80) != 0) in_stream.skip(2);
  if ((flags & 0x40) != 0) in_stream.skip(in_stream.number(1));
  if ((flags & 0x20) != 0) in_stream.skip(2);
  const auto decoder = read_descriptor(in_stream);
  BoxReader in_decoder(decoder.payload);
  constexpr std::size_t kDecoderFields = 13;
  in_decoder.skip(kDecoderFields);
  const auto specific = read_descriptor(in_decoder);
  if (box.short_of() || in_stream.short_of() || in_decoder.short_of() ||
      stream.tag != kEsDescriptor || decoder.tag != kDecoderConfig ||
      specific.tag != kDecoderSpecific || specific.payload.empty())
    return broken_box("esds");
  return std::string(specific.payload);
}

Result<void> read_entry(std::string_view entry, Format& format) {
  BoxReader reader(entry);
  reader.skip(format.kind == TrackKind::video ? kVisualEntryBytes : kAudioEntryBytes);
  if (reader.short_of()) return broken_box("stsd");
  const auto boxes =
      entry.substr(format.kind == TrackKind::video ? kVisualEntryBytes : kAudioEntryBytes);
  return each_box(boxes, [&](std::uint32_t type, std::string_view payload) -> Result<void> {
    if (type == box_type("avcC") || type == box_type("hvcC") || type == box_type("av1C")) {
      format.config = payload;
    } else if (type == box_type("esds")) {
      auto config = read_esds(payload);
      if (!config.ok()) return config.error();
      format.config = std::move(*config);
    }
    return {};
  });
}

Result<void> read_init(std::string_view init, Format& format) {
  const VisitBox visit = [&](std::uint32_t type, std::string_view payload) -> Result<void> {
    if (type == box_type("moov")) {
      auto tracks = parse_mp4_tracks(payload);
      if (!tracks.ok()) return tracks.error();
      format.defaults = std::move(*tracks);
    }
    if (type == box_type("moov") || type == box_type("trak") || type == box_type("mdia") ||
        type == box_type("minf") || type == box_type("stbl"))
      return each_box(payload, visit);
    if (type != box_type("stsd")) return {};
    BoxReader reader(payload);
    static_cast<void>(read_full_box(reader));
    static_cast<void>(reader.u32());
    if (reader.short_of()) return broken_box("stsd");
    return each_box(payload.substr(8), [&](std::uint32_t, std::string_view entry) {
      return read_entry(entry, format);
    });
  };
  return each_box(init, visit);
}

std::int64_t to_us(std::int64_t ticks, std::uint32_t timescale) {
  // Floor, in two steps so that years do not overflow.
  const std::int64_t scale = timescale;
  auto seconds = ticks / scale, rest = ticks % scale;
  if (rest < 0) {
    rest += scale;
    --seconds;
  }
  return seconds * 1'000'000 + rest * 1'000'000 / scale;
}

}  // namespace

bool Format::same_as(const Format& other) const noexcept {
  return kind == other.kind && video_codec == other.video_codec && config == other.config;
}

Result<Format> read_format(const Track& track) {
  const auto starts = [&](std::string_view with) { return track.codecs.starts_with(with); };
  Format format;
  format.track = track.id;
  format.kind = track.kind;
  if (starts("hvc1") || starts("hev1")) {
    format.video_codec = VideoCodec::hevc;
  } else if (starts("av01")) {
    format.video_codec = VideoCodec::av1;
  } else if (!starts("avc1") && !starts("mp4a")) {
    return error(ErrorCode::unsupported, "players of FLV do not take " + track.codecs);
  }
  format.timescale = track.timescale;
  format.width = track.width;
  format.height = track.height;
  format.sample_rate = track.sample_rate;
  format.channels = track.channels;
  if (!track.init || track.timescale == 0) return error(ErrorCode::corrupt, "a track without init");
  if (auto read = read_init(*track.init, format); !read.ok()) return read.error();
  if (format.config.empty()) return error(ErrorCode::corrupt, "a track without codec parameters");
  return format;
}

Result<std::vector<Sample>> read_samples(const Chunk& chunk, Format& format) {
  const std::string_view bytes = *chunk.bytes;
  std::vector<Sample> out;
  const auto read =
      each_box(bytes, [&](std::uint32_t type, std::string_view payload) -> Result<void> {
        if (type != box_type("moof")) return {};
        const auto at = static_cast<std::uint64_t>(payload.data() - bytes.data());
        const auto samples = parse_mp4_fragment(payload, at - kBoxHeaderBytes, format.defaults);
        if (!samples.ok()) return samples.error();
        for (const auto& sample : *samples) {
          if (sample.position > bytes.size() || sample.size > bytes.size() - sample.position)
            return broken_box("trun");
          out.push_back({sample.key, to_us(sample.dts, format.timescale),
                         to_us(sample.dts + sample.composition, format.timescale),
                         bytes.substr(sample.position, sample.size)});
        }
        return {};
      });
  if (!read.ok()) return read.error();
  return out;
}

}  // namespace troupe::media::flv
