// How CAF runs our actors.
#pragma once

#include <cstddef>

#include <caf/actor_system_config.hpp>

namespace troupe::actors {

/// A configuration whose `threads` threads (0: one per core) share one queue and sleep until there
/// is work. CAF's default, work stealing, keeps idle threads polling every 50 µs for a while after
/// each job, so that a server with work every few milliseconds never rests (docs/decisions/0021).
struct SchedulerConfig : caf::actor_system_config {
  explicit SchedulerConfig(std::size_t threads = 0);
};

}  // namespace troupe::actors
