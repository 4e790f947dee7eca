#include "media/recording/shelf_records.hpp"

#include <concepts>
#include <cstring>

#include <boost/crc.hpp>

namespace troupe::media {
namespace {

// Each record: the length of what follows, its CRC-32, then fields one after the other, numbers as
// they lie in memory: files are read by the machine that wrote them, within minutes.
constexpr std::uint32_t kSegmentMagic = 0x31575354, kTrackMagic = 0x31545354;

std::uint32_t checksum(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

class Fields {
 public:
  template <class T>
  requires(std::integral<T> || std::is_enum_v<T>) Fields& put(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    out_.append(raw, sizeof(T));
    return *this;
  }
  Fields& put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
    return *this;
  }
  [[nodiscard]] std::string record() const {
    Fields frame;
    frame.put(static_cast<std::uint32_t>(out_.size())).put(checksum(out_));
    return frame.out_ + out_;
  }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  requires(std::integral<T> || std::is_enum_v<T>) void get(T& value) {
    if (!take(sizeof(T))) return;
    std::memcpy(&value, taken_.data(), sizeof(T));
  }
  void get(bool& value) {
    std::uint8_t raw = 0;
    get(raw);
    value = raw != 0;
  }
  void get(std::string& text) {
    std::uint32_t size = 0;
    get(size);
    if (take(size)) text = taken_;
  }
  [[nodiscard]] bool fine() const noexcept { return fine_; }

 private:
  bool take(std::size_t size) {
    fine_ = fine_ && size <= bytes_.size();
    if (!fine_) return false;
    taken_ = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  std::string_view bytes_, taken_;
  bool fine_ = true;
};

/// The next record's fields, taken off `file`; nothing when it is cut off or damaged.
std::optional<std::string_view> next_record(std::string_view& file) {
  Reader frame(file);
  std::uint32_t size = 0, sum = 0;
  frame.get(size);
  frame.get(sum);
  constexpr std::size_t kFrame = 8;
  if (!frame.fine() || file.size() - kFrame < size) return std::nullopt;
  const auto fields = file.substr(kFrame, size);
  if (checksum(fields) != sum) return std::nullopt;
  file.remove_prefix(kFrame + size);
  return fields;
}

}  // namespace

std::string write_head(const ShelfHead& head) {
  const auto& s = head.segment;
  Fields out;
  out.put(kSegmentMagic).put(s.number).put(std::uint64_t{s.ordinal}).put(s.epoch);
  out.put(s.start_us).put(s.wall_us).put(s.independent).put(s.discontinuity);
  out.put(head.discontinuities).put(head.part_target_us).put(head.chunk_us);
  out.put(head.origin_us.has_value()).put(head.origin_us.value_or(0));
  return out.record();
}

std::string write_part(std::size_t index, const Part& part) {
  Fields out;
  out.put(std::uint64_t{index}).put(part.duration_us).put(part.independent).put(*part.bytes);
  return out.record();
}

std::optional<ShelfHead> read_segment_file(std::string_view file) {
  const auto first = next_record(file);
  if (!first) return std::nullopt;
  Reader in(*first);
  ShelfHead head;
  auto& s = head.segment;
  std::uint32_t magic = 0;
  std::uint64_t ordinal = 0;
  bool has_origin = false;
  std::int64_t origin_us = 0;
  in.get(magic);
  in.get(s.number);
  in.get(ordinal);
  in.get(s.epoch);
  in.get(s.start_us);
  in.get(s.wall_us);
  in.get(s.independent);
  in.get(s.discontinuity);
  in.get(head.discontinuities);
  in.get(head.part_target_us);
  in.get(head.chunk_us);
  in.get(has_origin);
  in.get(origin_us);
  if (!in.fine() || magic != kSegmentMagic) return std::nullopt;
  s.ordinal = ordinal;
  if (has_origin) head.origin_us = origin_us;

  std::string all;
  while (const auto fields = next_record(file)) {
    Reader record(*fields);
    std::uint64_t index = 0;
    Part part;
    std::string bytes;
    record.get(index);
    record.get(part.duration_us);
    record.get(part.independent);
    record.get(bytes);
    if (!record.fine() || index != s.parts.size()) break;
    all += bytes;
    s.duration_us += part.duration_us;
    part.bytes = std::make_shared<const std::string>(std::move(bytes));
    s.parts.push_back(std::move(part));
  }
  if (s.parts.empty()) return std::nullopt;
  s.bytes = std::make_shared<const std::string>(std::move(all));
  s.complete = true;
  return head;
}

std::string write_track(const Track& track) {
  Fields out;
  out.put(kTrackMagic).put(track.id).put(track.kind).put(track.codecs).put(track.mime);
  out.put(track.timescale).put(track.width).put(track.height).put(track.sample_rate);
  out.put(track.channels).put(track.name).put(track.kbit_per_s).put(*track.init);
  return out.record();
}

std::optional<Track> read_track(std::string_view file) {
  const auto record = next_record(file);
  if (!record) return std::nullopt;
  Reader in(*record);
  Track track;
  std::uint32_t magic = 0;
  std::string init;
  in.get(magic);
  in.get(track.id);
  in.get(track.kind);
  in.get(track.codecs);
  in.get(track.mime);
  in.get(track.timescale);
  in.get(track.width);
  in.get(track.height);
  in.get(track.sample_rate);
  in.get(track.channels);
  in.get(track.name);
  in.get(track.kbit_per_s);
  in.get(init);
  const bool known = track.kind == TrackKind::video || track.kind == TrackKind::audio;
  if (!in.fine() || magic != kTrackMagic || !known) return std::nullopt;
  track.init = std::make_shared<const std::string>(std::move(init));
  return track;
}

}  // namespace troupe::media
