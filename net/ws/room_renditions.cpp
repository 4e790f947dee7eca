// Which rendition of the picture a viewer gets, and how it comes from one to another.
#include <algorithm>

#include <boost/json.hpp>

#include "net/ws/hub.hpp"

namespace troupe::ws {
namespace {

/// Renditions are aligned to the tick; times in microseconds are rounded.
constexpr std::int64_t kSlackUs = 5'000;
/// A rendition that is always more than a group of pictures ahead is joined with a hole.
constexpr int kMaxMissedSwitches = 3;

boost::json::object describe(const media::Track& track) {
  return {{"name", track.name},
          {"track", track.id},
          {"codecs", track.codecs},
          {"mime", track.mime},
          {"width", track.width},
          {"height", track.height},
          {"kbit_per_s", track.kbit_per_s}};
}

}  // namespace

const std::deque<LiveChunk>& Room::cache_of(std::uint32_t track) const {
  static const std::deque<LiveChunk> kNone;
  if (track == 0) return cache_;
  const auto rung = rungs_.find(track);
  return rung == rungs_.end() ? kNone : rung->second.cache;
}

std::uint32_t Room::rung_named(const std::string& name) const {
  if (name.empty()) return 0;
  for (const auto& [track, rung] : rungs_)
    if (rung.track.name == name) return track;
  return 0;
}

std::string Room::rendition_message(std::uint32_t track) const {
  auto message = describe(track == 0 ? stream_->video : rungs_.at(track).track);
  message["type"] = "rendition";
  return boost::json::serialize(message);
}

std::string Room::renditions_message() const {
  boost::json::array items;
  if (stream_ && stream_->has_video) items.push_back(describe(stream_->video));
  for (const auto& [track, rung] : rungs_) items.push_back(describe(rung.track));
  return boost::json::serialize(
      boost::json::object{{"type", "renditions"}, {"items", std::move(items)}});
}

void Room::forget_renditions() {
  rungs_.clear();
  for (auto& viewer : viewers_) {
    viewer.track = viewer.wanted = 0;
    viewer.between = viewer.announce = false;
    viewer.missed_switches = 0;
  }
}

/// From here on the viewer gets the pictures of `track`. False when there is no room for it to be
/// told so: it waits for a key frame.
bool Room::enter(Viewer& viewer, std::uint32_t track) {
  viewer.track = track;
  viewer.between = false;
  viewer.missed_switches = 0;
  const auto& init = track == 0 ? stream_->video_init : rungs_.at(track).init;
  const bool told = viewer.session->send(text_frame(rendition_message(track))) &&
                    (!init || viewer.session->send(init));
  viewer.announce = !told;
  if (!told) viewer.waiting = true;
  return told;
}

void Room::enter_with_cache(Viewer& viewer, std::uint32_t track, TimePoint now,
                            FanoutStats& stats) {
  const auto& cache = cache_of(track);
  viewer.wanted = track;
  viewer.waiting = false;
  if (cache.empty()) {
    viewer.track = track;
    viewer.between = false;
    viewer.waiting = viewer.announce = true;
    return;
  }
  if (!enter(viewer, track)) return;
  for (const auto& kept : cache)
    if (track != 0 || is_picture(*kept.chunk)) offer(viewer, kept, now, stats);
}

/// The viewer has had `track` up to a key frame at `at_us`, and wants another.
bool Room::try_switch(Viewer& viewer, std::int64_t at_us, TimePoint now, FanoutStats& stats) {
  const auto& cache = cache_of(viewer.wanted);
  if (cache.empty()) return false;
  const auto begins_us = cache.front().chunk->start_us;
  if (begins_us > at_us + kSlackUs) {
    if (++viewer.missed_switches < kMaxMissedSwitches) return false;
    viewer.track = viewer.wanted;
    viewer.waiting = viewer.announce = true;
    return true;
  }
  if (begins_us < at_us - kSlackUs) {
    // The other is behind: what it brings from this key frame on comes soon.
    viewer.between = true;
    viewer.switch_us = at_us;
    return true;
  }
  enter_with_cache(viewer, viewer.wanted, now, stats);
  return true;
}

bool Room::takes_published(Viewer& viewer, const media::Chunk& chunk, TimePoint now,
                           FanoutStats& stats) {
  if (viewer.track != 0) return false;
  if (viewer.between) return false;
  return viewer.wanted == 0 || !chunk.key || viewer.waiting ||
         !try_switch(viewer, chunk.start_us, now, stats);
}

void Room::choose(std::uint64_t session_id, const std::string& rendition) {
  const auto viewer = std::find_if(viewers_.begin(), viewers_.end(),
                                   [&](const Viewer& v) { return v.session->id() == session_id; });
  if (viewer == viewers_.end()) return;
  if (!rendition.empty() && rung_named(rendition) == 0) {
    viewer->session->send(
        text_frame(R"({"type":"error","code":"not_found","detail":"no such rendition now"})"));
    return;
  }
  viewer->wanted_name = rendition;
  viewer->wanted = rung_named(rendition);
  viewer->missed_switches = 0;
  // One that stood between two and changed its mind has had nothing since `switch_us`.
  if (!viewer->between) return;
  const auto& cache = cache_of(viewer->wanted);
  if (cache.empty() || cache.front().chunk->start_us < viewer->switch_us - kSlackUs) return;
  FanoutStats ignored;
  enter_with_cache(*viewer, viewer->wanted, TimePoint::clock::now(), ignored);
}

void Room::set_renditions(std::uint64_t epoch, const std::vector<media::Track>& tracks,
                          FanoutStats& stats) {
  if (!stream_ || stream_->epoch != epoch || !stream_->has_video) return;
  std::map<std::uint32_t, Rung> next;
  for (const auto& track : tracks) {
    if (!track.init) continue;
    auto& rung = next[track.id];
    if (const auto old = rungs_.find(track.id); old != rungs_.end()) rung = std::move(old->second);
    rung.track = track;
    rung.init = binary_frame(*track.init);
  }
  rungs_ = std::move(next);
  text(text_frame(renditions_message()));
  const auto now = TimePoint::clock::now();
  for (auto& viewer : viewers_) {
    viewer.wanted = rung_named(viewer.wanted_name);
    const bool gone = viewer.track != 0 && !rungs_.contains(viewer.track);
    if (gone || (viewer.between && viewer.wanted == 0)) enter_with_cache(viewer, 0, now, stats);
  }
}

void Room::rendition_chunk(std::uint64_t epoch, const LiveChunk& next, TimePoint now,
                           FanoutStats& stats) {
  if (!stream_ || stream_->epoch != epoch) return;
  const auto& chunk = *next.chunk;
  const auto found = rungs_.find(chunk.track);
  if (found == rungs_.end()) return;
  auto& rung = found->second;
  const bool hole = rung.next_sequence != 0 && chunk.sequence != rung.next_sequence;
  rung.next_sequence = chunk.sequence + 1;
  if (hole || chunk.key) {
    rung.cache.clear();
    rung.cached_bytes = 0;
  }
  for (auto& viewer : viewers_) {
    if (viewer.between && viewer.wanted == chunk.track) {
      if (!chunk.key || chunk.start_us < viewer.switch_us - kSlackUs) continue;
      if (enter(viewer, chunk.track)) offer(viewer, next, now, stats);
      continue;
    }
    if (viewer.track != chunk.track || viewer.between) continue;
    if (hole) viewer.waiting = true;
    const bool leaves = viewer.wanted != viewer.track && chunk.key && !viewer.waiting;
    if (leaves && try_switch(viewer, chunk.start_us, now, stats)) continue;
    offer(viewer, next, now, stats);
  }
  if (rung.cache.empty() && !chunk.key) return;
  rung.cache.push_back(next);
  rung.cached_bytes += next.frame->size();
  if (rung.cached_bytes > limits_.max_cached_bytes ||
      rung.cache.size() > limits_.max_cached_chunks) {
    rung.cache.clear();
    rung.cached_bytes = 0;
  }
}

}  // namespace troupe::ws
