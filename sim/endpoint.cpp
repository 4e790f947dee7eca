#include "sim/endpoint.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/jwt.hpp"

namespace troupe::sim {

std::function<std::string(const std::string&, const std::string&)> tokens_from_secret_file(
    const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  JwtKey key{JwtAlgorithm::hs256, std::string(std::istreambuf_iterator<char>(file), {})};
  if (!file || key.material.empty())
    throw std::runtime_error("cannot read the token secret in " + path);
  return [key](const std::string& subject, const std::string& scopes) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    auto token = sign_jwt(key, {.subject = subject,
                                .audience = "troupe",
                                .scope = scopes,
                                .extra = {},
                                .expires_s = now + 86'400,
                                .not_before_s = 0});
    if (!token.ok()) throw std::runtime_error(token.error().detail);
    return *token;
  };
}

}  // namespace troupe::sim
