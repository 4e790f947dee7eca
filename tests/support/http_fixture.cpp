#include "tests/support/http_fixture.hpp"

#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/jwt.hpp"

namespace troupe::test {
namespace {

const JwtKey kKey{JwtAlgorithm::hs256, std::string(32, 'k')};
constexpr int kReadTimeoutSeconds = 10;

}  // namespace

HttpFixture::HttpFixture(const std::function<void(http::Router&)>& mount,
                         const std::function<void(http::ServerOptions&)>& change) {
  if (sodium_init() < 0) throw std::runtime_error("no randomness");
  mount(router_);
  http::ServerOptions options;
  options.port = 0;
  options.token_key = kKey;
  if (change) change(options);
  server_ = std::make_unique<http::Server>(io_, router_, metrics_, options);
  if (auto started = server_->start(); !started.ok())
    throw std::runtime_error(started.error().detail);
}

std::string HttpFixture::token(const std::string& subject, const std::string& scope) {
  return *sign_jwt(
      kKey, {.subject = subject, .audience = "troupe", .scope = scope, .expires_s = 4'000'000'000});
}

RawSocket::RawSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval timeout{kReadTimeoutSeconds, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("connect");
  }
}
RawSocket::~RawSocket() {
  if (fd_ >= 0) ::close(fd_);
}
RawSocket::RawSocket(RawSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), seen_(std::move(other.seen_)) {}

void RawSocket::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed; what it said before can still be read
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawSocket::more() {
  char buffer[4096];
  const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
  if (got > 0) seen_.append(buffer, static_cast<std::size_t>(got));
  return got > 0;
}

std::string RawSocket::until(std::string_view text) {
  while (seen_.find(text) == std::string::npos && more()) {
  }
  return seen_;
}

std::string RawSocket::read(std::size_t size) {
  while (seen_.size() < size && more()) {
  }
  const auto out = seen_.substr(0, size);
  seen_.erase(0, out.size());
  return out;
}

bool RawSocket::closed() {
  char buffer[4096];
  while (true) {
    const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got > 0) {
      seen_.append(buffer, static_cast<std::size_t>(got));
      continue;
    }
    reset_ = got < 0 && errno == ECONNRESET;
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
}

std::string get(std::string_view target, std::string_view headers) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n{}\r\n", target, headers);
}
std::string post(std::string_view target, std::string_view body, std::string_view headers) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
      "{}\r\n{}\r\n{}",
      target, body.size(), headers, body);
}

}  // namespace troupe::test
