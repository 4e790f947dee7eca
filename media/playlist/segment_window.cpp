#include "media/playlist/segment_window.hpp"

#include <algorithm>

namespace troupe::media {
namespace {

/// Rounding of timestamps to microseconds must not split what belongs together.
constexpr std::int64_t kSlackUs = 500;
/// Parts further than three target durations from the end are not listed (RFC 8216bis
/// section 4.4.4.9).
constexpr std::int64_t kPartDurations = 3;

/// A segment ends without a key frame rather than hold more: four seconds of 134 Mbit/s. The same
/// for all windows, so that an edge's cut where the origin's do.
constexpr std::size_t kMaxSegmentBytes = 64U << 20;
/// Three target durations may have so many times WindowOptions::max_bytes.
constexpr std::size_t kUrgent = 2;

/// Clocks that count milliseconds (RTMP) make a chunk up to two longer or shorter than the next; a
/// part that had no room for that would be cut too short (RFC 8216bis: 85 % of the target).
constexpr std::int64_t kJitterUs = 2'000;
constexpr std::int64_t kJitterShare = 16;  // of a chunk, where that is less

std::int64_t ceil_ms(std::int64_t us) {
  return (us - kSlackUs / 5 + 999) / 1'000 * 1'000;
}

SharedBytes joined(const std::vector<SharedBytes>& pieces) {
  if (pieces.size() == 1) return pieces.front();
  std::string all;
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece->size();
  all.reserve(size);
  for (const auto& piece : pieces) all += *piece;
  return std::make_shared<const std::string>(std::move(all));
}

/// Of a whole segment: it has them too.
void drop_bytes(std::vector<Part>& parts) {
  for (auto& part : parts) {
    if (!part.bytes) continue;
    part.size = part.bytes->size();
    part.bytes.reset();
  }
}

}  // namespace

std::string_view folder(TrackKind kind) noexcept {
  return kind == TrackKind::video ? "video" : "audio";
}

const Segment* Rendition::find(std::uint64_t number) const noexcept {
  if (segments.empty() || number < segments.front().number || number > segments.back().number)
    return nullptr;
  return &segments[number - segments.front().number];
}

std::string_view Rendition::codec_family() const noexcept {
  return std::string_view(track.codecs).substr(0, track.codecs.find('.'));
}

Rendition::Position Rendition::next() const noexcept {
  if (segments.empty() || segments.back().complete) return {next_number, 0};
  return {segments.back().number, segments.back().parts.size()};
}

SegmentWindow::SegmentWindow(WindowOptions options) : options_(options) {}

SegmentWindow::SegmentWindow(WindowOptions options, SavedWindow saved)
    : options_(options), renditions_(std::move(saved.renditions)), origin_us_(saved.origin_us) {
  for (const auto& rendition : renditions_)
    if (!rendition.segments.empty()) epoch_ = std::max(epoch_, rendition.segments.back().epoch);
}

std::int64_t SegmentWindow::target_duration_s() const noexcept {
  // Twice what is aimed at: room for key frames that come late.
  return 2 * ((options_.segment_us + 999'999) / 1'000'000);
}

const Rendition* SegmentWindow::find(TrackKind kind) const noexcept {
  for (const auto& rendition : renditions_)
    if (rendition.kind == kind && !rendition.made()) return &rendition;
  return nullptr;
}

const Rendition* SegmentWindow::leading() const noexcept {
  const auto* video = find(TrackKind::video);
  return video != nullptr ? video : find(TrackKind::audio);
}

const Rendition* SegmentWindow::find(std::string_view name) const noexcept {
  for (const auto& rendition : renditions_)
    if (rendition.name == name) return &rendition;
  return nullptr;
}

Rendition* SegmentWindow::rendition_of(std::uint32_t track) noexcept {
  for (auto& rendition : renditions_)
    if (rendition.track.id == track) return &rendition;
  return nullptr;
}

const Rendition* SegmentWindow::of_track(std::uint32_t track) const noexcept {
  for (const auto& rendition : renditions_)
    if (rendition.track.id == track) return &rendition;
  return nullptr;
}

SharedBytes bytes_of(const Segment& segment, std::size_t part) {
  const auto& wanted = segment.parts[part];
  if (wanted.bytes) return wanted.bytes;
  if (auto shared = wanted.again.lock()) return shared;
  std::size_t from = 0;
  for (std::size_t i = 0; i < part; ++i) from += segment.parts[i].size;
  auto made = std::make_shared<const std::string>(segment.bytes->substr(from, wanted.size));
  wanted.again = made;
  return made;
}

std::vector<SharedBytes> SegmentWindow::under_way(const Rendition& rendition) const {
  std::vector<SharedBytes> out;
  if (rendition.segments.empty() || rendition.segments.back().complete) return out;
  for (const auto& part : rendition.segments.back().parts) out.push_back(part.bytes);
  if (const auto open = open_.find(rendition.name); open != open_.end())
    out.insert(out.end(), open->second.chunks.begin(), open->second.chunks.end());
  return out;
}

void SegmentWindow::begin(std::uint64_t epoch, const std::vector<Track>& tracks) {
  stop();
  on_air_ = true;
  epoch_ = epoch;
  epoch_wall_us_.reset();
  ended_ = following_ = false;
  made_rows_.clear();
  for (auto& rendition : renditions_) {
    rendition.follows.reset();
    rendition.first_ordinal = 0;
  }
  const auto same_kinds = [&] {
    return std::ranges::count_if(renditions_, [](const Rendition& r) { return !r.made(); }) ==
               std::ssize(tracks) &&
           std::ranges::all_of(tracks, [&](const Track& t) { return find(t.kind) != nullptr; });
  };
  if (!same_kinds()) {
    // Numbers go on: a player that comes back must not take new segments for old ones.
    // The first number tells the time, so that they also go on after a restart of the process:
    // segments come at half the rate at which this counts, at most.
    auto number = epoch / static_cast<std::uint64_t>(options_.segment_us / 2);
    for (const auto& rendition : renditions_) number = std::max(number, rendition.next_number);
    renditions_.clear();
    for (const auto& track : tracks) {
      auto& rendition = renditions_.emplace_back();
      rendition.kind = track.kind;
      rendition.name = folder(track.kind);
      rendition.next_number = number;
    }
  }
  for (const auto& track : tracks) {
    for (auto& rendition : renditions_) {
      if (rendition.kind != track.kind || rendition.made()) continue;
      rendition.track = track;
      rendition.inits[epoch] = track.init;
    }
  }
}

void SegmentWindow::set_made(std::uint64_t epoch, const std::vector<Track>& tracks) {
  if (epoch != epoch_ || ended_) return;
  std::erase_if(renditions_, [&](const Rendition& rendition) {
    return rendition.made() &&
           std::ranges::find(tracks, rendition.name, &Track::name) == tracks.end();
  });
  std::erase_if(open_, [&](const auto& open) { return find(open.first) == nullptr; });
  for (const auto& track : tracks) {
    auto rendition = std::ranges::find(renditions_, track.name, &Rendition::name);
    if (rendition == renditions_.end()) {
      renditions_.emplace_back().name = track.name;
      rendition = std::prev(renditions_.end());
      rendition->kind = track.kind;
      if (const auto row = std::ranges::find(made_rows_, track.name, &WindowCuts::Row::name);
          row != made_rows_.end()) {
        rendition->part_target_us = row->part_target_us;
        rendition->chunk_us = row->chunk_us;
      }
    }
    rendition->track = track;
    rendition->inits[epoch] = track.init;
  }
}

/// The segment of the leading rendition in which `chunk` begins; null: none of this publication.
const Segment* SegmentWindow::source_segment(const Chunk& chunk) const noexcept {
  const auto* source = leading();
  if (source == nullptr) return nullptr;
  for (auto s = source->segments.rbegin(); s != source->segments.rend() && s->epoch == epoch_; ++s)
    if (s->start_us <= chunk.start_us + chunk.duration_us / 2) return &*s;
  return nullptr;
}

bool SegmentWindow::begins_segment(const Rendition& rendition, const Chunk& chunk) const {
  if (rendition.segments.empty() || rendition.segments.back().complete) return true;
  const auto& last = rendition.segments.back();
  const auto length_us = chunk.start_us - last.start_us;
  if (length_us + chunk.duration_us > target_duration_s() * 1'000'000 + kSlackUs) return true;
  auto bytes = chunk.bytes->size();
  for (const auto& part : last.parts) bytes += part.bytes->size();
  if (const auto open = open_.find(rendition.name); open != open_.end())
    bytes += open->second.bytes;
  if (bytes > kMaxSegmentBytes) return true;
  if (const auto* lead = leading(); lead != &rendition) {
    // These follow its cuts, so that numbers mean the same time in all.
    if (lead != nullptr && !lead->segments.empty()) {
      const auto cut = std::ranges::find_if(lead->segments, [&](const Segment& s) {
        return s.epoch == last.epoch && s.ordinal == last.ordinal + 1;
      });
      const bool decodable = chunk.key || cut == lead->segments.end() || !cut->independent;
      return cut != lead->segments.end() && decodable &&
             chunk.start_us + chunk.duration_us / 2 >= cut->start_us;
    }
  }
  return chunk.key && length_us >= options_.segment_us - options_.part_us / 2;
}

void SegmentWindow::open_segment(Rendition& rendition, const Chunk& chunk) {
  const bool first = rendition.segments.empty() || rendition.segments.back().epoch != epoch_;
  const auto* source = rendition.made() ? source_segment(chunk) : nullptr;
  if (source != nullptr && rendition.segments.empty()) {
    // A newcomer counts as that does, discontinuities too.
    const auto& published = *leading();
    rendition.next_number = std::max(rendition.next_number, source->number);
    rendition.discontinuities_gone =
        published.discontinuities_gone +
        static_cast<std::uint64_t>(std::ranges::count_if(published.segments, [&](const auto& s) {
          return s.discontinuity && s.number <= source->number;
        }));
  }
  Segment segment;
  segment.number = rendition.next_number++;
  segment.ordinal = first ? rendition.first_ordinal : rendition.segments.back().ordinal + 1;
  if (source != nullptr) segment.ordinal = source->ordinal;
  segment.epoch = epoch_;
  segment.start_us = chunk.start_us;
  segment.wall_us = *epoch_wall_us_ + chunk.start_us;
  segment.independent = chunk.key;
  segment.discontinuity = first && !rendition.segments.empty();
  rendition.segments.push_back(std::move(segment));
}

bool SegmentWindow::push(const Chunk& chunk) {
  auto* rendition = rendition_of(chunk.track);
  if (rendition == nullptr || ended_ || !chunk.bytes || !catch_up(*rendition, chunk)) return false;
  if (!epoch_wall_us_) {
    epoch_wall_us_ = chunk.wall_us - chunk.duration_us - chunk.start_us;
    if (!origin_us_) origin_us_ = epoch_wall_us_;
  }
  if (rendition->part_target_us == 0 && chunk.duration_us > 0) {
    const auto chunks =
        std::max<std::int64_t>(1, (options_.part_us + chunk.duration_us / 2) / chunk.duration_us);
    rendition->chunk_us = chunk.duration_us;
    const auto jitter_us = std::min(kJitterUs, chunk.duration_us / kJitterShare);
    rendition->part_target_us = ceil_ms(chunks * (chunk.duration_us + jitter_us));
  }
  auto& open = open_[rendition->name];
  bool grew = false;
  if (begins_segment(*rendition, chunk)) {
    grew = close_part(*rendition);
    close_segment(*rendition);
    open_segment(*rendition, chunk);
  } else if (open.duration_us + chunk.duration_us > rendition->part_target_us + kSlackUs) {
    grew = close_part(*rendition);
  }
  open.chunks.push_back(chunk.bytes);
  open.bytes += chunk.bytes->size();
  open.duration_us += chunk.duration_us;
  open.independent = open.independent || chunk.key;
  // Full when another chunk like this one has no room: waiting for it would only cost time.
  if (open.duration_us + chunk.duration_us > rendition->part_target_us + kSlackUs)
    grew = close_part(*rendition) || grew;
  return grew;
}

bool SegmentWindow::close_part(Rendition& rendition) {
  auto& open = open_[rendition.name];
  if (open.bytes == 0 || rendition.segments.empty()) return false;
  auto& segment = rendition.segments.back();
  segment.duration_us += open.duration_us;
  segment.parts.push_back({open.duration_us, open.independent, joined(open.chunks)});
  open = {};
  return true;
}

void SegmentWindow::close_segment(Rendition& rendition) {
  if (rendition.segments.empty() || rendition.segments.back().complete) return;
  auto& segment = rendition.segments.back();
  std::string all;
  std::size_t size = 0;
  for (const auto& part : segment.parts) size += part.bytes->size();
  all.reserve(size);
  for (const auto& part : segment.parts) all += *part.bytes;
  segment.bytes = std::make_shared<const std::string>(std::move(all));
  segment.complete = true;
  trim(rendition);
}

void SegmentWindow::mark(Mark mark) {
  const auto size = [](const Mark& m) { return m.id.size() + m.scheme.size() + m.payload.size(); };
  // One that is told again has another moment: that of a later publication.
  std::erase_if(marks_, [&](const Mark& known) {
    if (known.id != mark.id) return false;
    mark_bytes_ -= size(known);
    return true;
  });
  mark_bytes_ += size(mark);
  marks_.push_back(std::move(mark));
  while (mark_bytes_ > kMaxMarkBytes) {
    mark_bytes_ -= size(marks_.front());
    marks_.pop_front();
  }
}

void SegmentWindow::trim(Rendition& rendition) {
  auto& segments = rendition.segments;
  std::int64_t length_us = 0;
  std::size_t bytes = 0;
  const auto target_us = target_duration_s() * 1'000'000;
  std::size_t keep = 0;  // how many from the end
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment, ++keep) {
    const bool heavy = bytes >= options_.max_bytes;
    if (heavy || length_us > kPartDurations * target_us) drop_bytes(segment->parts);
    // Section 6.2.2: a playlist holds at least three target durations, unless they are enormous.
    const bool full = length_us >= options_.window_us || heavy;
    if (full && (length_us >= kPartDurations * target_us || bytes >= kUrgent * options_.max_bytes))
      break;
    length_us += segment->duration_us;
    bytes += segment->bytes ? segment->bytes->size() : 0;
  }
  while (segments.size() > keep) {
    const auto& gone = segments.front();
    if (gone.discontinuity) ++rendition.discontinuities_gone;
    segments.pop_front();
  }
  const auto oldest = segments.empty() ? epoch_ : segments.front().epoch;
  std::erase_if(rendition.inits, [&](const auto& init) { return init.first < oldest; });
}

void SegmentWindow::stop() {
  on_air_ = false;
  for (auto& rendition : renditions_) {
    close_part(rendition);
    close_segment(rendition);
  }
}

void SegmentWindow::end() {
  stop();
  ended_ = true;
}

}  // namespace troupe::media
