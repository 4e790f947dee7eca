#include "media/ladder/transcode.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>

#include "media/health/picture_look.hpp"
#include "media/ladder/picture_reader.hpp"
#include "media/ladder/transcode_lane.hpp"
#include "media/ladder/worker_pool.hpp"

namespace troupe::media {
namespace {

constexpr std::size_t kMaxPictures = 6;  // decoded ahead, for each size
constexpr std::size_t kMaxWaitingBytes = 32U << 20;
constexpr std::int64_t kHoleUs = 5'000;  // rounding of times is no hole
constexpr std::int64_t kUsualFrameUs = 33'333;
constexpr int kMaxRate = 240;

}  // namespace

struct Transcode::Decoder {
  std::unique_ptr<PictureReader> reader;
  std::deque<PacketPtr> packets;
  TimePoint arrived{};
  std::int64_t step = 0;  ///< from the first packet to the next, in ticks
  std::int64_t chunk_us = 0;
  std::int64_t shift_us = 0;  ///< RungOptions
  std::int64_t wall_us = 0;
  bool failed = false;
  bool lanes_open = false;
  bool wait_for_key = true;
  std::int64_t next_thumbnail_us = 0;
  PictureLooker looker;
};

Transcode::Transcode(WorkerPool& pool, Track source, TranscodeOptions options, TranscodeSink sink)
    : pool_(pool),
      source_(std::move(source)),
      options_(std::move(options)),
      sink_(std::move(sink)),
      policy_(options_.lag, usable(options_.rungs, {source_.width, source_.height}).size()),
      decoder_(std::make_unique<Decoder>()) {
  const Size size{source_.width, source_.height};
  for (auto& rung : usable(options_.rungs, size))
    rungs_.push_back({rung, scaled(rung, size), RungState::starting});
  tracks_.resize(rungs_.size());
  for (std::size_t i = 0; i < rungs_.size(); ++i) tracks_[i].name = rungs_[i].rung.name;
}

Transcode::~Transcode() = default;

bool Transcode::made(std::size_t rung) const {
  const auto state = rungs_[rung].state;
  return state != RungState::dropped && state != RungState::failed;
}

bool Transcode::any_rung() const {
  for (std::size_t i = 0; i < rungs_.size(); ++i)
    if (made(i)) return true;
  return false;
}

bool Transcode::lanes_full() const {
  return std::ranges::any_of(lanes_,
                             [](const auto& l) { return l->pictures.size() >= kMaxPictures; });
}

void Transcode::push(const ChunkPtr& chunk, TimePoint now) {
  if (chunk->track != source_.id) return;
  Changes changes;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    const bool hole = seen_any_ && std::abs(chunk->start_us - expected_us_) > kHoleUs;
    seen_any_ = true;
    expected_us_ = chunk->start_us + chunk->duration_us;
    const bool whole = any_rung();  // so far all chunks came here
    changes = judge(*chunk, now);
    // Thumbnails alone need key frames alone.
    if (any_rung() || (chunk->key && options_.thumbnail_every.count() > 0)) {
      waiting_.push_back({chunk, now, hole || !whole});
      waiting_bytes_ += chunk->bytes->size();
    }
    if (!any_rung()) drop_waiting();
    schedule_decoder();
  }
  tell(changes);
}

Transcode::Changes Transcode::judge(const Chunk& next, TimePoint now) {
  LagPolicy::Look look;
  if (!waiting_.empty() && any_rung()) {
    look.waited = now - waiting_.front().since;
    look.media = std::chrono::microseconds(next.start_us - waiting_.front().chunk->start_us);
    look.full = waiting_bytes_ + next.bytes->size() > kMaxWaitingBytes;
  }
  const auto verdict = policy_.judge(now, look);
  for (const auto i : verdict.drop) rungs_[i].state = RungState::dropped;
  if (verdict.bring_back) rungs_[*verdict.bring_back].state = RungState::returning;
  if (!verdict.drop.empty()) {
    for (const auto& lane : lanes_) {
      lane->sweep = true;
      schedule_lane(lane);
    }
  }
  return {verdict.drop, std::chrono::duration_cast<std::chrono::milliseconds>(look.waited)};
}

/// Late thumbnails are worth less than none.
void Transcode::drop_waiting() {
  constexpr std::size_t kKept = 2;
  bool any = false;
  while (waiting_.size() > kKept) {
    waiting_bytes_ -= waiting_.front().chunk->bytes->size();
    waiting_.pop_front();
    any = true;
  }
  if (any) waiting_.front().after_hole = true;
  if (options_.thumbnail_every.count() > 0) return;
  waiting_.clear();
  waiting_bytes_ = 0;
}

void Transcode::tell(const Changes& changes) {
  for (const auto i : changes.dropped) {
    Track track;
    {
      const std::lock_guard lock(mutex_);
      track = tracks_[i];
    }
    sink_.dropped(track, "late by " + std::to_string(changes.late.count()) + " ms");
  }
  if (!changes.dropped.empty()) tell_renditions();
}

void Transcode::fail(std::size_t rung, const std::string& why) {
  Track track;
  {
    const std::lock_guard lock(mutex_);
    if (rungs_[rung].state == RungState::failed) return;
    rungs_[rung].state = RungState::failed;
    policy_.fail(rung);
    track = tracks_[rung];
  }
  sink_.dropped(track, why);
  tell_renditions();
}

void Transcode::tell_renditions() {
  const std::lock_guard in_order(telling_);
  std::vector<Track> on;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    for (std::size_t i = 0; i < rungs_.size(); ++i)
      if (rungs_[i].state == RungState::on) on.push_back(tracks_[i]);
  }
  sink_.renditions(on);
}

void Transcode::schedule_decoder() {
  if (decoding_ || closed_) return;
  if (waiting_.empty() && decoder_->packets.size() < least_packets()) return;
  if (lanes_full()) return;  // the lane that makes room comes back here
  decoding_ = true;
  post([this] { decode_step(); });
}

void Transcode::post(std::function<void()> step) {
  pool_.post([self = shared_from_this(), step = std::move(step)] {
    try {
      step();
    } catch (const std::exception& e) {
      for (std::size_t i = 0; i < self->rungs_.size(); ++i) self->fail(i, e.what());
      self->stop();
    }
  });
}

void Transcode::open_reader() {
  auto opened = PictureReader::open(source_);
  if (opened.ok()) {
    decoder_->reader = std::move(*opened);
    return;
  }
  decoder_->failed = true;
  for (std::size_t i = 0; i < rungs_.size(); ++i) fail(i, opened.error().detail);
}

/// The first two pictures tell how many there are a second, which encoders want to know.
std::size_t Transcode::least_packets() const {
  return decoder_->lanes_open || !any_rung() ? 1 : 2;
}

/// False when there is nothing to decode.
bool Transcode::fill_packets() {
  auto& decoder = *decoder_;
  for (;;) {
    Waiting next;
    {
      const std::lock_guard lock(mutex_);
      if (decoder.packets.size() >= least_packets()) return true;
      if (waiting_.empty()) return false;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= next.chunk->bytes->size();
    }
    if (next.after_hole) {
      decoder.reader->forget();
      decoder.packets.clear();
      decoder.wait_for_key = true;
    }
    decoder.arrived = next.since;
    decoder.wall_us = next.chunk->wall_us;
    if (decoder.chunk_us == 0) decoder.chunk_us = next.chunk->duration_us;
    auto packets = decoder.reader->packets(*next.chunk);
    if (!packets.empty() && !decoder.lanes_open && decoder.packets.empty()) {
      const auto first_us =
          av_rescale(packets.front()->dts, 1'000'000, static_cast<std::int64_t>(source_.timescale));
      decoder.shift_us = first_us - next.chunk->start_us;
    }
    for (auto& packet : packets) {
      if (decoder.wait_for_key && (packet->flags & AV_PKT_FLAG_KEY) == 0) continue;
      decoder.wait_for_key = false;
      decoder.packets.push_back(std::move(packet));
    }
  }
}

void Transcode::open_lanes(const AVFrame& first) {
  auto& decoder = *decoder_;
  decoder.lanes_open = true;
  if (rungs_.empty()) return;
  const auto timescale = static_cast<int>(source_.timescale);
  auto step = decoder.step;
  if (step <= 0) step = av_rescale(kUsualFrameUs, timescale, 1'000'000);
  const auto rate =
      std::clamp((timescale + static_cast<int>(step) / 2) / static_cast<int>(step), 1, kMaxRate);
  std::map<Size, std::shared_ptr<Lane>> by_size;
  for (std::size_t i = 0; i < rungs_.size(); ++i) {
    auto& lane = by_size[rungs_[i].size];
    if (!lane) lane = std::make_shared<Lane>();
    lane->size = rungs_[i].size;
    lane->places.push_back({i,
                            {.track = options_.first_track + static_cast<std::uint32_t>(i),
                             .rung = rungs_[i].rung,
                             .size = rungs_[i].size,
                             .timescale = timescale,
                             .rate = {rate, 1},
                             .shape = shape_of(first, rungs_[i].size),
                             .chunk_us = decoder.chunk_us,
                             .shift_us = decoder.shift_us},
                            nullptr});
    // All are named at once: players read only once what there is.
    begin(lane->places.back());
  }
  {
    const std::lock_guard lock(mutex_);
    for (auto& [size, lane] : by_size) lanes_.push_back(std::move(lane));
  }
  tell_renditions();
}

void Transcode::decode(const AVPacket& packet) {
  const auto take = [&](Picture picture) {
    picture.arrived = decoder_->arrived;
    if (!decoder_->lanes_open) open_lanes(*picture.frame);
    if (sink_.look && picture.key) sink_.look(decoder_->looker.look(*picture.frame));
    make_thumbnail(picture);
    distribute(std::move(picture));
  };
  bool all = false;
  {
    const std::lock_guard lock(mutex_);
    all = any_rung();
  }
  if (all) return decoder_->reader->decode(packet, take);
  if ((packet.flags & AV_PKT_FLAG_KEY) != 0) decoder_->reader->decode_alone(packet, take);
}

void Transcode::decode_step() {
  auto& decoder = *decoder_;
  if (!decoder.reader && !decoder.failed) open_reader();
  if (!decoder.failed && fill_packets()) {
    if (decoder.step == 0 && decoder.packets.size() > 1)
      decoder.step = decoder.packets[1]->dts - decoder.packets[0]->dts;
    const auto packet = std::move(decoder.packets.front());
    decoder.packets.pop_front();
    decode(*packet);
  }
  const std::lock_guard lock(mutex_);
  decoding_ = false;
  if (decoder.failed) {
    waiting_.clear();
    waiting_bytes_ = 0;
    return;
  }
  if (!waiting_.empty() || decoder.packets.size() >= least_packets()) schedule_decoder();
}

void Transcode::make_thumbnail(const Picture& picture) {
  auto& decoder = *decoder_;
  if (options_.thumbnail_every.count() == 0 || !picture.key) return;
  const auto media_us =
      av_rescale(picture.pts, 1'000'000, static_cast<std::int64_t>(source_.timescale));
  if (media_us < decoder.next_thumbnail_us) return;
  auto jpeg = encode_thumbnail(*picture.frame);
  if (!jpeg.ok()) return;
  decoder.next_thumbnail_us =
      media_us + std::chrono::microseconds(options_.thumbnail_every).count();
  sink_.thumbnail(
      {media_us, decoder.wall_us, std::make_shared<const std::string>(std::move(*jpeg))});
}

void Transcode::distribute(Picture picture) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  for (const auto& lane : lanes_) {
    const bool wanted =
        std::ranges::any_of(lane->places, [&](const auto& place) { return made(place.rung); });
    if (!wanted) continue;
    lane->pictures.push_back(picture);
    schedule_lane(lane);
  }
}

void Transcode::stop() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  waiting_.clear();
  waiting_bytes_ = 0;
}

TranscodeStatus Transcode::status(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  TranscodeStatus out{rungs_, std::chrono::milliseconds(0)};
  if (!waiting_.empty())
    out.lag = std::chrono::duration_cast<std::chrono::milliseconds>(now - waiting_.front().since);
  return out;
}

}  // namespace troupe::media
