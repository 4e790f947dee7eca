// The domains wired up: entity kinds, journal consumers, routes and gateways.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/jwt.hpp"
#include "base/result.hpp"
#include "server/config.hpp"

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class IoPool;
class Router;
}  // namespace troupe::http

namespace troupe::server {

/// What a domain may use; all of it outlives Domains.
struct Wiring {
  const Config& config;
  actors::Context& context;
  actors::Asker& asker;
  http::IoPool& io;
  http::Router& router;
  const JwtKey& token_key;
};

class Domains {
 public:
  static Result<std::unique_ptr<Domains>> start(const Wiring& wiring);
  ~Domains();

  [[nodiscard]] std::uint16_t game_port() const noexcept;
  [[nodiscard]] std::uint16_t srt_port() const noexcept;
  [[nodiscard]] std::uint16_t rtmp_port() const noexcept;
  /// No new matches; waits until those that go on have ended, at most match.drain_s.
  void drain();
  /// How far that is; empty: nothing drains.
  [[nodiscard]] std::string draining() const;
  /// Closes the doors of game clients and publishers, before HTTP drains.
  void stop_ingress();

 private:
  struct Impl;
  explicit Domains(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::server
