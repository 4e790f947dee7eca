#include "actors/system/scheduler.hpp"

#include <algorithm>
#include <thread>

#include <caf/atom.hpp>

namespace troupe::actors {

SchedulerConfig::SchedulerConfig(std::size_t threads) {
  const auto cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", threads > 0 ? threads : cores);
}

}  // namespace troupe::actors
