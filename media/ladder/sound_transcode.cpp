#include "media/ladder/sound_transcode.hpp"

#include <exception>

#include "media/ladder/worker_pool.hpp"

namespace troupe::media {

SoundTranscode::SoundTranscode(WorkerPool& pool, Track source, SoundOptions options,
                               SoundTranscodeSink sink)
    : pool_(pool), source_(std::move(source)), options_(options), sink_(std::move(sink)) {
  status_.kbit_per_s = options_.kbit_per_s;
}

void SoundTranscode::push(const ChunkPtr& chunk) {
  if (chunk->track != source_.id) return;
  std::size_t left_out = 0;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || status_.state == SoundStatus::State::failed) return;
    if (waiting_us_ + chunk->duration_us > kMaxWaitingUs ||
        waiting_bytes_ + chunk->bytes->size() > kMaxWaitingBytes) {
      left_out = waiting_.size();
      waiting_.clear();
      waiting_us_ = 0;
      waiting_bytes_ = 0;
    }
    waiting_.push_back(chunk);
    waiting_us_ += chunk->duration_us;
    waiting_bytes_ += chunk->bytes->size();
    schedule();
  }
  if (left_out > 0 && sink_.skipped) sink_.skipped(left_out);
}

void SoundTranscode::schedule() {
  if (working_ || closed_ || waiting_.empty()) return;
  working_ = true;
  pool_.post([self = shared_from_this()] { self->step(); });
}

void SoundTranscode::step() {
  ChunkPtr chunk;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (!waiting_.empty()) {
      chunk = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_us_ -= chunk->duration_us;
      waiting_bytes_ -= chunk->bytes->size();
    }
  }
  if (chunk) {
    // What throws costs this publication its rendition of the sound, and nothing else.
    try {
      if (auto done = encode(*chunk); !done.ok()) return fail(done.error().detail);
    } catch (const std::exception& e) {
      return fail(e.what());
    }
  }
  const std::lock_guard lock(mutex_);
  working_ = false;
  schedule();
}

Result<void> SoundTranscode::encode(const Chunk& chunk) {
  if (!encoder_) {
    auto opened = SoundEncoder::open(source_, options_);
    if (!opened.ok()) return opened.error();
    encoder_ = std::move(*opened);
  }
  const auto begun = [this](const Track& track) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      status_.state = SoundStatus::State::on;
    }
    sink_.begun(track);
  };
  return encoder_->take(chunk, begun, sink_.chunk);
}

void SoundTranscode::fail(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    status_.state = SoundStatus::State::failed;
    waiting_.clear();
    if (closed_) return;
  }
  sink_.failed(why);
}

void SoundTranscode::stop() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  waiting_.clear();
}

SoundStatus SoundTranscode::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace troupe::media
