// Publishers whose bytes come over connections that others hold: HTTP bodies, WebSockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "media/packager.hpp"
#include "net/ingest/publication.hpp"

namespace troupe::ingest {

struct PushOptions {
  media::PackagerOptions packager;
  PublishDoor door;
  std::shared_ptr<PublisherPlaces> places;
  std::size_t max_unpackaged_bytes = 1U << 20;
  std::chrono::milliseconds idle_timeout{10'000};   ///< without a byte
  std::chrono::milliseconds probe_timeout{10'000};  ///< until the streams are known
};

/// One publisher, as its connection sees it. Thread-safe; nothing blocks.
class PushPublisher {
 public:
  virtual ~PushPublisher() = default;
  /// False: it is full now, hand over nothing before `on_room`. What is handed over is taken in any
  /// case.
  [[nodiscard]] virtual bool write(std::string_view bytes) = 0;
  /// No more bytes come. `how` is the reason unless it is ok.
  virtual void end(const Result<void>& how) = 0;
  /// Bytes that the packager has taken.
  [[nodiscard]] virtual std::uint64_t taken() const = 0;
};

/// Has a thread for each publisher. Thread-safe.
class PushIngest {
 public:
  PushIngest(Metrics& metrics, PushOptions options);
  /// Ends all publishers and waits for them; what comes after is refused.
  ~PushIngest();

  struct Opening {
    PublishRequest request;
    std::string address;
    media::Container container = media::Container::mpegts;
    /// Both on the publisher's thread. `on_end` is the last thing that happens.
    std::function<void()> on_room;
    std::function<void(const Result<media::PackageStats>&)> on_end;
    /// The streams are known; on the publisher's thread. May be null.
    std::function<void(const std::vector<media::Track>&)> on_tracks;
  };
  /// Errors: those of the door and the places; overloaded (the server stops).
  Result<std::shared_ptr<PushPublisher>> open(Opening opening);
  /// What the destructor does.
  void stop();

 private:
  class Publisher;
  void reap();

  Metrics& metrics_;
  const PushOptions options_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Publisher>> publishers_;
  bool stopping_ = false;
};

}  // namespace troupe::ingest
