// Thousands of viewers on one epoll loop, and the publisher's bytes through the same loop, so that
// one clock sees a picture go in and come out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/histogram.hpp"
#include "tests/bench/peers/markers.hpp"

namespace troupe::bench {

enum class Protocol { websocket, http, rtmp, raw };

/// Where viewers connect, on loopback.
struct Target {
  Protocol protocol = Protocol::raw;
  std::uint16_t port = 0;
  std::string app;   ///< rtmp only
  std::string path;  ///< websocket, http: the request target; rtmp: the stream's name
};

/// What happened between two key frames.
struct Window {
  double seconds = 0;
  std::uint64_t published_bytes = 0;
  std::vector<std::uint64_t> viewer_bytes;  ///< of each viewer that reads
  sim::Histogram delay_ms;  ///< last byte of a picture to the server → at one of kProbes viewers
  int closed = 0;           ///< viewers whose connection ended, since the beginning
};

/// Binds a free port of 127.0.0.1. Throws when that fails.
[[nodiscard]] int listen_anywhere(std::uint16_t& port);
/// Throws when nobody listens there.
[[nodiscard]] int connect_to(std::uint16_t port);

/// Not thread-safe. Throws std::runtime_error when something does not come up in time.
class FanReader {
 public:
  static constexpr std::size_t kProbes = 20;  ///< Viewers whose bytes are searched for pictures.

  explicit FanReader(const Markers& markers);
  ~FanReader();
  FanReader(const FanReader&) = delete;
  FanReader& operator=(const FanReader&) = delete;

  /// The port for one publisher; what it sends goes to `server_port` as it comes.
  std::uint16_t relay_publisher(std::uint16_t server_port);
  /// Runs until so many pictures have passed to the server.
  void await_pictures(std::uint64_t count);
  /// Connects viewers, a few at a time, and runs until all of them get pictures.
  void add_viewers(const Target& target, int count);
  /// The newest `count` viewers read nothing any more.
  void stall(int count);
  /// Closes those.
  void drop_stalled();
  void run_for(std::chrono::milliseconds time);
  /// From a key frame to the one `key_frames` later, each plus a third of a second, when little is
  /// under way.
  [[nodiscard]] Window measure(int key_frames);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::bench
