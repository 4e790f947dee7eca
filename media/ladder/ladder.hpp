// The ladder of all live sessions: renditions and thumbnails made by one pool of workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/chunk.hpp"
#include "media/ladder/sound_transcode.hpp"
#include "media/ladder/transcode.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::media {

struct LadderOptions {
  std::vector<Rung> rungs;   ///< parse_ladder; none: only thumbnails
  int sound_kbit_per_s = 0;  ///< of the sound as AAC; 0: it is not made
  std::size_t workers = 1;
  std::chrono::milliseconds max_lag{1'500};
  std::chrono::milliseconds calm{30'000};  ///< as LagPolicyOptions
  std::chrono::milliseconds thumbnail_every{0};
};

/// Where results go, with the session and the epoch of its publication. Called on the workers'
/// threads, in a publication's order; a result may come a moment after `stop`: compare epochs. None
/// must block.
struct LadderSink {
  /// All that are made from now on, pictures and sound; first when it is known of both.
  std::function<void(const std::string& session, std::uint64_t epoch, const std::vector<Track>&)>
      renditions;
  std::function<void(const std::string& session, std::uint64_t epoch, const ChunkPtr&)> chunk;
  std::function<void(const std::string& session, std::uint64_t epoch, const Thumbnail&)> thumbnail;
  /// Of key frames, whatever else is made of them; may be null.
  std::function<void(const std::string& session, std::uint64_t epoch, const HealthLook&)> look;
};

struct LadderStatus {
  std::optional<TranscodeStatus> pictures;
  std::optional<SoundStatus> sound;
};

/// Thread-safe; nothing blocks.
class Ladder {
 public:
  Ladder(LadderOptions options, Metrics& metrics, LadderSink sink);
  ~Ladder();

  /// A publication begins; nothing happens when it is the one that runs already. One that gets no
  /// renditions, since it has no picture or a small one, and no sound, is told so at once.
  void start(const std::string& session, std::uint64_t epoch, const std::vector<Track>& tracks);
  /// All chunks of it, also those of sound.
  void push(const std::string& session, const ChunkPtr& chunk);
  void stop(const std::string& session);

  /// Nothing while nobody publishes, or there is nothing to make.
  [[nodiscard]] std::optional<LadderStatus> status(const std::string& session) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::media
