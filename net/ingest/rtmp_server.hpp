// RTMP and RTMPS ingest: one listening port for all publishers (H.264, or HEVC and AV1 by Enhanced
// RTMP; AAC).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/ingest/publication.hpp"
#include "net/ingest/rtmp/chunk_stream.hpp"

namespace troupe::ingest {

struct RtmpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 1935;    ///< 0: any free one
  std::string tls_certificate;  ///< PEM chain; with it the port takes RTMPS too
  std::string tls_key;
  std::size_t max_connections = 128;  ///< those that do not publish yet included
  std::size_t max_connections_per_address = 16;
  int publish_timeout_ms = 10'000;  ///< from the connection to the publish command
  int idle_timeout_ms = 10'000;     ///< A connection that sends nothing for this long is cut.
  int probe_timeout_ms = 10'000;    ///< from publish to knowing what the stream holds
  std::size_t max_unpackaged_bytes = 4U << 20;  ///< then the socket is not read for a while
  rtmp::ChunkLimits chunks;
  media::PackagerOptions packager;
  PublishDoor door;
  std::shared_ptr<PublisherPlaces> places;
};

/// One thread for all sockets, and one for each publisher's packager.
class RtmpServer {
 public:
  /// Errors: io (the port is taken, the certificate cannot be read), invalid_argument.
  static Result<std::unique_ptr<RtmpServer>> start(Metrics& metrics, RtmpOptions options);
  /// Cuts all connections and joins all threads.
  ~RtmpServer();

  [[nodiscard]] std::uint16_t port() const noexcept;

  struct Impl;

 private:
  explicit RtmpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::ingest
