#include "media/flv/stream.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "media/flv/tags.hpp"

namespace troupe::media::flv {
namespace {

/// Times in microseconds are rounded, a chunk's otherwise than its samples'.
constexpr std::int64_t kRoundingUs = 2;
/// A rendition's key frame has the time of the picture that it was made of, but for rounding.
constexpr std::int64_t kSlackUs = 5'000;

std::int64_t floor_ms(std::int64_t us) {
  return us >= 0 ? us / 1000 : -((-us + 999) / 1000);
}

bool same(const std::optional<Format>& a, const std::optional<Format>& b) {
  return a.has_value() == b.has_value() && (!a || a->same_as(*b));
}

}  // namespace

void Stream::start(std::optional<Format> video, std::optional<Format> audio,
                   std::vector<Piece>& out) {
  flush(out);
  video_ = std::move(video);
  audio_ = std::move(audio);
  needs_key_ = setup_due_ = true;
  silent_ = video_.has_value();
  from_us_ = kNever;
  pictures_.until_us = sound_.until_us = kNever;
  offset_us_ = (end_us_ + 999) / 1000 * 1000;
}

void Stream::take_video(const Format& video, std::int64_t from_us, std::vector<Piece>& out) {
  flush(out);
  video_ = video;
  needs_key_ = setup_due_ = true;
  from_us_ = from_us;
  pictures_.until_us = kNever;
}

void Stream::push(const Chunk& chunk, std::vector<Piece>& out) {
  if (video_ && chunk.track == video_->track) {
    const bool begins = chunk.key && chunk.start_us >= from_us_ - kSlackUs;
    if (needs_key_ && !begins) return;
    needs_key_ = false;
    enqueue(chunk, *video_, pictures_);
  } else if (audio_ && chunk.track == audio_->track) {
    enqueue(chunk, *audio_, sound_);
  } else {
    return;
  }
  completed_ = chunk.completed;
  release(false, out);
}

void Stream::enqueue(const Chunk& chunk, Format& format, Lane& lane) {
  const bool picture = format.kind == TrackKind::video;
  const auto samples = read_samples(chunk, format);
  const auto fits = [](const Sample& sample) {
    return sample.bytes.size() <= kMaxTagData - kMaxVideoHead;
  };
  if (!samples.ok() || !std::ranges::all_of(*samples, fits)) {
    needs_key_ = needs_key_ || picture;
    return;
  }
  lane.until_us = chunk.start_us + chunk.duration_us;
  for (const auto& sample : *samples) {
    lane.waiting.push_back({sample, chunk.bytes});
    lane.until_us = std::max(lane.until_us, sample.decode_us);
  }
  end_us_ = std::max(end_us_, lane.until_us + offset_us_);
}

/// Whose turn it is. Null: something may still come before what there is.
Stream::Lane* Stream::next_lane(bool all) {
  if (pictures_.waiting.empty() && sound_.waiting.empty()) return nullptr;
  if (!pictures_.waiting.empty() && !sound_.waiting.empty()) {
    const bool sound_first =
        sound_.waiting.front().sample.decode_us < pictures_.waiting.front().sample.decode_us;
    return sound_first ? &sound_ : &pictures_;
  }
  auto& lane = pictures_.waiting.empty() ? sound_ : pictures_;
  const auto& other = pictures_.waiting.empty() ? pictures_ : sound_;
  const bool alone = pictures_.waiting.empty() ? !video_ : !audio_;
  const auto begins = lane.waiting.front().sample.decode_us;
  const bool overdue = lane.until_us - begins > kMaxWaitUs;
  return all || alone || overdue || begins + kRoundingUs < other.until_us ? &lane : nullptr;
}

void Stream::release(bool all, std::vector<Piece>& out) {
  while (auto* lane = next_lane(all)) {
    const auto next = std::move(lane->waiting.front());
    lane->waiting.pop_front();
    write(next.sample, lane == &pictures_, out);
  }
  // Sound alone waits for the picture that follows it, pictures for the others of their chunk: each
  // piece is a write to all viewers.
  const bool whole = piece_has_picture_ && pictures_.waiting.empty();
  if (whole || all || !video_) return close_piece(out);
  if (std::max(pictures_.until_us, sound_.until_us) - piece_start_us_ > kMaxPieceUs)
    close_piece(out);
}

void Stream::write(const Sample& sample, bool picture, std::vector<Piece>& out) {
  if (silent_ && !picture) return;
  silent_ = false;
  const bool begins = picture ? sample.key : !video_;
  auto time_ms = floor_ms(sample.decode_us + offset_us_);
  const auto composition_ms = floor_ms(sample.show_us + offset_us_) - time_ms;
  if (begins && picture) close_piece(out);
  if (begins && std::exchange(setup_due_, false) && !told()) {
    if (picture && shown_ms_) time_ms = std::min(time_ms, *shown_ms_ + 1);
    set_up(time_ms);
  }
  if (piece_.bytes.empty()) {
    piece_.key = begins;
    piece_.start_ms = time_ms;
    piece_start_us_ = sample.decode_us;
  }
  piece_has_picture_ = piece_has_picture_ || picture;
  if (!picture) return append_audio_frame(piece_.bytes, sample.bytes, time_ms);
  shown_ms_ = time_ms;
  append_video_frame(piece_.bytes, {.codec = video_->video_codec,
                                    .key = sample.key,
                                    .decode_ms = time_ms,
                                    .composition_ms = composition_ms,
                                    .bytes = sample.bytes});
}

bool Stream::told() const {
  return setup_ && same(video_, told_video_) && same(audio_, told_audio_);
}

void Stream::set_up(std::int64_t time_ms) {
  told_video_ = video_;
  told_audio_ = audio_;
  Setup setup;
  Metadata metadata{.video = video_.has_value(), .audio = audio_.has_value()};
  if (video_) {
    metadata.video_codec = video_->video_codec;
    metadata.width = video_->width;
    metadata.height = video_->height;
  }
  if (audio_) {
    metadata.sample_rate = audio_->sample_rate;
    metadata.channels = audio_->channels;
  }
  append_metadata(setup.change, metadata, time_ms);
  if (video_) append_video_config(setup.change, video_->video_codec, video_->config, time_ms);
  if (audio_) append_audio_config(setup.change, audio_->config, time_ms);
  append_file_header(setup.opening, audio_.has_value(), video_.has_value());
  setup.opening += setup.change;
  setup_ = std::make_shared<const Setup>(std::move(setup));
}

void Stream::close_piece(std::vector<Piece>& out) {
  if (piece_.bytes.empty()) return;
  piece_.setup = setup_;
  piece_.completed = completed_;
  piece_has_picture_ = false;
  out.push_back(std::exchange(piece_, {}));
}

void Stream::flush(std::vector<Piece>& out) {
  release(true, out);
}

}  // namespace troupe::media::flv
