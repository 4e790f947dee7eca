// Servers and loaders as processes, each on a core of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/child_process.hpp"

namespace troupe::bench {

/// While it lives, this thread and the processes that it starts run on `core` only, as with
/// taskset(1).
class OnCore {
 public:
  explicit OnCore(int core);
  ~OnCore();
  OnCore(const OnCore&) = delete;
  OnCore& operator=(const OnCore&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A port of 127.0.0.1 that was free a moment ago.
[[nodiscard]] std::uint16_t free_port();
/// Throws when it cannot be started.
[[nodiscard]] sim::ChildProcess start_process(const std::vector<std::string>& argv,
                                              const sim::ChildProcess::Options& options);
/// Node 22 from npm: what the peers want is newer than Debian's.
[[nodiscard]] std::vector<std::string> node_command(const std::string& peers_dir,
                                                    const std::string& script);
/// Waits until somebody listens there. Throws after 15 s.
void await_port(std::uint16_t port, const char* who);

}  // namespace troupe::bench
