#include "net/ingest/air.hpp"

#include <algorithm>

#include "media/retime.hpp"

namespace troupe::ingest {
namespace {

/// How fast sound is led back to its picture: a hundredth of its own length, which is not heard,
/// and within what counts as rounding.
constexpr std::int64_t kSlewDivisor = 100, kMaxSlewUs = 1'000, kRoundingUs = 2'000;
/// Sound that is kept from before a key frame, to go on where the other's sound ended.
constexpr std::int64_t kLeadUs = 300'000;

Role other(Role role) {
  return role == Role::primary ? Role::backup : Role::primary;
}

bool has_video(const std::vector<media::Track>& tracks) {
  return std::any_of(tracks.begin(), tracks.end(), [](const media::Track& track) {
    return track.kind == media::TrackKind::video;
  });
}

bool is_video(const std::vector<media::Track>& tracks, std::uint32_t id) {
  return std::any_of(tracks.begin(), tracks.end(), [id](const media::Track& track) {
    return track.id == id && track.kind == media::TrackKind::video;
  });
}

/// A chunk with which decoding can begin.
bool is_start(const std::vector<media::Track>& tracks, const media::Chunk& chunk) {
  return chunk.key && (is_video(tracks, chunk.track) || !has_video(tracks));
}

/// Players notice nothing: the same codecs, with the same parameters.
bool same(const std::vector<media::Track>& a, const std::vector<media::Track>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const media::Track& x, const media::Track& y) {
                      return x.id == y.id && x.timescale == y.timescale && *x.init == *y.init;
                    });
}

}  // namespace

Air::Air(std::unique_ptr<PublishSink> out, AirOptions options)
    : out_(std::move(out)), options_(options) {}

Result<void> Air::may_join(Role role) const {
  if (!has(role)) return {};
  return error(ErrorCode::conflict, role == Role::primary ? "the session has a publisher"
                                                          : "the session has a backup publisher");
}

Result<void> Air::join(Role role, Time now) {
  if (auto may = may_join(role); !may.ok()) return may;
  auto member = std::make_unique<Member>();
  member->heard = member->steady_since = now;
  members_[static_cast<std::size_t>(role)] = std::move(member);
  if (!has(other(role))) {
    status_.on_air = role;
    last_out_ = now;
  }
  status_.standing_by = has(Role::primary) && has(Role::backup);
  return {};
}

bool Air::leave(Role role, Time now) {
  members_[static_cast<std::size_t>(role)] = nullptr;
  status_.standing_by = false;
  const auto next = other(role);
  if (!has(next)) {
    status_.on_air.reset();
    out_.reset();
    return false;
  }
  if (status_.on_air != role) return true;
  status_.on_air.reset();
  // At once when it has something to go on with; else with its next key frame.
  const auto& member = of(next);
  if (can_start(member) && now - member.heard < options_.silent_after)
    static_cast<void>(take_over(next, now));
  return true;
}

void Air::tracks(Role role, std::vector<media::Track> tracks, Time now) {
  auto& member = of(role);
  member.tracks = std::move(tracks);
  member.held.clear();
  member.held_bytes = 0;
  member.heard = member.steady_since = now;
  if (status_.on_air == role) begin_publication(member, 0);
}

bool Air::may_take_over(Role role, const media::Chunk& chunk, Time now) {
  const bool silent = !status_.on_air || now - last_out_ >= options_.silent_after;
  if (silent) return can_start(of(role));
  return role == Role::primary && options_.return_after.count() > 0 &&
         now - of(role).steady_since >= options_.return_after && is_start(of(role).tracks, chunk) &&
         can_start(of(role));
}

Result<void> Air::chunk(Role role, media::ChunkPtr chunk, Time now) {
  if (!verdict_.ok()) return verdict_;
  auto& member = of(role);
  if (now - member.heard >= options_.silent_after) member.steady_since = now;
  member.heard = now;
  if (status_.on_air == role) return forward(*chunk, now);
  const auto& latest = *chunk;
  hold(member, chunk);
  if (!may_take_over(role, latest, now)) return {};
  // Back on the air with this key frame: nothing is seen twice.
  if (status_.on_air && now - last_out_ < options_.silent_after)
    trim(member, std::prev(member.held.end()));
  return take_over(role, now);
}

std::deque<media::ChunkPtr>::const_iterator Air::start_from(
    const Member& member, std::deque<media::ChunkPtr>::const_iterator from) {
  return std::find_if(from, member.held.end(), [&](const media::ChunkPtr& chunk) {
    return is_start(member.tracks, *chunk);
  });
}

bool Air::can_start(const Member& member) {
  return start_from(member, member.held.begin()) != member.held.end();
}

/// Lets go of what stands before `start`, but for the sound that leads to it.
void Air::trim(Member& member, std::deque<media::ChunkPtr>::const_iterator start) {
  const auto from_us = (*start)->start_us - kLeadUs;
  std::deque<media::ChunkPtr> kept;
  for (auto it = member.held.cbegin(); it != start; ++it) {
    if (!is_video(member.tracks, (*it)->track) && (*it)->start_us + (*it)->duration_us > from_us) {
      kept.push_back(*it);
    } else {
      member.held_bytes -= (*it)->bytes->size();
    }
  }
  kept.insert(kept.end(), start, member.held.cend());
  member.held = std::move(kept);
}

/// Keeps what is needed to go on from where the one on the air may fall silent: everything from the
/// last key frame that came before its last chunk.
void Air::hold(Member& member, media::ChunkPtr chunk) {
  auto& held = member.held;
  if (!can_start(member) && !is_start(member.tracks, *chunk)) {
    if (is_video(member.tracks, chunk->track)) return;
    while (!held.empty() && held.front()->start_us < chunk->start_us - kLeadUs) {
      member.held_bytes -= held.front()->bytes->size();
      held.pop_front();
    }
  }
  member.held_bytes += chunk->bytes->size();
  held.push_back(std::move(chunk));
  const auto next_start = [&] {
    const auto first = start_from(member, held.begin());
    return first == held.end() ? first : start_from(member, std::next(first));
  };
  for (auto next = next_start(); next != held.end() && (*next)->completed <= last_completed_;
       next = next_start())
    trim(member, next);
  while (member.held_bytes > options_.max_held_bytes) {
    const auto next = next_start();
    if (next == held.end()) {
      held.clear();
      member.held_bytes = 0;
    } else {
      trim(member, next);
    }
  }
}

Result<void> Air::take_over(Role role, Time now) {
  auto& member = of(role);
  status_.on_air = role;
  ++status_.switches;
  status_.gap_ms = std::chrono::duration<double, std::milli>(now - last_out_).count();
  if (same(tracks_, member.tracks)) {
    continue_publication(member);
  } else {
    begin_publication(member, -(*start_from(member, member.held.begin()))->start_us);
  }
  member.held_bytes = 0;
  for (const auto& chunk : std::exchange(member.held, {})) {
    // Sound from before the first picture, where that is the beginning of a publication.
    if (chunk->start_us + lines_[chunk->track].shift_us < 0) continue;
    if (auto done = forward(*chunk, now); !done.ok()) return done;
  }
  return {};
}

void Air::begin_publication(Member& member, std::int64_t shift_us) {
  tracks_ = member.tracks;
  lines_.clear();
  for (const auto& track : tracks_)
    lines_[track.id] = {.timescale = track.timescale,
                        .end_us = 0,
                        .fragment = 0,
                        .shift_us = shift_us,
                        .target_us = shift_us};
  out_->tracks(tracks_);
}

/// The first picture follows on the last.
void Air::continue_publication(const Member& member) {
  const auto& first = **start_from(member, member.held.begin());
  const auto shift = lines_[first.track].end_us - first.start_us;
  for (auto& [id, line] : lines_) {
    line.shift_us = line.target_us = shift;
    line.to_be_joined = id != first.track;
  }
}

/// Sound goes on with the chunk that begins nearest to where the other's ended, right there; and is
/// then led to its picture. False: it has been heard.
bool Air::join_on(Line& line, const media::Chunk& chunk) {
  const auto late_us = chunk.start_us + line.target_us - line.end_us;
  if (late_us + chunk.duration_us / 2 < 0) return false;
  line.to_be_joined = false;
  if (late_us <= chunk.duration_us) line.shift_us = line.end_us - chunk.start_us;
  return true;
}

Result<void> Air::forward(const media::Chunk& chunk, Time now) {
  auto& line = lines_[chunk.track];
  if (line.to_be_joined && !join_on(line, chunk)) return {};
  const auto start_us = chunk.start_us + line.shift_us;
  // Of the one before: sound that has been heard.
  if (line.fragment > 0 && start_us + kRoundingUs < line.end_us) return {};
  auto out = std::make_shared<media::Chunk>(chunk);
  out->sequence = ++sequence_;
  ++line.fragment;
  if (line.shift_us != 0 || chunk.sequence != out->sequence) {
    constexpr std::int64_t kSecond = 1'000'000;
    const auto rounding = line.shift_us < 0 ? -kSecond / 2 : kSecond / 2;
    const auto ticks =
        (line.shift_us * static_cast<std::int64_t>(line.timescale) + rounding) / kSecond;
    auto bytes = media::retime_chunk(*chunk.bytes, ticks, line.fragment);
    if (!bytes.ok()) return bytes.error();
    out->start_us = start_us;
    out->bytes = std::make_shared<const std::string>(std::move(*bytes));
  }
  line.end_us = start_us + chunk.duration_us;
  const auto step = std::min(kMaxSlewUs, chunk.duration_us / kSlewDivisor + 1);
  line.shift_us += std::clamp(line.target_us - line.shift_us, -step, step);
  last_out_ = now;
  last_completed_ = chunk.completed;
  verdict_ = out_->chunk(std::move(out));
  return verdict_;
}

}  // namespace troupe::ingest
