// A blocking HTTP/1.1 client with one keep-alive connection, for set-up work and tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/result.hpp"

namespace troupe::sim {

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }
  /// The body as JSON; null when it is not.
  [[nodiscard]] boost::json::value json() const;
};

/// Connects on first use and again after the server closed. Not thread-safe.
class HttpClient {
 public:
  HttpClient(std::string host, std::uint16_t port, std::string bearer_token = {},
             std::chrono::milliseconds timeout = std::chrono::seconds(15));
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  /// Errors: io (connection), timeout. A status is never an error here.
  Result<HttpReply> request(std::string_view method, std::string_view target,
                            std::string_view body = {},
                            const std::map<std::string, std::string>& headers = {});
  Result<HttpReply> get(std::string_view target) { return request("GET", target); }
  Result<HttpReply> post(std::string_view target, const boost::json::value& body,
                         const std::map<std::string, std::string>& headers = {});
  void set_token(std::string bearer_token);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim
