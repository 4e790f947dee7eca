#include "sim/stream_check.hpp"

#include <algorithm>

namespace troupe::sim {
namespace {

/// A newcomer's first fragments were complete before it came: more than a group of ours has.
constexpr int kBacklog = 90;
/// Half of the shortest frame, AAC's of 48 kHz; clocks that count milliseconds waver by less.
constexpr std::int64_t kOffMs = 10;

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint32_t box_size(std::string_view bytes) {
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  return size;
}

}  // namespace

StreamCheck::StreamCheck(ViewerTotals& totals, Tap tap) : totals_(totals), tap_(std::move(tap)) {}

void StreamCheck::begin() {
  began_ = std::chrono::steady_clock::now();
  started_ = false;
}

void StreamCheck::afresh() {
  for (auto& [id, track] : tracks_) {
    track.next = 0;
    track.ends.reset();
  }
}

void StreamCheck::take(std::string_view message) {
  if (tap_) tap_(message);
  const auto fragment = parse_fragment(message);
  if (!fragment.ok()) {
    ++totals_.corrupt;
    return;
  }
  if (fragment->init) {
    tracks_[fragment->track] = {
        .timescale = fragment->timescale, .video = fragment->video, .ends = {}};
    return;
  }
  auto& track = tracks_[fragment->track];
  if (track.video && !std::exchange(started_, true)) {
    totals_.start.record_us(
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                       std::chrono::steady_clock::now() - began_)
                                       .count()));
  }
  go_on(track, *fragment);
  if (fragment->wall_us == 0 || ++seen_ <= kBacklog || !totals_.measuring) return;
  totals_.delay.record_us(
      static_cast<std::uint64_t>(std::max<std::int64_t>(unix_us() - fragment->wall_us, 0)));
}

void StreamCheck::go_on(Track& track, const Fragment& fragment) {
  if (track.next != 0 && fragment.sequence != track.next) ++totals_.gaps;
  track.next = fragment.sequence + 1;
  if (track.ends && track.timescale > 0) {
    const auto off = static_cast<std::int64_t>(fragment.decode_time - *track.ends);
    if (std::abs(off) * 1'000 > kOffMs * track.timescale) ++totals_.jumps;
  }
  track.ends.reset();
  if (fragment.duration > 0) track.ends = fragment.decode_time + fragment.duration;
}

Result<void> FragmentCutter::feed(std::string_view piece,
                                  const std::function<void(std::string_view)>& take) {
  waiting_.append(piece);
  std::size_t begin = 0;
  while (waiting_.size() - at_ >= 8) {
    const std::string_view rest = std::string_view(waiting_).substr(at_);
    const auto size = box_size(rest);
    if (size < 8) return error(ErrorCode::corrupt, "a box without a size");
    if (size > rest.size()) break;
    const auto type = rest.substr(4, 4);
    at_ += size;
    if (type != "mdat" && type != "moov") continue;
    take(std::string_view(waiting_).substr(begin, at_ - begin));
    begin = at_;
  }
  waiting_.erase(0, begin);
  at_ -= begin;
  return {};
}

}  // namespace troupe::sim
