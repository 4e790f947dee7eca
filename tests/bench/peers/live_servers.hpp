// The servers under comparison, each started on free ports and pinned to one core.
#pragma once

#include <memory>
#include <string>

#include "tests/bench/peers/fan_reader.hpp"

namespace troupe::bench {

/// When a server writes to its viewers. Figures of one class say nothing about the other.
enum class WriteClass {
  frame,  ///< each picture and each frame of sound as it comes
  merged  ///< what came within 100 ms at once
};

/// A running server; its destructor ends it.
class LiveServerUnderTest {
 public:
  virtual ~LiveServerUnderTest() = default;
  [[nodiscard]] virtual int pid() const = 0;
  [[nodiscard]] virtual Target target() const = 0;
  [[nodiscard]] virtual std::uint16_t publish_port() const = 0;
  /// What ffmpeg is to push to, once its bytes are relayed through `relay_port`.
  [[nodiscard]] virtual std::string publish_url(std::uint16_t relay_port) const = 0;
};

/// `name`: troupe, troupe-flv (the same server, viewers over HTTP-FLV), node-media-server,
/// nginx-rtmp, bare, bare-picture (bare_writer.hpp); `peers_dir`: where npm has installed. Null
/// when `name` does not write by this class. Throws std::runtime_error when it does not come up.
[[nodiscard]] std::unique_ptr<LiveServerUnderTest> start_live_server(const std::string& name,
                                                                     WriteClass write_class,
                                                                     const std::string& peers_dir);

}  // namespace troupe::bench
