// Routes: verb and path pattern → handler, with what must hold before the handler runs.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/priority.hpp"
#include "net/http/message.hpp"

namespace troupe::ws {
class Session;
}

namespace troupe::http {

class BodyFlow;
class BodyReader;

enum class Access {
  open,
  token,
  own,  ///< The handler judges the credentials: what Authorization says is no token of ours.
};

struct RouteOptions {
  Access access = Access::token;
  std::string scope;  ///< required scope when not empty
  std::size_t max_body_bytes = 1U << 20;
  std::chrono::milliseconds timeout{10'000};
  Priority priority = Priority::normal;  ///< what is refused first under overload
};

/// Called after the WebSocket handshake, on the session's strand; set the session's callbacks here.
using WsHandler = std::function<void(Request, std::shared_ptr<ws::Session>)>;

/// Called with the header alone, on the connection's loop: returns who reads the body while it
/// comes, or null when it is not wanted. Answer in either case, whenever and from any thread; the
/// body is read no further then, and the connection ends. `RouteOptions::timeout` bounds its
/// silences.
using StreamHandler =
    std::function<std::shared_ptr<BodyReader>(Request, std::shared_ptr<BodyFlow>, Responder)>;

/// Built once at start, then read by all I/O threads. Patterns: "/api/v1/posts/{id}", a part may
/// end in text ("{id}.flv"), the last may be "{rest*}".
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;

  void add(std::string_view method, std::string_view pattern, Handler handler,
           RouteOptions options = {});
  /// GET with an upgrade. For `Access::token` the token may come as `?access_token=` (browsers
  /// cannot set headers).
  void add_ws(std::string_view pattern, WsHandler handler, RouteOptions options = {});

  /// For a body of any type and length.
  void add_stream(std::string_view method, std::string_view pattern, StreamHandler handler,
                  RouteOptions options = {});

  struct Route {
    Handler handler;  ///< One of the three.
    WsHandler ws_handler;
    StreamHandler stream_handler;
    RouteOptions options;
    std::string pattern;  ///< the metric label and log field: bounded, unlike the path
  };
  struct Match {
    const Route* route = nullptr;
    std::map<std::string, std::string> params;
    std::vector<std::string> allowed;  ///< methods of this path when the method does not fit: 405
  };
  /// `path` is decoded. No route: 404 when `allowed` is empty, else 405.
  [[nodiscard]] Match match(std::string_view method, std::string_view path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::http
