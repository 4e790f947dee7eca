// What is kept of live sessions: recordings, clips and assets, wired together.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "server/domains.hpp"

namespace troupe::api {
struct LiveGatewayOptions;
struct ViewGate;
}  // namespace troupe::api

namespace troupe::server {

class Recordings {
 public:
  virtual ~Recordings() = default;

  /// Null when the server records nothing. Errors: io, corrupt.
  static Result<std::unique_ptr<Recordings>> start(const Wiring& wiring);
  /// Has the gateway record.
  virtual void record(api::LiveGatewayOptions& options) = 0;
  /// Adds the routes; `gate` says who may watch.
  virtual void mount(std::shared_ptr<const api::ViewGate> gate) = 0;
};

}  // namespace troupe::server
