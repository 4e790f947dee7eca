#include "sim/flv_reader.hpp"

#include <algorithm>
#include <utility>

namespace troupe::sim {
namespace {

constexpr std::size_t kFileHeader = 13, kTagHeader = 11, kTrailer = 4;

std::uint32_t be(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

Error no_flv(const char* why) {
  return error(ErrorCode::corrupt, std::string("FLV: ") + why);
}

}  // namespace

bool FlvTag::header() const noexcept {
  if (type == script || data.size() < 2) return true;
  const bool enhanced = type == video && (static_cast<std::uint8_t>(data[0]) & 0x80) != 0;
  return enhanced ? (data[0] & 0x0F) == 0 : data[1] == 0;
}

bool FlvTag::key() const noexcept {
  return type == video && !header() && (static_cast<std::uint8_t>(data[0]) >> 4 & 7) == 1;
}

Result<std::vector<FlvTag>> FlvReader::feed(std::string_view bytes) {
  buffer_ += bytes;
  std::string_view left = buffer_;
  std::vector<FlvTag> out;
  if (!began_) {
    if (left.size() < kFileHeader) return out;
    if (left.substr(0, 4) != "FLV\x01") return no_flv("another signature");
    if (be(left, 5, 4) != 9 || be(left, 9, 4) != 0) return no_flv("a wrong file header");
    left.remove_prefix(kFileHeader);
    began_ = true;
  }
  while (left.size() >= kTagHeader) {
    const std::size_t size = be(left, 1, 3);
    FlvTag tag;
    tag.type = static_cast<std::uint8_t>(left[0]);
    if (tag.type != FlvTag::audio && tag.type != FlvTag::video && tag.type != FlvTag::script)
      return no_flv("no such tag");
    if (be(left, 8, 3) != 0) return no_flv("a stream id");
    if (left.size() < kTagHeader + size + kTrailer) break;
    tag.time_ms = be(left, 4, 3) | be(left, 7, 1) << 24;
    if (be(left, kTagHeader + size, kTrailer) != kTagHeader + size)
      return no_flv("a wrong size of the tag before");
    tag.data = left.substr(kTagHeader, size);
    left.remove_prefix(kTagHeader + size + kTrailer);
    out.push_back(std::move(tag));
  }
  buffer_.erase(0, buffer_.size() - left.size());
  return out;
}

bool FlvCheck::take(std::string_view bytes) {
  const auto tags = reader_.feed(bytes);
  if (!tags.ok()) {
    ++totals_.corrupt;
    return false;
  }
  for (const auto& tag : *tags) on_tag(tag);
  return true;
}

void FlvCheck::on_tag(const FlvTag& tag) {
  if (tag.type == FlvTag::script) return;
  ++totals_.messages;
  auto& lane = tag.type == FlvTag::video ? video_ : audio_;
  if (tag.header()) {
    lane.configured = true;
    lane.changes = playing_;
    return;
  }
  const bool starts = !playing_ && tag.key();
  if (!lane.configured || (!playing_ && !starts)) ++totals_.corrupt;
  if (starts) {
    playing_ = true;
    ++totals_.hellos;
  }
  if (tag.type == FlvTag::video && std::exchange(lane.changes, false)) return on_change(tag);
  // Times come round after 49 days.
  if (last_ms_ && static_cast<std::int32_t>(tag.time_ms - *last_ms_) < 0) ++totals_.corrupt;
  last_ms_ = tag.time_ms;
  on_step(lane, tag.time_ms);
}

void FlvCheck::on_change(const FlvTag& tag) {
  const auto before = video_.last_ms;
  const bool runs_back = before && static_cast<std::int32_t>(tag.time_ms - *before) <= 0;
  if (runs_back || !tag.key()) ++totals_.corrupt;
  video_.last_ms.reset();
}

void FlvCheck::on_step(Lane& lane, std::uint32_t time_ms) {
  constexpr double kRoundingMs = 3;
  if (lane.last_ms) {
    const auto step = time_ms - *lane.last_ms;
    const auto longest = std::ranges::max(lane.steps_ms);
    if (lane.steps >= kSteps && step > kMaxStep * static_cast<double>(longest) + kRoundingMs)
      ++totals_.gaps;
    lane.steps_ms[lane.steps++ % kSteps] = step;
  }
  lane.last_ms = time_ms;
}

}  // namespace troupe::sim
