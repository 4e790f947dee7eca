// Files over HTTP: conditions, one range (RFC 9110), and a bound on what is on its way.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/http/message.hpp"

namespace troupe::api {

/// Counts bytes until the last response with them has gone. Copies share the count.
class SendBudget {
 public:
  explicit SendBudget(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}
  /// Errors: overloaded.
  Result<std::shared_ptr<const std::string>> hold(std::string bytes) const;

 private:
  std::uint64_t max_bytes_;
  std::shared_ptr<std::atomic<std::uint64_t>> in_flight_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

struct ServedFile {
  std::string type;     ///< media type
  std::string tag;      ///< of the ETag, without quotes
  std::string caching;  ///< Cache-Control
  std::uint64_t size = 0;
  std::function<Result<std::string>(std::uint64_t offset, std::uint64_t size)> read;
};

/// 200, 206, 304, 416, or a problem. May block on the disk. (HEAD is the server's.)
[[nodiscard]] http::Response serve_file(const SendBudget& budget, const http::Request& request,
                                        const ServedFile& file);
/// The same of a text that is at hand.
[[nodiscard]] http::Response serve_text(const SendBudget& budget, const http::Request& request,
                                        std::string type, std::string caching, std::string text);

}  // namespace troupe::api
