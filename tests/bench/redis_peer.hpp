// Redis beside our own figures: a server of its own on a Unix socket, and a client that speaks as
// much RESP as ZADD and ZRANK need.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace troupe::bench {

class RedisPeer {
 public:
  /// Starts `redis-server` (looked up in PATH) without persistence. Errors: not_found when there is
  /// none, io.
  static Result<std::unique_ptr<RedisPeer>> start();
  ~RedisPeer();

  /// Appends a command to what the next flush sends.
  void queue(const std::vector<std::string_view>& command);
  /// Sends what is queued and reads `replies` replies, of which only errors and the last are
  /// looked at: the last as its first line. Errors: io, internal (an error reply).
  Result<std::string> flush(std::size_t replies);
  /// One command, one round trip.
  Result<std::string> call(const std::vector<std::string_view>& command) {
    queue(command);
    return flush(1);
  }
  /// A line of INFO.
  [[nodiscard]] Result<std::string> info(std::string_view section, std::string_view key);

 private:
  struct Impl;
  explicit RedisPeer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::bench
