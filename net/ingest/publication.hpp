// What all ingest protocols share: where a publisher's stream goes, how many there may be, and how
// its bytes become chunks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
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

/// What a publisher asks for, whatever its protocol.
struct PublishRequest {
  std::string session;
  std::string key;
  bool backup = false;   ///< stands by for the other one
  bool trusted = false;  ///< The server itself: no key is asked for.
};

/// Whether the key that somebody came in by still is one. Errors: forbidden.
using KeyCheck = std::function<Result<void>()>;

/// All look at memory only and may be called from any thread.
struct PublishDoor {
  std::function<Result<void>(const PublishRequest&)> may_publish;
  std::function<Result<std::unique_ptr<PublishSink>>(const PublishRequest&)> publish;
  /// The key that a publisher shows, whoever publishes now. Errors: not_found, forbidden.
  std::function<Result<KeyCheck>(const PublishRequest&)> key = {};
};

/// How many publishers may be connected, by all protocols together. Thread-safe.
class PublisherPlaces : public std::enable_shared_from_this<PublisherPlaces> {
 public:
  PublisherPlaces(std::size_t most, std::size_t most_of_an_address)
      : most_(most), most_of_an_address_(most_of_an_address) {}

  /// Gives its place back when destroyed.
  class Place {
   public:
    Place() = default;
    Place(std::shared_ptr<PublisherPlaces> places, std::string address)
        : places_(std::move(places)), address_(std::move(address)) {}
    Place(Place&&) noexcept = default;
    Place& operator=(Place&& other) noexcept;
    ~Place();
    /// False: it holds none.
    explicit operator bool() const noexcept { return places_ != nullptr; }

   private:
    std::shared_ptr<PublisherPlaces> places_;
    std::string address_;
  };

  /// Errors: overloaded (too many in all), rate_limited (too many of this address).
  [[nodiscard]] Result<void> check(const std::string& address) const;
  [[nodiscard]] Result<Place> take(const std::string& address);

 private:
  [[nodiscard]] Result<void> check_locked(const std::string& address) const;
  void give_back(const std::string& address);

  const std::size_t most_, most_of_an_address_;
  mutable std::mutex mutex_;
  std::size_t taken_ = 0;
  std::unordered_map<std::string, std::size_t> of_address_;
};

/// Counts a publisher that was let in nowhere.
void count_refused(Metrics& metrics, const Error& why);

struct Publication {
  std::string session;
  PublishSink& sink;
  /// Packages what the publisher sends until it ends. Blocks.
  std::function<Result<media::PackageStats>(const media::PackageSink&)> package;
  /// The streams are known: what bounds the wait for them ends.
  std::function<void()> announced;
  /// Why the source ended, if not because the publisher did; asked when it has.
  std::function<Result<void>()> source_ended;
};
/// Runs one to its end, measures it, counts and logs how it ended. Blocks: on a thread of its own.
Result<media::PackageStats> run_publication(Metrics& metrics, const Publication& publication);

}  // namespace troupe::ingest
