// How many files and sockets the process may have open, and may come to need.
#pragma once

#include <cstdint>

namespace troupe::server {

struct Config;

/// Raises the soft limit (RLIMIT_NOFILE) to the hard one; what holds then.
std::uint64_t raise_open_files() noexcept;

/// When all that the configuration admits is connected.
[[nodiscard]] std::uint64_t open_files_needed(const Config& config) noexcept;

}  // namespace troupe::server
