#include "media/mp4_reader.hpp"

#include <algorithm>
#include <array>

#include "media/chunker.hpp"

namespace troupe::media {
namespace {

constexpr std::size_t kHeader = 8;
constexpr std::uint64_t kToTheEnd = UINT64_MAX / 2;  ///< the size of an `mdat` that does not say

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

}  // namespace

bool Mp4Reader::read(std::uint8_t* to, std::size_t size) {
  while (size > 0) {
    const auto got = source_({to, size});
    if (got == 0) return false;
    position_ += got;
    to += got;
    size -= got;
  }
  return true;
}

bool Mp4Reader::skip(std::uint64_t size) {
  std::array<std::uint8_t, 4096> nowhere;
  while (size > 0) {
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(size, nowhere.size()));
    if (!read(nowhere.data(), piece)) return false;
    size -= piece;
  }
  return true;
}

Result<std::optional<Mp4Reader::Box>> Mp4Reader::next_box() {
  Box box;
  box.header.resize(kHeader);
  if (!read(reinterpret_cast<std::uint8_t*>(box.header.data()), kHeader))
    return std::optional<Box>();
  auto size = big_endian(std::string_view(box.header).substr(0, 4));
  box.type = box.header.substr(4);
  std::size_t header = kHeader;
  if (size == 1) {
    std::string large(8, '\0');
    if (!read(reinterpret_cast<std::uint8_t*>(large.data()), large.size()))
      return std::optional<Box>();
    size = std::min(big_endian(large), kToTheEnd);
    header += large.size();
    box.header += large;
  } else if (size == 0 && box.type == "mdat") {
    size = kToTheEnd;
  }
  if (size < header) return error(ErrorCode::corrupt, "not MP4: a box that is too short");
  box.payload = size - header;
  return std::optional(std::move(box));
}

Result<std::string> Mp4Reader::payload_of(const Box& box) {
  if (box.payload > kMaxHead)
    return error(ErrorCode::too_large, "MP4: a " + box.type + " over 1 MiB");
  std::string bytes(static_cast<std::size_t>(box.payload), '\0');
  if (!read(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()))
    return error(ErrorCode::corrupt, "MP4: ended within " + box.type);
  return bytes;
}

Result<std::string> Mp4Reader::open() {
  std::string opening;
  while (true) {
    auto box = next_box();
    if (!box.ok()) return box.error();
    if (!*box) return error(ErrorCode::corrupt, "not MP4: it ended before moov");
    const auto& b = **box;
    const bool wanted = b.type == "ftyp" || b.type == "moov";
    if (b.type == "mdat")
      return error(ErrorCode::unsupported, "the MP4 is not fragmented: mdat comes before moov");
    if (!wanted && b.type != "free" && b.type != "skip" && b.type != "styp" && b.type != "uuid")
      return error(ErrorCode::corrupt, "not MP4: it begins with another box");
    auto payload = payload_of(b);
    if (!payload.ok()) return payload.error();
    if (!wanted) continue;
    opening += b.header + *payload;
    if (opening.size() > kMaxHead) return error(ErrorCode::too_large, "MP4: an opening over 1 MiB");
    if (b.type != "moov") continue;
    auto tracks = parse_mp4_tracks(*payload);
    if (!tracks.ok()) return tracks.error();
    tracks_ = std::move(*tracks);
    moov_ = std::move(*payload);
    return opening;
  }
}

Result<void> Mp4Reader::fragment(const Box& box) {
  const auto begin = position_ - box.header.size();
  auto payload = payload_of(box);
  if (!payload.ok()) return payload.error();
  auto samples = parse_mp4_fragment(*payload, begin, tracks_);
  if (!samples.ok()) return samples.error();
  samples_.assign(samples->begin(), samples->end());
  return {};
}

/// Encoders may repeat the opening; another one would need another muxer.
Result<void> Mp4Reader::again(const Box& box) {
  auto payload = payload_of(box);
  if (!payload.ok()) return payload.error();
  if (*payload == moov_) return {};
  return error(ErrorCode::unsupported, "the codec parameters changed: publish anew");
}

Result<std::optional<Mp4Sample>> Mp4Reader::next() {
  while (samples_.empty() || data_end_ == 0) {
    if (data_end_ != 0) {
      if (!skip(data_end_ - position_)) return std::optional<Mp4Sample>();
      data_end_ = 0;
    }
    auto box = next_box();
    if (!box.ok()) return box.error();
    if (!*box) return std::optional<Mp4Sample>();
    Result<void> done;
    if ((*box)->type == "moof") {
      done = fragment(**box);
    } else if ((*box)->type == "moov") {
      done = again(**box);
    } else if ((*box)->type == "mdat") {
      data_end_ = position_ + (*box)->payload;
    } else if ((*box)->payload > kMaxHead) {
      done = error(ErrorCode::too_large, "MP4: a box over 1 MiB that is not mdat");
    } else if (!skip((*box)->payload)) {
      return std::optional<Mp4Sample>();
    }
    if (!done.ok()) return done.error();
  }
  const auto sample = samples_.front();
  samples_.pop_front();
  if (sample.size > kMaxFrameBytes) return error(ErrorCode::too_large, "a frame over 16 MiB");
  if (sample.position < position_ || sample.position > data_end_ ||
      sample.size > data_end_ - sample.position)
    return error(ErrorCode::corrupt, "MP4: a sample outside its mdat");
  if (!skip(sample.position - position_)) return std::optional<Mp4Sample>();
  return std::optional(sample);
}

}  // namespace troupe::media
