// Where publishers of live sessions come in, whatever protocol they speak.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "server/domains.hpp"

namespace troupe::api {
class LiveGateway;
struct LiveIngestHooks;
}  // namespace troupe::api

namespace troupe::server {

class Ingress {
 public:
  /// `live` outlives it. Errors: io (a port is taken).
  static Result<std::unique_ptr<Ingress>> start(const Wiring& wiring, api::LiveGateway& live);
  ~Ingress();

  /// What sessions show of it, for the gateway that is there before it is: `ingress` may be null.
  static api::LiveIngestHooks hooks(const std::unique_ptr<Ingress>& ingress);
  [[nodiscard]] std::uint16_t srt_port() const noexcept;
  [[nodiscard]] std::uint16_t rtmp_port() const noexcept;  ///< 0: there is none
  /// Ends all publishers and takes no more.
  void stop();

 private:
  struct Impl;
  explicit Ingress(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::server
