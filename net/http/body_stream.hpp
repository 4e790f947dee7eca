// A request's body as it comes, for handlers that cannot wait for the whole of it.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace troupe::http {

/// Takes the pieces of one body, on its connection's event loop.
class BodyReader {
 public:
  virtual ~BodyReader() = default;

  /// The next piece, valid during the call. False: the socket is not read before BodyFlow::resume.
  virtual bool bytes(std::string_view piece) = 0;
  /// Once, and nothing follows. Ok: the body is whole. Errors: io (the client left), timeout
  /// (nothing came for as long as the route's timeout), corrupt (not a chunked body).
  virtual void end(const Result<void>& how) = 0;
};

/// The connection as its reader sees it.
class BodyFlow {
 public:
  virtual ~BodyFlow() = default;
  /// Reads on after BodyReader::bytes said false. Any thread.
  virtual void resume() = 0;
};

}  // namespace troupe::http
