// The packager's side of one RTMP publication. Only for this room.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "net/ingest/media_pipe.hpp"
#include "net/ingest/publication.hpp"

namespace troupe::ingest {

/// Takes frames and packages them on a thread of its own until it is told to end, or ends by
/// itself.
class RtmpPublisher {
 public:
  struct Options {
    std::string session;
    media::PackagerOptions packager;
    std::size_t max_unpackaged_bytes = 0;
    std::chrono::milliseconds probe_timeout{0};
    std::function<void()> on_room;  ///< on the packager's thread
    /// The last thing that the packager's thread does.
    std::function<void(const Result<media::PackageStats>&)> on_end;
  };

  RtmpPublisher(Metrics& metrics, Options options, std::unique_ptr<PublishSink> sink,
                PublisherPlaces::Place place);
  ~RtmpPublisher();

  /// As MediaPipe::write.
  [[nodiscard]] bool write(MediaUnit unit) { return pipe_.write(std::move(unit)); }
  /// No more bytes come; `why` is told as the reason unless it is ok.
  void end(const Result<void>& why);

 private:
  void run();
  Result<media::PackageStats> package(const media::PackageSink& sink);
  std::optional<MediaUnit> read();

  Metrics& metrics_;
  const Options options_;
  std::unique_ptr<PublishSink> sink_;
  PublisherPlaces::Place place_;
  MediaPipe pipe_;
  std::chrono::steady_clock::time_point announce_by_;
  std::mutex mutex_;
  Result<void> why_;
  std::thread thread_;
};

}  // namespace troupe::ingest
