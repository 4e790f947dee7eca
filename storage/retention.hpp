// Retention: trims journal events that nobody needs any more, a bounded number at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "storage/batch.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::storage {

class Store;
class Writer;

struct RetentionOptions {
  /// Events younger than this stay, whatever the cursors say.
  std::chrono::milliseconds journal_age = std::chrono::hours(24 * 7);
  /// Durable consumers by name. One that has no cursor yet has read nothing and holds everything;
  /// cursors of consumers that are not listed count too.
  std::vector<std::string> consumers;
  std::size_t max_events = 10'000;  ///< Looked at and trimmed per round.
  std::chrono::milliseconds every = std::chrono::minutes(1);
};

/// What one round found to be trimmed: the events [begin, end).
struct JournalTrim {
  std::uint64_t begin = 1;
  std::uint64_t end = 1;
  bool more = false;  ///< The round's bound ended it: the next one may follow at once.

  friend bool operator==(const JournalTrim&, const JournalTrim&) = default;
};

/// The next events that all consumers have passed and that are older than the configured age.
/// Blocks on disk. Errors: io, corrupt.
[[nodiscard]] Result<JournalTrim> plan_trim(const Store& store, const RetentionOptions& options,
                                            std::uint64_t now_ms);
/// Erases them and moves journal_begin(), in one batch: no crash lets an offset be used twice.
[[nodiscard]] Batch trim_batch(const JournalTrim& trim);

/// Does so in the background until it is destroyed. Its thread sleeps between rounds.
class Retention {
 public:
  Retention(const Store& store, Writer& writer, Metrics& metrics, RetentionOptions options);
  ~Retention();  ///< Waits for a round under way.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::storage
