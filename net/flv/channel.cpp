#include "net/flv/channel.hpp"

#include <algorithm>
#include <utility>

namespace troupe::flv {
namespace {

constexpr std::int64_t kSlackUs = 5'000;  ///< renditions' times are rounded

bool begins_after(const media::ChunkPtr& a, const media::ChunkPtr& b) {
  return a->start_us > b->start_us;
}

}  // namespace

void LiveFlv::start(std::uint64_t epoch, const std::vector<media::Track>& tracks) {
  if (publishing_ && epoch_ >= epoch) return;
  clear();
  epoch_ = epoch;
  publishing_ = true;
  for (const auto& track : tracks) {
    auto format = media::flv::read_format(track);
    if (!format.ok()) {
      refusal_ = format.error();
    } else {
      (track.kind == media::TrackKind::video ? video_ : audio_) = std::move(*format);
    }
  }
  for (const auto& [name, channel] : channels_) {
    channel->wanted = video_ ? video_->track : 0;
    channel->between = false;
    change(channel, [&](auto& out) { channel->stream.start(video_, audio_, out); });
  }
}

void LiveFlv::clear() {
  publishing_ = false;
  refusal_.reset();
  video_.reset();
  audio_.reset();
  renditions_.clear();
  groups_.clear();
  sound_.clear();
  next_sequence_ = 0;
  next_of_rendition_.clear();
}

void LiveFlv::stop() {
  for (const auto& [name, channel] : channels_)
    change(channel, [&](auto& out) { channel->stream.flush(out); });
  clear();
}

void LiveFlv::chunk(const media::ChunkPtr& chunk) {
  if (!publishing_ || (next_sequence_ != 0 && chunk->sequence < next_sequence_)) return;
  const bool hole = next_sequence_ != 0 && chunk->sequence > next_sequence_;
  next_sequence_ = chunk->sequence + 1;
  const bool picture = video_ && chunk->track == video_->track;
  if (hole && video_) {
    groups_.erase(video_->track);
    for (const auto& [name, channel] : channels_)
      if (channel->stream.video_track() == video_->track) channel->stream.skip_to_key();
  }
  if (picture) {
    keep(groups_[chunk->track], chunk);
  } else {
    keep_sound(chunk);
  }
  for (const auto& [name, channel] : channels_) {
    if (picture) published_picture(*channel, *chunk);
    if (picture && (channel->between || channel->stream.video_track() != chunk->track)) continue;
    change(channel, [&](auto& out) { channel->stream.push(*chunk, out); });
  }
}

/// From a key frame on, a channel that is to show a rendition waits for it: that is later.
void LiveFlv::published_picture(Channel& channel, const media::Chunk& chunk) {
  const bool leaves = channel.stream.video_track() == chunk.track && channel.wanted != chunk.track;
  if (!leaves || channel.between || !chunk.key) return;
  channel.between = true;
  channel.switch_us = chunk.start_us;
}

void LiveFlv::rendition_chunk(std::uint64_t epoch, const media::ChunkPtr& chunk) {
  if (!publishing_ || epoch != epoch_) return;
  const auto rendition = renditions_.find(chunk->track);
  if (rendition == renditions_.end()) return;
  auto& next = next_of_rendition_[chunk->track];
  const bool hole = next != 0 && chunk->sequence != next;
  next = chunk->sequence + 1;
  auto& group = groups_[chunk->track];
  if (hole) group = {};
  keep(group, chunk);
  for (const auto& [name, channel] : channels_) {
    if (channel->wanted != chunk->track) continue;
    const bool shown = channel->stream.video_track() == chunk->track;
    if (shown && hole) channel->stream.skip_to_key();
    const bool enters =
        channel->between && chunk->key && chunk->start_us >= channel->switch_us - kSlackUs;
    if (!shown && !enters) continue;
    change(channel, [&](auto& out) {
      if (!shown) channel->stream.take_video(rendition->second.second, channel->switch_us, out);
      channel->between = false;
      channel->stream.push(*chunk, out);
    });
  }
}

void LiveFlv::set_renditions(std::uint64_t epoch, const std::vector<media::Track>& tracks) {
  if (!publishing_ || epoch != epoch_ || !video_) return;
  renditions_.clear();
  for (const auto& track : tracks) {
    if (auto format = media::flv::read_format(track); format.ok())
      renditions_.emplace(track.id, std::pair(track.name, std::move(*format)));
  }
  std::erase_if(groups_, [&](const auto& group) {
    return group.first != video_->track && !renditions_.contains(group.first);
  });
  for (const auto& [name, channel] : channels_) {
    channel->wanted = track_named(name);
    const bool back = channel->wanted == video_->track &&
                      (channel->between || channel->stream.video_track() != video_->track);
    if (!back) continue;
    channel->between = false;
    change(channel, [&](auto& out) { channel->stream.take_video(*video_, 0, out); });
  }
}

std::uint32_t LiveFlv::track_named(const std::string& rendition) const {
  for (const auto& [track, named] : renditions_)
    if (named.first == rendition) return track;
  return video_ ? video_->track : 0;
}

Result<void> LiveFlv::check(const std::string& rendition) const {
  if (!publishing_) return error(ErrorCode::unavailable, "nobody publishes now");
  if (refusal_) return *refusal_;
  if (!rendition.empty() && (!video_ || track_named(rendition) == video_->track))
    return error(ErrorCode::not_found, "no such rendition now");
  return {};
}

void LiveFlv::keep(Group& group, const media::ChunkPtr& chunk) {
  if (chunk->key) group = {};
  if (!chunk->key && group.chunks.empty()) return;
  group.chunks.push_back(chunk);
  group.bytes += chunk->bytes->size();
  if (group.bytes > limits_.max_cached_bytes || group.chunks.size() > limits_.max_cached_pieces)
    group = {};
}

void LiveFlv::keep_sound(const media::ChunkPtr& chunk) {
  auto oldest = INT64_MAX;
  for (const auto& [track, group] : groups_)
    if (!group.chunks.empty()) oldest = std::min(oldest, group.chunks.front()->start_us);
  sound_.push_back(chunk);
  while (!sound_.empty() && (sound_.front()->start_us + sound_.front()->duration_us <= oldest ||
                             sound_.size() > limits_.max_cached_pieces))
    sound_.pop_front();
}

ChannelPtr LiveFlv::open(const std::string& rendition) {
  auto& channel = channels_[rendition];
  if (!channel) {
    channel = std::make_shared<Channel>();
    channel->rendition = rendition;
    replay(*channel);
  }
  ++channel->viewers;
  return channel;
}

void LiveFlv::close(const ChannelPtr& channel) {
  if (--channel->viewers > 0) return;
  const auto found = channels_.find(channel->rendition);
  if (found != channels_.end() && found->second == channel) channels_.erase(found);
}

std::vector<ChannelPtr> LiveFlv::channels() const {
  std::vector<ChannelPtr> out;
  for (const auto& [name, channel] : channels_) out.push_back(channel);
  return out;
}

/// Converts what was kept: from its key frame on, in the order in which it began.
void LiveFlv::replay(Channel& channel) {
  if (!publishing_) return;
  channel.wanted = track_named(channel.rendition);
  std::vector<media::flv::Piece> out;
  const auto rendition = renditions_.find(channel.wanted);
  channel.stream.start(rendition == renditions_.end() ? video_ : rendition->second.second, audio_,
                       out);
  const auto& group = groups_[channel.wanted].chunks;
  std::vector<media::ChunkPtr> all(group.begin(), group.end());
  for (const auto& sound : sound_)
    if (group.empty() || sound->start_us + sound->duration_us > group.front()->start_us)
      all.push_back(sound);
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return begins_after(b, a); });
  for (const auto& chunk : all) channel.stream.push(*chunk, out);
  for (auto& piece : out) add(channel, std::move(piece));
  made_.clear();
}

template <class Change>
void LiveFlv::change(const ChannelPtr& channel, const Change& how) {
  std::vector<media::flv::Piece> out;
  how(out);
  for (auto& piece : out) add(*channel, std::move(piece));
  for (auto& piece : std::exchange(made_, {})) sink_(channel, std::move(piece));
}

void LiveFlv::add(Channel& channel, media::flv::Piece&& piece) {
  if (!piece.setup) return;  // sound before the first picture
  if (channel.setup != piece.setup) {
    channel.setup = piece.setup;
    channel.shared_setup =
        std::make_shared<const SharedSetup>(piece.setup->opening, piece.setup->change);
  }
  auto shared =
      std::make_shared<const SharedPiece>(channel.next_number++, piece.key, channel.shared_setup,
                                          piece.completed, std::move(piece.bytes));
  if (shared->key) {
    channel.group_bytes = channel.cached_bytes;
    channel.cache.clear();
    channel.cached_bytes = 0;
  }
  if (shared->key || !channel.cache.empty()) {
    channel.cache.push_back(shared);
    channel.cached_bytes += shared->bytes.size();
  }
  if (channel.cached_bytes > limits_.max_cached_bytes ||
      channel.cache.size() > limits_.max_cached_pieces) {
    channel.cache.clear();
    channel.cached_bytes = 0;
  }
  made_.push_back(std::move(shared));
}

}  // namespace troupe::flv
