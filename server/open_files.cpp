#include "server/open_files.hpp"

#include <sys/resource.h>

#include "server/config.hpp"

namespace troupe::server {
namespace {

/// The database, recordings and clips, sockets that the server listens on or pulls through.
constexpr std::uint64_t kOthers = 1'024;

}  // namespace

std::uint64_t raise_open_files() noexcept {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  auto raised = files;
  raised.rlim_cur = files.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : files.rlim_cur;
}

std::uint64_t open_files_needed(const Config& config) noexcept {
  auto needed = kOthers + static_cast<std::uint64_t>(config.http_max_connections);
  if (config.rtmp_enabled) needed += static_cast<std::uint64_t>(config.rtmp_max_connections);
  if (!config.live_origin.empty())
    needed += static_cast<std::uint64_t>(config.live_origin_max_sessions);
  return needed;
}

}  // namespace troupe::server
