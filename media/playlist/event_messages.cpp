#include "media/playlist/event_messages.hpp"

#include <algorithm>
#include <utility>

namespace troupe::media {
namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::uint32_t kUnknownDuration = 0xFFFFFFFF;  // ID3 tags have none
constexpr std::size_t kBoxHeader = 8;
constexpr std::size_t kMaxSchemeText = 200;

void append_number(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i));
}

/// Seven bits a byte (ID3v2.4 section 6.2).
void append_synchsafe(std::string& out, std::size_t value) {
  for (unsigned i = 4; i-- > 0;) out += static_cast<char>(value >> (7 * i) & 0x7F);
}

/// A tag with one TXXX frame (ID3v2.4 frames, section 4.2.6).
std::string id3_tag(std::string_view text) {
  constexpr std::size_t kFrameHeader = 10;
  constexpr char kUtf8 = 3;
  std::string frame(1, kUtf8);
  frame += "cue";
  frame += '\0';
  frame += text;
  std::string tag("ID3\x04\0\0", 6);
  append_synchsafe(tag, kFrameHeader + frame.size());
  tag += "TXXX";
  append_synchsafe(tag, frame.size());
  append_number(tag, 0, 2);
  return tag + frame;
}

/// Where a chunk's `moof` begins: `styp` and `prft` stand before it (ISO/IEC 23000-19 section
/// 7.3.2.3). Nothing that makes sense: at the front.
std::size_t moof_of(std::string_view bytes) {
  std::size_t at = 0;
  while (bytes.size() - at >= kBoxHeader) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    if (bytes.substr(at + 4, 4) == "moof") return at;
    if (size < kBoxHeader || size > bytes.size() - at) return 0;
    at += size;
  }
  return 0;
}

std::size_t size_of(const Mark& mark) {
  return mark.id.size() + mark.scheme.size() + mark.payload.size();
}

}  // namespace

std::string event_message(const Mark& mark, std::uint32_t timescale) {
  const bool id3 = mark.scheme == kId3Scheme;
  // Seconds and the rest apart: the product of a long publication does not fit.
  const auto us = std::max<std::int64_t>(mark.media_us, 0);
  const auto ticks = us / kMicros * timescale + (us % kMicros * timescale + kMicros / 2) / kMicros;
  std::string box("emsg\x01\0\0\0", 8);
  append_number(box, timescale, 4);
  append_number(box, static_cast<std::uint64_t>(ticks), 8);
  append_number(box, id3 ? kUnknownDuration : 0, 4);
  append_number(box, mark.event, 4);
  box += mark.scheme;
  box += '\0';
  box += '\0';  // no value
  box += id3 ? id3_tag(mark.payload) : mark.payload;
  std::string out;
  append_number(out, box.size() + 4, 4);
  return out + box;
}

Result<std::vector<std::string>> parse_event_schemes(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    const auto scheme = text.substr(at, end - at);
    at = end + 1;
    if (scheme.empty()) continue;
    const bool plain =
        std::ranges::all_of(scheme, [](char c) { return c > 0x20 && c < 0x7F && c != '"'; });
    if (!plain || scheme.size() > kMaxSchemeText)
      return error(ErrorCode::invalid_argument,
                   "schemes of printable ASCII without quotes, at most 200 characters each");
    if (std::ranges::find(out, scheme) == out.end()) out.emplace_back(scheme);
    if (out.size() > EventMessages::kMaxSchemes / 2)
      return error(ErrorCode::invalid_argument, "at most 16 schemes");
  }
  return out;
}

EventMessages::EventMessages(std::vector<std::string> schemes) {
  streams_.schemes = std::move(schemes);
  if (std::ranges::find(streams_.schemes, kId3Scheme) == streams_.schemes.end())
    streams_.schemes.emplace_back(kId3Scheme);
}

void EventMessages::begin(std::uint64_t epoch, const std::vector<Track>& tracks) {
  epoch_ = epoch;
  first_ += marks_.size();
  marks_.clear();
  bytes_ = 0;
  carriers_.clear();
  const bool video = std::ranges::find(tracks, TrackKind::video, &Track::kind) != tracks.end();
  streams_.kind = video ? TrackKind::video : TrackKind::audio;
  add_carriers(tracks);
}

void EventMessages::add_carriers(const std::vector<Track>& tracks) {
  for (const auto& track : tracks)
    if (track.kind == streams_.kind)
      carriers_.try_emplace(track.id, Carrier{track.timescale, !track.name.empty(), false, 0, {}});
}

void EventMessages::set_made(const std::vector<Track>& tracks) {
  std::erase_if(carriers_, [&](const auto& carrier) {
    return carrier.second.made &&
           std::ranges::find(tracks, carrier.first, &Track::id) == tracks.end();
  });
  add_carriers(tracks);
}

const Mark* EventMessages::find(std::uint64_t number) const noexcept {
  return number >= first_ && number - first_ < marks_.size() ? &marks_[number - first_] : nullptr;
}

void EventMessages::add(const Mark& mark) {
  if (mark.epoch != epoch_ || carriers_.empty()) return;
  auto& known = streams_.schemes;
  if (std::ranges::find(known, mark.scheme) == known.end() && known.size() < kMaxSchemes)
    known.push_back(mark.scheme);
  marks_.push_back(mark);
  bytes_ += size_of(mark);
  while (bytes_ > kMaxBytes) {
    bytes_ -= size_of(marks_.front());
    marks_.pop_front();
    ++first_;
  }
}

Chunk EventMessages::carry(const Chunk& chunk) {
  const auto found = carriers_.find(chunk.track);
  if (found == carriers_.end() || !chunk.bytes) return chunk;
  auto& carrier = found->second;
  const auto end_us = chunk.start_us + chunk.duration_us;
  for (auto i = std::max(carrier.seen_until, first_); i < first_ + marks_.size(); ++i)
    if (carrier.begun || find(i)->media_us >= chunk.start_us) carrier.waiting.push_back(i);
  carrier.seen_until = first_ + marks_.size();
  carrier.begun = true;
  std::vector<const Mark*> due;
  std::erase_if(carrier.waiting, [&](std::uint64_t number) {
    const auto* mark = find(number);
    if (mark != nullptr && mark->media_us >= end_us) return false;
    if (mark != nullptr) due.push_back(mark);
    return true;
  });
  if (due.empty()) return chunk;
  std::ranges::stable_sort(due, {}, &Mark::media_us);
  std::string messages;
  for (const auto* mark : due) messages += event_message(*mark, carrier.timescale);
  auto bytes = *chunk.bytes;
  bytes.insert(moof_of(bytes), messages);
  auto out = chunk;
  out.bytes = std::make_shared<const std::string>(std::move(bytes));
  return out;
}

}  // namespace troupe::media
