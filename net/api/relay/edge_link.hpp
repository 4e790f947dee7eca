// One WebSocket to the origin, and requests beside it: the client's side of HTTP as an edge needs
// it. All on one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/api/relay/edge_state.hpp"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace troupe::api::relay {

struct LinkRequest {
  OriginAddress origin;
  std::string target;         ///< without the origin's base
  std::string token;          ///< empty: none
  std::string via;            ///< of a request; a WebSocket has it in its target
  std::size_t max_bytes = 0;  ///< of a message, or of the body
};

/// Callbacks run on the loop; none runs after `on_end`, or once the link is destroyed.
struct LinkEvents {
  std::function<void()> open;
  std::function<void(std::string_view bytes, bool is_text)> message;
  /// `close_code`: of the origin's close frame; 0: there was none.
  std::function<void(std::uint16_t close_code, const Error& why)> end;
};

class Link {
 public:
  virtual ~Link() = default;
  /// False: too much is unsent already, and nothing was queued.
  virtual bool send(std::string text) = 0;
};

/// Connects at once. TLS verifies the origin's name and chain by `tls`.
[[nodiscard]] std::shared_ptr<Link> open_link(boost::asio::io_context& loop,
                                              boost::asio::ssl::context& tls, LinkRequest request,
                                              LinkEvents events);

struct Fetched {
  int status = 0;
  std::string content_type;
  std::shared_ptr<const std::string> body;
};
/// GET, once, with a deadline. Errors: io, timeout, too_large.
void fetch(boost::asio::io_context& loop, boost::asio::ssl::context& tls, LinkRequest request,
           std::function<void(Result<Fetched>)> then);

}  // namespace troupe::api::relay
