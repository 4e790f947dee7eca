// The command logs of all matches on their way to disk. What comes within a few milliseconds is one
// write: a sync for each tick of each match would cost more than the matches do.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/atom.hpp>

namespace troupe::storage {
class Writer;
}

namespace troupe::match {

/// To a match: its ticks up to this one are on disk, or (false) this one could not be written.
using safe_atom = caf::atom_constant<caf::atom("safe")>;

/// Thread-safe. Outlives the matches.
class LogBook {
 public:
  /// What waits longest is handed to the writer after so long.
  static constexpr std::chrono::milliseconds kGather{4};

  explicit LogBook(storage::Writer& writer);
  /// Hands over what waits.
  ~LogBook();

  /// `match` hears (safe_atom, tick, bool).
  void append(std::string key, std::string record, const caf::actor& match, std::uint32_t tick);
  /// Hands over what waits, so that what is submitted to the writer from now on comes after it.
  void flush();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::match
