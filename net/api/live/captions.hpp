// Captions of live sessions on their way from pictures to viewers.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/live/session.hpp"
#include "media/captions/caption_reader.hpp"
#include "media/playlist/captions.hpp"

namespace troupe::api {

/// How players are told of a channel.
[[nodiscard]] media::CaptionTrack caption_track(media::CaptionChannel channel,
                                                const media::CaptionLanguages& languages);

/// A reader for each session that is on. Thread-safe; chunks of one session come one at a time.
class LiveCaptions {
 public:
  /// Nothing happens when it is the publication that runs already.
  void start(const live::Publication& publication);
  /// What its captions show from this chunk on, with the publication's epoch.
  struct Shown {
    std::uint64_t epoch = 0;
    std::vector<media::CaptionEvent> events;
  };
  [[nodiscard]] Shown read(const std::string& id, const media::Chunk& chunk);
  void stop(const std::string& id);

  /// As viewers over WebSocket get it.
  [[nodiscard]] static std::string message(std::uint64_t epoch, const media::CaptionEvent& event);

 private:
  struct Running {
    std::uint64_t epoch = 0;
    std::shared_ptr<media::CaptionReader> reader;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Running> sessions_;
};

}  // namespace troupe::api
