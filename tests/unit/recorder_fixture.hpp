// A recorder on a real directory, and chunks for it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "media/recording/recorder.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::media {

inline constexpr const char* kSession = "01JD3Z2Q8W5N7X4V6T0R9S1M2K";

inline std::shared_ptr<const std::vector<Track>> two_tracks() {
  Track video;
  video.id = 1;
  video.codecs = "avc1.64001f";
  video.mime = "video/mp4; codecs=\"avc1.64001f\"";
  video.width = 640;
  video.height = 360;
  video.init = std::make_shared<const std::string>("video init");
  Track audio;
  audio.id = 2;
  audio.kind = TrackKind::audio;
  audio.codecs = "mp4a.40.2";
  audio.channels = 2;
  audio.sample_rate = 48'000;
  audio.init = std::make_shared<const std::string>("audio init");
  return std::make_shared<const std::vector<Track>>(std::vector{video, audio});
}

class RecorderFixture : public testing::Test {
 protected:
  RecorderOptions options() {
    RecorderOptions made;
    made.directory = dir_ / "recordings";
    made.window_us = 20'000'000;
    made.sweep_every = std::chrono::milliseconds(1);
    return made;
  }
  std::unique_ptr<Recorder> open(RecorderOptions options) {
    return std::move(*Recorder::open(std::move(options), metrics_));
  }

  struct Pushed {
    int seconds = 0;
    std::uint64_t epoch = 0;
    std::int64_t from_us = 0;
    std::string session = kSession;
    Keep keep = Keep::window;
    std::vector<std::uint32_t> tracks{1, 2};
    std::vector<std::uint32_t> told = {};  ///< of the publication; empty: these
    int key_each_s = 1;
    std::size_t bytes = 0;  ///< of a chunk, at least
  };
  /// Picture and sound, chunks of half a second.
  static void push(Recorder& recorder, const Pushed& what) {
    auto published = *two_tracks();
    const auto& told = what.told.empty() ? what.tracks : what.told;
    std::erase_if(published, [&](const Track& track) {
      return std::ranges::find(told, track.id) == told.end();
    });
    const auto tracks = std::make_shared<const std::vector<Track>>(std::move(published));
    for (int half = 0; half < 2 * what.seconds; ++half) {
      for (const auto track : what.tracks) {
        auto chunk = std::make_shared<Chunk>();
        chunk->track = track;
        chunk->start_us = what.from_us + half * 500'000;
        chunk->duration_us = 500'000;
        chunk->key = track == 2 || half % (2 * what.key_each_s) == 0;
        auto bytes = "[" + std::to_string(track) + "@" + std::to_string(chunk->start_us) + "]";
        bytes.resize(std::max(bytes.size(), what.bytes), '.');
        chunk->bytes = std::make_shared<const std::string>(std::move(bytes));
        recorder.push(what.session, what.epoch, tracks, chunk, what.keep);
      }
    }
    recorder.flush();
  }
  static std::uint64_t now_us() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
  }
  static Thumbnail thumbnail(std::int64_t media_us, const std::string& jpeg) {
    return {media_us, 0, std::make_shared<const std::string>(jpeg)};
  }

  test::TempDir dir_;
  Metrics metrics_;
};

}  // namespace troupe::media
