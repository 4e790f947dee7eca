// One publication's sound on its way to a rendition, on the ladder's workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "media/chunk.hpp"
#include "media/ladder/sound_encoder.hpp"

namespace troupe::media {

class WorkerPool;

/// Calls come from the pool's threads, one at a time; none must block.
struct SoundTranscodeSink {
  /// What is made from now on, once.
  std::function<void(const Track&)> begun;
  std::function<void(ChunkPtr)> chunk;
  /// Nothing is made any more; in words why.
  std::function<void(const std::string& why)> failed;
  /// The workers were late: so many chunks are left out, and silence stands for them.
  std::function<void(std::size_t chunks)> skipped;
};

struct SoundStatus {
  int kbit_per_s = 0;
  enum class State : std::uint8_t { starting, on, failed } state = State::starting;
};

/// Thread-safe; nothing blocks.
class SoundTranscode : public std::enable_shared_from_this<SoundTranscode> {
 public:
  SoundTranscode(WorkerPool& pool, Track source, SoundOptions options, SoundTranscodeSink sink);

  /// A chunk of the source's sound; those of other tracks are ignored.
  void push(const ChunkPtr& chunk);
  void stop();
  [[nodiscard]] SoundStatus status() const;

  /// Sound that waits longer is left out.
  static constexpr std::int64_t kMaxWaitingUs = 5'000'000;
  static constexpr std::size_t kMaxWaitingBytes = 4U << 20;

 private:
  void schedule();
  void step();
  Result<void> encode(const Chunk& chunk);
  void fail(const std::string& why);

  WorkerPool& pool_;
  const Track source_;
  const SoundOptions options_;
  const SoundTranscodeSink sink_;

  mutable std::mutex mutex_;
  bool closed_ = false;
  bool working_ = false;  ///< a step is posted or runs
  std::deque<ChunkPtr> waiting_;
  std::int64_t waiting_us_ = 0;
  std::size_t waiting_bytes_ = 0;
  SoundStatus status_;

  std::unique_ptr<SoundEncoder> encoder_;  ///< of the step only
};

}  // namespace troupe::media
