#include "media/recording/trim.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace troupe::media {
namespace {

/// Takes the first `count` segments of a track out.
void take(TrackKind kind, RecordedTrack& track, std::size_t count, Trimmed& gone) {
  const auto end = track.segments.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto it = track.segments.begin(); it != end; ++it) {
    gone.segments.emplace_back(kind, *it);
    gone.bytes += it->bytes;
  }
  track.segments.erase(track.segments.begin(), end);
}

void find_empty_epochs(const Recording& recording, Trimmed& gone) {
  std::set<std::uint64_t> left, touched;
  for (const auto& [kind, track] : recording)
    for (const auto& segment : track.segments) left.insert(segment.epoch);
  for (const auto& [kind, segment] : gone.segments) touched.insert(segment.epoch);
  for (const auto epoch : touched)
    if (!left.contains(epoch)) gone.epochs.push_back(epoch);
}

}  // namespace

std::uint64_t bytes_of(const Recording& recording) noexcept {
  std::uint64_t all = 0;
  for (const auto& [kind, track] : recording) all += track.bytes();
  return all;
}

Trimmed trim_to_window(Recording& recording, std::int64_t window_us) {
  Trimmed gone;
  for (auto& [kind, track] : recording) {
    auto length_us = track.duration_us();
    std::size_t count = 0;
    while (count + 1 < track.segments.size() &&
           length_us - track.segments[count].duration_us >= window_us)
      length_us -= track.segments[count++].duration_us;
    take(kind, track, count, gone);
  }
  find_empty_epochs(recording, gone);
  return gone;
}

Trimmed trim_to_bytes(Recording& recording, std::uint64_t max_bytes) {
  Trimmed gone;
  auto bytes = bytes_of(recording);
  std::map<TrackKind, std::size_t> counts;
  while (bytes > max_bytes) {
    auto oldest_us = std::numeric_limits<std::int64_t>::max();
    auto oldest = recording.end();
    for (auto it = recording.begin(); it != recording.end(); ++it) {
      const auto& segments = it->second.segments;
      const auto count = counts[it->first];
      if (count + 1 >= segments.size() || begin_us(segments[count]) >= oldest_us) continue;
      oldest_us = begin_us(segments[count]);
      oldest = it;
    }
    if (oldest == recording.end()) break;
    bytes -= oldest->second.segments[counts[oldest->first]++].bytes;
  }
  for (auto& [kind, track] : recording) take(kind, track, counts[kind], gone);
  find_empty_epochs(recording, gone);
  return gone;
}

}  // namespace troupe::media
