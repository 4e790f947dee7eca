// The game hosts of this process: matches are given to them, operators drain them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/fleet/inventory.hpp"
#include "actors/match/messages.hpp"
#include "actors/match/places.hpp"
#include "storage/verify.hpp"

namespace troupe {
class Metrics;
}
namespace troupe::storage {
class Store;
class Writer;
}  // namespace troupe::storage

namespace troupe::fleet {

struct FleetOptions {
  std::uint64_t created_hold_ms = 10'000;  ///< capacity kept for a match until somebody joins it
  std::uint64_t joined_hold_ms = 70'000;   ///< and until who joined it is there: a token's life
  std::function<std::uint64_t()> now_ms;   ///< Unix time, for what is written down
};

struct FleetStatus {
  std::vector<Host> hosts;  ///< by id
  bool draining = false;    ///< as a whole
  std::size_t matches = 0;  ///< that are played, or about to be
};

/// A host that was set to drain stays so over restarts, until it is opened; draining as a whole is
/// of this process. Thread-safe.
class Fleet final : public match::Places, public std::enable_shared_from_this<Fleet> {
 public:
  Fleet(Metrics& metrics, storage::Writer& writer, FleetOptions options);

  /// At start, each of them; in the state in which it was left. Errors: io, corrupt.
  Result<void> add(HostSpec spec, const storage::Store& store);

  Result<std::string> place(const match::MatchInfo& match) override;
  std::string playing(const match::MatchInfo& match) override;
  void rest(const std::string& match) override;

  /// Where a player of the match is to go; room for the match is held for as long as the ticket
  /// holds. Errors: overloaded, unavailable.
  [[nodiscard]] Result<HostSpec> join(const match::MatchInfo& match);
  [[nodiscard]] FleetStatus status() const;
  [[nodiscard]] bool has_region(const std::string& region) const;
  /// As a whole.
  [[nodiscard]] bool draining() const;

  using Done = std::function<void(const Result<Host>&)>;
  /// Written down with an event that says who did it (`by`), then done; on any thread. Errors:
  /// not_found, and those of the writer.
  void drain(const std::string& host, const std::string& by, Done done);
  void reopen(const std::string& host, const std::string& by, Done done);

  using DoneAll = std::function<void(const Result<FleetStatus>&)>;
  /// All hosts together take no new matches, or do again. Likewise.
  void drain_all(const std::string& by, DoneAll done);
  void reopen_all(const std::string& by, DoneAll done);
  /// Whether the last match ended within `timeout`. For the thread that stops the server.
  [[nodiscard]] bool wait_until_empty(std::chrono::milliseconds timeout);

 private:
  void change(const std::string& host, HostState state, const std::string& by, Done done);
  void change_all(bool draining, const std::string& by, DoneAll done);
  [[nodiscard]] Wanted wanted(const match::MatchInfo& match) const;
  [[nodiscard]] bool knows(const std::string& host) const;
  [[nodiscard]] FleetStatus look() const;
  void refused(const Error& error);
  void show();

  Metrics& metrics_;
  storage::Writer& writer_;
  const FleetOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable rested_;
  Inventory inventory_;
  bool draining_ = false;
};

void add_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::fleet
