// Where the server under load is and how simulated people get their tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace troupe::sim {

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t http_port = 8080;
  std::uint16_t game_port = 7777;
  std::uint16_t srt_port = 9000;
  std::uint16_t rtmp_port = 1935;
  /// A bearer token whose subject is `subject`, with the given space-separated scopes.
  std::function<std::string(const std::string& subject, const std::string& scopes)> token;
};

/// Tokens signed with the server's own HS256 secret, which `troupe serve` keeps in
/// `<data_dir>/token.key`; they hold for a day. Throws std::runtime_error when the file cannot be
/// read.
std::function<std::string(const std::string&, const std::string&)> tokens_from_secret_file(
    const std::string& path);

}  // namespace troupe::sim
