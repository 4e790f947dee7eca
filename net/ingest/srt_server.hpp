// SRT ingest: one listening port for all publishers (MPEG-TS with H.264 and AAC).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/ingest/publication.hpp"

namespace troupe::ingest {

struct SrtOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9000;     ///< 0: any free one
  int latency_ms = 120;          ///< SRT's receive latency: time for retransmission
  int idle_timeout_ms = 10'000;  ///< A publisher that sends nothing for this long is dropped.
  /// From the connection to knowing what the stream holds: one that trickles keeps no place.
  int probe_timeout_ms = 10'000;
  media::PackagerOptions packager;
  /// Decides during the handshake, on SRT's own thread.
  PublishDoor door;
  std::shared_ptr<PublisherPlaces> places;
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
