// A window that follows another: an edge's playlists number and cut as the origin's.
#include <algorithm>

#include "media/playlist/segment_window.hpp"

namespace troupe::media {
namespace {

/// As of segment_window.cpp: rounding must not split what belongs together.
constexpr std::int64_t kSlackUs = 500;

}  // namespace

WindowCuts SegmentWindow::cuts() const {
  WindowCuts out{epoch_, options_.segment_us, options_.part_us, epoch_wall_us_, origin_us_, {}};
  for (const auto& rendition : renditions_) {
    WindowCuts::Row row;
    row.name = rendition.name;
    row.number = rendition.next_number;
    row.part_target_us = rendition.part_target_us;
    row.chunk_us = rendition.chunk_us;
    row.discontinuities = rendition.discontinuities_gone +
                          static_cast<std::uint64_t>(std::ranges::count_if(
                              rendition.segments, [](const auto& s) { return s.discontinuity; }));
    const bool of_this = !rendition.segments.empty() && rendition.segments.back().epoch == epoch_;
    if (rendition.follows) {
      row.number = rendition.follows->number;
      row.ordinal = rendition.follows->ordinal;
      row.start_us = rendition.follows->start_us;
    } else if (of_this && !rendition.segments.back().complete) {
      row.number = rendition.segments.back().number;
      row.ordinal = rendition.segments.back().ordinal;
      row.start_us = rendition.segments.back().start_us;
    } else if (of_this) {
      row.ordinal = rendition.segments.back().ordinal + 1;
    } else if (!rendition.segments.empty()) {
      ++row.discontinuities;  // the next one begins with one
    }
    out.rows.push_back(std::move(row));
  }
  return out;
}

bool SegmentWindow::follow(const WindowCuts& cuts) {
  if (cuts.epoch != epoch_ || ended_) return false;
  for (const auto& rendition : renditions_) {
    if (rendition.made()) continue;
    const auto row = std::ranges::find(cuts.rows, rendition.name, &WindowCuts::Row::name);
    if (row == cuts.rows.end()) return false;
    // Numbers have no holes: only a window that has had all before may go on.
    const bool has_segments = !rendition.segments.empty();
    if (has_segments && (row->start_us || rendition.next_number != row->number)) return false;
  }
  following_ = true;
  epoch_wall_us_ = cuts.epoch_wall_us;
  if (cuts.origin_us && !origin_us_) origin_us_ = cuts.origin_us;
  made_rows_.clear();
  for (const auto& row : cuts.rows) {
    const auto mine = std::ranges::find(renditions_, row.name, &Rendition::name);
    if (mine == renditions_.end() || mine->made()) {
      made_rows_.push_back(row);
      continue;
    }
    mine->next_number = row.number;
    mine->first_ordinal = row.ordinal;
    if (mine->segments.empty()) mine->discontinuities_gone = row.discontinuities;
    if (mine->part_target_us == 0) {
      mine->part_target_us = row.part_target_us;
      mine->chunk_us = row.chunk_us;
    }
    mine->follows = row.start_us ? std::optional(row) : std::nullopt;
  }
  return true;
}

bool SegmentWindow::catch_up(Rendition& rendition, const Chunk& chunk) {
  if (rendition.made()) {
    // Of a segment that the others cut only when it has the whole of it: a picture that comes back
    // would else begin late in a segment whose number says otherwise. Sound may at the origin.
    if (leading() == nullptr || (!following_ && rendition.kind == TrackKind::audio)) return true;
    if (!rendition.segments.empty() && rendition.segments.back().epoch == epoch_) return true;
    const auto* source = source_segment(chunk);
    const auto slack_us =
        rendition.kind == TrackKind::video ? kSlackUs : chunk.duration_us / 2 + kSlackUs;
    return source != nullptr && chunk.key &&
           std::abs(chunk.start_us - source->start_us) <= slack_us;
  }
  if (!rendition.follows) return true;
  const auto row = *rendition.follows;
  if (chunk.start_us < *row.start_us) return false;
  if (chunk.start_us != *row.start_us) {
    // The rule of begins_segment, as if the segment under way were here.
    const auto length_us = chunk.start_us - *row.start_us;
    bool begins = length_us + chunk.duration_us > target_duration_s() * 1'000'000 + kSlackUs ||
                  (chunk.key && length_us >= options_.segment_us - options_.part_us / 2);
    if (const auto* lead = leading(); lead != &rendition) {
      const auto cut = std::ranges::find_if(lead->segments, [&](const Segment& s) {
        return s.epoch == epoch_ && s.ordinal == row.ordinal + 1;
      });
      begins =
          cut != lead->segments.end() && chunk.start_us + chunk.duration_us / 2 >= cut->start_us;
    }
    if (!begins) return false;
    rendition.next_number = row.number + 1;
    rendition.first_ordinal = row.ordinal + 1;
  }
  rendition.follows.reset();
  return true;
}

}  // namespace troupe::media
