// A session that ffmpeg published to a real server and that is recorded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/support/server_process.hpp"

namespace troupe::test {

/// An encoder of a moving picture and a tone, 30 pictures and a key frame a second. Each picture is
/// all of one brightness, another than its neighbours, where `brightness` is to tell them apart.
enum class Shown { testsrc, brightness };
[[nodiscard]] sim::ChildProcess encoder(const std::string& url, Shown shown = Shown::testsrc);

/// Seconds of the track's recording; 0 while there is none.
[[nodiscard]] double recorded_seconds(sim::HttpClient& http, const std::string& id);

/// What ffprobe counts: pictures that it decoded. Complaints of its decoder go into `complaints`.
[[nodiscard]] int decoded_pictures(const std::string& url, std::string& complaints);

/// How bright each picture is that ffmpeg decodes, 0 to 255.
[[nodiscard]] std::vector<int> brightness(const std::string& url);

/// A session with at least `seconds` recorded, whose encoder has ended.
struct Recorded {
  std::string id;
  std::string publish_url;
  Shown shown = Shown::testsrc;
  std::int64_t from_ms = 0, to_ms = 0;

  /// `record`: as in PATCH; empty: as the server has it.
  Recorded(ServerProcess& server, sim::HttpClient& http, double seconds,
           const std::string& record = {}, Shown shows = Shown::testsrc);
  /// Publishes until there are `seconds` in all.
  void publish(ServerProcess& server, sim::HttpClient& http, double seconds);
};

}  // namespace troupe::test
