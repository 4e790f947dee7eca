// The door of sessions with room for a backup publisher each.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "net/ingest/air.hpp"
#include "net/ingest/publication.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::ingest {

/// Thread-safe. Publishers keep it.
class BackupDoor : public std::enable_shared_from_this<BackupDoor> {
 public:
  /// `inner` lets one publisher at a time into each session.
  BackupDoor(Metrics& metrics, PublishDoor inner, AirOptions options)
      : metrics_(metrics), inner_(std::move(inner)), options_(options) {}

  /// For the protocols. Both publishers of a session have its key.
  [[nodiscard]] PublishDoor door();
  /// Nothing: nobody publishes.
  [[nodiscard]] std::optional<AirStatus> status(const std::string& session) const;

 private:
  struct Shared {
    explicit Shared(Air air_in) : air(std::move(air_in)) {}
    std::mutex mutex;
    Air air;
  };
  class Sink;

  [[nodiscard]] Result<void> may_publish(const PublishRequest& request) const;
  Result<std::unique_ptr<PublishSink>> publish(const PublishRequest& request);
  /// Null: nobody is there, or nobody who still may be.
  [[nodiscard]] std::shared_ptr<Shared> find(const std::string& session) const;
  Result<void> check_key(const PublishRequest& request) const;
  void leave(const std::string& session, const std::shared_ptr<Shared>& shared, Role role);
  void count_switches(std::uint32_t before, const AirStatus& after) const;

  Metrics& metrics_;
  const PublishDoor inner_;
  const AirOptions options_;
  mutable std::mutex mutex_;  ///< taken before that of a Shared
  std::unordered_map<std::string, std::shared_ptr<Shared>> sessions_;
};

}  // namespace troupe::ingest
