#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "net/ws/hub.hpp"

namespace troupe::ws {
namespace {

// Sound that has waited as long as the last picture lasts, and a little for jitter, waits no more.
constexpr std::chrono::milliseconds kMaxSoundWait{150};
constexpr std::chrono::milliseconds kPictureSlack{10};
constexpr std::size_t kMaxHeld = 64;  // AAC has 7 frames in the longest wait

}  // namespace

StreamStartPtr make_stream_start(std::uint64_t epoch, const std::vector<media::Track>& tracks) {
  auto start = std::make_shared<StreamStart>();
  start->epoch = epoch;
  boost::json::array list;
  for (const auto& track : tracks) {
    const bool video = track.kind == media::TrackKind::video;
    boost::json::object row{{"id", track.id},
                            {"kind", video ? "video" : "audio"},
                            {"codecs", track.codecs},
                            {"mime", track.mime},
                            {"timescale", track.timescale}};
    if (video) {
      start->has_video = true;
      start->video_track = track.id;
      row["width"] = track.width;
      row["height"] = track.height;
    } else {
      row["sample_rate"] = track.sample_rate;
      row["channels"] = track.channels;
    }
    list.push_back(std::move(row));
    if (track.init) start->inits.push_back(binary_frame(*track.init));
    if (video && track.init) {
      start->video = track;
      start->video_init = start->inits.back();
    }
  }
  start->tracks_json = boost::json::serialize(list);
  return start;
}

Room::Room(std::string id, const FanoutLimits& limits, std::shared_ptr<Audience> audience)
    : id_(std::move(id)),
      limits_(limits),
      audience_(std::move(audience)),
      told_reactions_(audience_->counts()) {}

std::optional<std::size_t> reaction_of(std::string_view name) noexcept {
  const auto* it = std::find(kReactions.begin(), kReactions.end(), name);
  if (it == kReactions.end()) return std::nullopt;
  return static_cast<std::size_t>(it - kReactions.begin());
}

ReactionCounts Audience::counts() const noexcept {
  ReactionCounts out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = reactions[i].load();
  return out;
}

std::string Room::hello(std::int64_t wall_us) const {
  return fmt::format(
      R"({{"type":"hello","session":{},"state":"{}","epoch":{},"viewers":{},"wall_us":{},"tracks":{}}})",
      boost::json::serialize(boost::json::string(id_)), stream_ ? "live" : "waiting",
      stream_ ? stream_->epoch : 0, audience_->everywhere(), wall_us + audience_->clock_offset_us,
      stream_ ? stream_->tracks_json : "[]");
}

std::string Room::clock(std::int64_t wall_us) const {
  return fmt::format(
      R"({{"type":"clock","wall_us":{},"epoch":{},"sequence":{},"media_us":{},"media_wall_us":{}}})",
      wall_us + audience_->clock_offset_us, stream_->epoch, last_video_->sequence,
      last_video_->start_us + last_video_->duration_us, last_video_->wall_us);
}

void Room::greet(Viewer& viewer, std::int64_t wall_us) {
  viewer.session->send(text_frame(hello(wall_us)));
  viewer.skipped = 0;
  viewer.resync_us = INT64_MIN;
  viewer.waiting = viewer.fresh = true;
  if (!stream_) return;
  for (const auto& init : stream_->inits) viewer.session->send(init);
  if (last_video_) viewer.session->send(text_frame(clock(wall_us)));
  if (!rungs_.empty()) viewer.session->send(text_frame(renditions_message()));
  viewer.wanted = rung_named(viewer.wanted_name);
  if (viewer.wanted != 0 && !cache_of(viewer.wanted).empty()) {
    enter(viewer, viewer.wanted);
    const auto fits = [&](const LiveChunk& kept) { return viewer.session->send(kept.frame); };
    const bool all = std::ranges::all_of(cache_of(viewer.track), fits) &&
                     std::ranges::all_of(cache_, [&](const LiveChunk& kept) {
                       return is_picture(*kept.chunk) || fits(kept);
                     });
    viewer.fresh = viewer.waiting = !all;
    return;
  }
  const bool all = std::ranges::all_of(
      cache_, [&](const LiveChunk& kept) { return viewer.session->send(kept.frame); });
  // What does not fit into its queue is a hole: it goes on with the next key frame.
  viewer.fresh = viewer.waiting = cache_.empty() || !all;
}

void Room::join(std::shared_ptr<Session> session, std::int64_t wall_us, std::string rendition) {
  viewers_.push_back({.session = std::move(session)});
  viewers_.back().wanted_name = std::move(rendition);
  ++audience_->viewers;
  greet(viewers_.back(), wall_us);
}

void Room::leave(std::uint64_t session_id) {
  const auto it = std::find_if(viewers_.begin(), viewers_.end(), [&](const Viewer& viewer) {
    return viewer.session->id() == session_id;
  });
  if (it == viewers_.end()) return;
  *it = std::move(viewers_.back());
  viewers_.pop_back();
  --audience_->viewers;
}

void Room::start(StreamStartPtr stream, std::int64_t wall_us) {
  if (stream_ && stream_->epoch >= stream->epoch) return;
  stream_ = std::move(stream);
  cache_.clear();
  cached_bytes_ = group_bytes_ = 0;
  held_.clear();
  next_sequence_ = 0;
  last_video_ = nullptr;
  forget_renditions();
  for (auto& viewer : viewers_) greet(viewer, wall_us);
}

void Room::forget() {
  stream_ = nullptr;
  forget_renditions();
  cache_.clear();
  held_.clear();
  cached_bytes_ = 0;
  last_video_ = nullptr;
}

void Room::stop() {
  forget();
  text(text_frame(R"({"type":"state","state":"waiting"})"));
}

void Room::end() {
  forget();
  text(text_frame(R"({"type":"state","state":"ended"})"));
  for (auto& viewer : viewers_) viewer.session->close(1000, "the session has ended");
}

void Room::text(const Frame& frame) {
  for (auto& viewer : viewers_) viewer.session->send(frame);
}

std::size_t Room::gather(std::string_view frame) {
  if (!viewers_.empty()) gathered_ += frame;
  return gathered_.size();
}

void Room::flush() {
  if (gathered_.empty()) return;
  text(std::make_shared<const std::string>(std::exchange(gathered_, {})));
}

void Room::tell_reactions() {
  const auto now = audience_->counts();
  if (now == told_reactions_) return;
  boost::json::object counts;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] != told_reactions_[i]) counts[kReactions[i]] = now[i] - told_reactions_[i];
  }
  told_reactions_ = now;
  text(text_frame(boost::json::serialize(
      boost::json::object{{"type", "reactions"}, {"counts", std::move(counts)}})));
}

void Room::tick(std::int64_t wall_us) {
  if (viewers_.empty()) return;
  tell_reactions();
  if (const auto count = audience_->everywhere(); count != told_viewers_) {
    told_viewers_ = count;
    text(text_frame(fmt::format(R"({{"type":"viewers","count":{}}})", count)));
  }
  if (stream_ && last_video_) text(text_frame(clock(wall_us)));
}

bool Room::is_picture(const media::Chunk& chunk) const {
  return stream_->has_video && chunk.track == stream_->video_track;
}

bool Room::resync_point(const media::Chunk& chunk) const {
  return chunk.key && (!stream_->has_video || is_picture(chunk));
}

bool Room::resync_point(const Viewer& viewer, const media::Chunk& chunk) const {
  return viewer.track == 0 ? resync_point(chunk) : chunk.key && chunk.track == viewer.track;
}

void Room::cache(const LiveChunk& next) {
  if (resync_point(*next.chunk)) {
    group_bytes_ = cached_bytes_;
    cache_.clear();
    cached_bytes_ = 0;
  } else if (cache_.empty()) {
    return;  // nothing to start from yet
  }
  cache_.push_back(next);
  cached_bytes_ += next.frame->size();
  if (cached_bytes_ > limits_.max_cached_bytes || cache_.size() > limits_.max_cached_chunks) {
    cache_.clear();
    cached_bytes_ = 0;
  }
}

std::size_t Room::queue_bound() const {
  return std::clamp(2 * std::max(group_bytes_, cached_bytes_), limits_.min_queue_bytes,
                    limits_.max_queue_bytes);
}

void Room::begin_skip(Viewer& viewer, TimePoint now) {
  viewer.waiting = true;
  viewer.slowness.skipped(now);
}

void Room::chunk(const LiveChunk& next, TimePoint now, FanoutStats& stats) {
  if (!stream_ || (next_sequence_ != 0 && next.chunk->sequence < next_sequence_)) return;
  if (next_sequence_ != 0 && next.chunk->sequence > next_sequence_) {
    const auto lost = next.chunk->sequence - next_sequence_ + held_.size();
    held_.clear();
    cache_.clear();
    cached_bytes_ = 0;
    for (auto& viewer : viewers_) {
      viewer.waiting = true;
      if (!viewer.fresh) viewer.skipped += lost;
    }
  }
  next_sequence_ = next.chunk->sequence + 1;
  const bool picture = !stream_->has_video || next.chunk->track == stream_->video_track;
  if (picture) last_video_ = next.chunk;
  if (!picture && last_video_ && viewers_.size() >= limits_.hold_sound_from_viewers &&
      held_.size() < kMaxHeld) {
    if (held_.empty()) {
      held_until_ =
          now + kPictureSlack +
          std::min(std::chrono::milliseconds(last_video_->duration_us / 1000), kMaxSoundWait);
    }
    held_.push_back(next);
    return;
  }
  offer_with_held(next, now, stats);
  cache(next);
}

void Room::offer_with_held(const LiveChunk& next, TimePoint now, FanoutStats& stats) {
  if (held_.empty()) {
    for (auto& viewer : viewers_) offer(viewer, next, now, stats);
    return;
  }
  std::string bytes;
  for (const auto& sound : held_) bytes += *sound.frame;
  const LiveChunk all{next.chunk, std::make_shared<const std::string>(bytes + *next.frame),
                      held_.size() + 1};
  const auto sound_us = held_.front().chunk->start_us;
  for (auto& viewer : viewers_) {
    if (!viewer.waiting && sound_us >= viewer.resync_us && viewer.track == 0 &&
        viewer.wanted == 0) {
      offer(viewer, all, now, stats);
      continue;
    }
    for (const auto& sound : held_) offer(viewer, sound, now, stats);
    offer(viewer, next, now, stats);
  }
  for (const auto& sound : held_) cache(sound);
  held_.clear();
}

void Room::send_held(TimePoint now, FanoutStats& stats) {
  for (const auto& sound : std::exchange(held_, {})) {
    for (auto& viewer : viewers_) offer(viewer, sound, now, stats);
    cache(sound);
  }
}

std::optional<Room::TimePoint> Room::held_until() const {
  return held_.empty() ? std::nullopt : std::optional(held_until_);
}

void Room::offer(Viewer& viewer, const LiveChunk& next, TimePoint now, FanoutStats& stats) {
  const auto& chunk = *next.chunk;
  if (is_picture(chunk) && !takes_published(viewer, chunk, now, stats)) return;
  const auto queued = viewer.session->queued_bytes();
  if (viewer.waiting) {
    // Half the bound: a viewer that has only just drained would be slow again within a second.
    if (!resync_point(viewer, chunk) || queued > queue_bound() / 2) {
      if (!viewer.fresh) ++viewer.skipped;
      if (viewer.slowness.slow()) {
        ++stats.skipped_chunks;
        viewer.slowness.skipped(now);
      }
      if (viewer.slowness.too_long(now, limits_.slow_for)) {
        ++stats.closed_slow;
        viewer.session->close(close_code(ErrorCode::timeout), "too slow for this stream");
      }
      return;
    }
    if (viewer.skipped > 0) {
      viewer.session->send(text_frame(fmt::format(R"({{"type":"skip","count":{},"media_us":{}}})",
                                                  viewer.skipped, chunk.start_us)));
    }
    if (viewer.announce && !enter(viewer, viewer.track)) return;
    viewer.waiting = viewer.fresh = false;
    viewer.skipped = 0;
    viewer.resync_us = chunk.start_us;
  }
  if (chunk.start_us + chunk.duration_us <= viewer.resync_us)
    return;  // audio from before the key frame
  if (queued + next.frame->size() > queue_bound() || !viewer.session->send(next.frame)) {
    viewer.skipped = next.chunks;
    stats.skipped_chunks += next.chunks;
    return begin_skip(viewer, now);
  }
  stats.sent_bytes += next.frame->size();
  viewer.slowness.sent(now, limits_.healed_after);
}

}  // namespace troupe::ws
