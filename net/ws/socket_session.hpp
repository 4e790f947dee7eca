// Session over a TCP or TLS stream whose handshake is done.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "net/ws/session.hpp"

namespace troupe::ws {

using PlainStream = boost::beast::tcp_stream;
using TlsStream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

/// Takes a stream over on its own event loop (call it there). `begin` on the result starts reading:
/// set the callbacks before. `leftover`: bytes that came behind the upgrade request.
class SocketSession : public Session {
 public:
  virtual void begin(std::string leftover) = 0;
  /// Keeps `member` until the session is over: its destructor learns of that.
  virtual void attach(std::shared_ptr<void> member) = 0;
  /// Closes the socket without a word. Any thread.
  virtual void cut() = 0;
};

[[nodiscard]] std::shared_ptr<SocketSession> adopt(PlainStream stream, const SessionLimits& limits);
[[nodiscard]] std::shared_ptr<SocketSession> adopt(TlsStream stream, const SessionLimits& limits);

/// The same without frames: what is sent goes out as it is, what comes in is ignored, a close ends
/// the stream.
[[nodiscard]] std::shared_ptr<SocketSession> adopt_plain(PlainStream stream,
                                                         const SessionLimits& limits);
[[nodiscard]] std::shared_ptr<SocketSession> adopt_plain(TlsStream stream,
                                                         const SessionLimits& limits);

}  // namespace troupe::ws
