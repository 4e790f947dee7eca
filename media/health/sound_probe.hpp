// How loud the sound of all live sessions is: decoded on one thread that yields to all others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/chunk.hpp"
#include "media/health/stream_meter.hpp"

namespace troupe::media {

/// Called on the probe's thread, about twice for each second of sound; must not block. May come a
/// moment after `stop`: compare epochs.
using SoundSink =
    std::function<void(const std::string& session, std::uint64_t epoch, const HealthLook&)>;

/// Decodes half a second of sound at a time. A session whose half still waits when the next is
/// there loses that one: the probe is late by half a second at most, whatever the number of
/// sessions. Thread-safe; nothing blocks.
class SoundProbe {
 public:
  explicit SoundProbe(SoundSink sink);
  ~SoundProbe();

  /// A publication begins; nothing happens when it is the one that runs already.
  void start(const std::string& session, std::uint64_t epoch, const std::vector<Track>& tracks);
  /// All chunks of it, also those of the picture.
  void push(const std::string& session, const Chunk& chunk);
  void stop(const std::string& session);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::media
