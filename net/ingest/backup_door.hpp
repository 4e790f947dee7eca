// The door of sessions with room for a backup publisher each.
#pragma once

#include <array>
#include <cstdint>
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
  /// `inner` lets one publisher at a time into each session, and knows keys.
  BackupDoor(Metrics& metrics, PublishDoor inner, AirOptions options)
      : metrics_(metrics), inner_(std::move(inner)), options_(options) {}

  /// For the protocols. The backup publisher of a session has its key, or one of its own; each is
  /// cut when the key that it came by is one no more.
  [[nodiscard]] PublishDoor door();
  /// Nothing: nobody publishes.
  [[nodiscard]] std::optional<AirStatus> status(const std::string& session) const;

 private:
  /// Who has a role, by what key.
  struct Seat {
    std::uint64_t number = 0;  ///< 0: nobody
    KeyCheck key;
    [[nodiscard]] bool lost() const { return number != 0 && !key().ok(); }
  };
  struct Shared {
    explicit Shared(Air air_in) : air(std::move(air_in)) {}
    std::mutex mutex;
    Air air;
    std::array<Seat, 2> seats;  ///< by role
  };
  class Sink;

  [[nodiscard]] Result<void> may_publish(const PublishRequest& request) const;
  Result<std::unique_ptr<PublishSink>> publish(const PublishRequest& request);
  /// Null: nobody is there, or nobody who still may be.
  [[nodiscard]] std::shared_ptr<Shared> find(const std::string& session) const;
  /// Lets go of one in this role whose key is none any more, and does not know it yet. Null: that
  /// was the last.
  std::shared_ptr<Shared> vacate(const std::string& session, std::shared_ptr<Shared> shared,
                                 Role role);
  void leave(const std::string& session, const std::shared_ptr<Shared>& shared, Role role,
             std::uint64_t number);
  void count_switches(std::uint32_t before, const AirStatus& after) const;

  Metrics& metrics_;
  const PublishDoor inner_;
  const AirOptions options_;
  mutable std::mutex mutex_;  ///< taken before that of a Shared
  std::unordered_map<std::string, std::shared_ptr<Shared>> sessions_;
  std::uint64_t next_number_ = 1;
};

}  // namespace troupe::ingest
