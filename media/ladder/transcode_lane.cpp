#include "media/ladder/transcode_lane.hpp"

#include <algorithm>
#include <optional>

#include "media/ladder/worker_pool.hpp"

namespace troupe::media {

void Transcode::schedule_lane(const std::shared_ptr<Lane>& lane) {
  if (lane->busy || closed_ || (lane->pictures.empty() && !lane->sweep)) return;
  lane->busy = true;
  post([this, lane] { lane_step(lane); });
}

/// Opens the encoder of a rung that is to be made. False: there is none.
bool Transcode::begin(LanePlace& place) {
  {
    const std::lock_guard lock(mutex_);
    if (!made(place.rung)) return false;
  }
  auto encoder = RungEncoder::open(place.options);
  if (!encoder.ok()) {
    fail(place.rung, encoder.error().detail);
    return false;
  }
  place.encoder = std::move(*encoder);
  Track returned;
  {
    const std::lock_guard lock(mutex_);
    if (!made(place.rung)) return false;
    auto& state = rungs_[place.rung].state;
    tracks_[place.rung] = place.encoder->track();
    if (state == RungState::returning) returned = tracks_[place.rung];
    state = RungState::on;
  }
  if (returned.id != 0 && sink_.returned) sink_.returned(returned);
  return true;
}

void Transcode::lane_step(const std::shared_ptr<Lane>& lane) {
  std::optional<Picture> picture;
  std::vector<RungState> states;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    lane->sweep = false;
    for (const auto& place : lane->places) states.push_back(rungs_[place.rung].state);
    if (!lane->pictures.empty()) {
      picture = std::move(lane->pictures.front());
      lane->pictures.pop_front();
    }
  }
  bool again = false;
  for (std::size_t i = 0; i < states.size(); ++i) {
    auto& place = lane->places[i];
    if (states[i] == RungState::on) continue;
    // Not the encoder of before: it may hold half a chunk, and pictures of then.
    place.encoder.reset();
    if (states[i] == RungState::returning && picture && picture->key) again |= begin(place);
  }
  if (again) tell_renditions();
  if (picture) encode(*lane, *picture);
  const std::lock_guard lock(mutex_);
  lane->busy = false;
  schedule_lane(lane);
  schedule_decoder();
}

void Transcode::encode(Lane& lane, const Picture& picture) {
  if (std::ranges::none_of(lane.places, [](const auto& place) { return !!place.encoder; })) return;
  const auto& from = *picture.frame;
  lane.scaler.reset(sws_getCachedContext(lane.scaler.release(), from.width, from.height,
                                         static_cast<AVPixelFormat>(from.format), lane.size.width,
                                         lane.size.height, AV_PIX_FMT_YUV420P, SWS_BILINEAR,
                                         nullptr, nullptr, nullptr));
  const FramePtr scaled(av_frame_alloc());
  av_frame_copy_props(scaled.get(), &from);  // captions, which x264 carries on
  scaled->format = AV_PIX_FMT_YUV420P;
  scaled->width = lane.size.width;
  scaled->height = lane.size.height;
  if (!lane.scaler || av_frame_get_buffer(scaled.get(), 0) < 0) return;
  sws_scale(lane.scaler.get(), from.data, from.linesize, 0, from.height, scaled->data,
            scaled->linesize);
  for (auto& place : lane.places) {
    if (!place.encoder) continue;
    auto done = place.encoder->encode(*scaled, picture, sink_.chunk);
    if (!done.ok()) fail(place.rung, done.error().detail);
  }
  if (sink_.delay) sink_.delay(std::chrono::steady_clock::now() - picture.arrived);
}

}  // namespace troupe::media
