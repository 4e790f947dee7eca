// Logging: one asynchronous, bounded spdlog logger to stderr. Use spdlog's own calls
// (`spdlog::info("…", …)`).
#pragma once

#include <string_view>

namespace troupe {

enum class LogFormat { text, json };

/// Installs the process's default logger. `level` is one of trace, debug, info, warn, error, off.
/// Lines beyond the queue's bound (8,192) are dropped, oldest first, rather than block the caller.
/// Call once, from main.
void init_logging(std::string_view level, LogFormat format = LogFormat::text);

/// Writes out what is queued. Call before the process ends.
void flush_logging();

}  // namespace troupe
