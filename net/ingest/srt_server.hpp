// SRT ingest: one listening port for all publishers (MPEG-TS with H.264 and AAC).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"
#include "media/packager.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::ingest {

/// Where one publisher's stream goes. Used by the publisher's thread; destroyed when it ends.
class PublishSink {
 public:
  virtual ~PublishSink() = default;
  virtual void tracks(std::vector<media::Track> tracks) = 0;
  /// An error ends the publication.
  virtual Result<void> chunk(media::ChunkPtr chunk) = 0;
};

struct SrtOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9000;        ///< 0: any free one
  std::size_t max_publishers = 32;  ///< one thread each
  int latency_ms = 120;             ///< SRT's receive latency: time for retransmission
  int idle_timeout_ms = 10'000;     ///< A publisher that sends nothing for this long is dropped.
  /// From the connection to knowing what the stream holds: one that trickles keeps no place.
  int probe_timeout_ms = 10'000;
  media::PackagerOptions packager;
  /// Decides during the handshake, on SRT's own thread: must only look at memory.
  std::function<Result<void>(const std::string& session, const std::string& key)> may_publish;
  /// Called on the publisher's thread once it is connected.
  std::function<Result<std::unique_ptr<PublishSink>>(const std::string& session,
                                                     const std::string& key)>
      publish;
};

class SrtServer {
 public:
  /// Errors: io (the port is taken).
  static Result<std::unique_ptr<SrtServer>> start(Metrics& metrics, SrtOptions options);
  /// Disconnects all publishers and joins their threads.
  ~SrtServer();

  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  struct Impl;
  explicit SrtServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::ingest
