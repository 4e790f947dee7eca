// The place of a WebSocket, or a stream, among the connections of its server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/http/server_impl.hpp"
#include "net/ws/socket_session.hpp"

namespace troupe::http {

/// Held by the session until it is over.
class WsMember final : public Drainable {
 public:
  WsMember(std::shared_ptr<Server::Impl> server, std::weak_ptr<ws::SocketSession> session,
           std::string address)
      : server_(std::move(server)), session_(std::move(session)), address_(std::move(address)) {}
  ~WsMember() override { server_->leave(number_, address_); }

  void set_number(std::uint64_t number) { number_ = number; }
  void drain() override {
    if (auto session = session_.lock()) session->close(1001, "the server is going away");
  }
  void cut() override {
    if (auto session = session_.lock()) session->cut();
  }

 private:
  std::shared_ptr<Server::Impl> server_;
  std::weak_ptr<ws::SocketSession> session_;
  std::string address_;
  std::uint64_t number_ = 0;
};

/// The session takes the place of the connection `number`, and its count per address. `begin` sets
/// its callbacks; `leftover` is what the client has said already.
template <class Begin>
void take_place(const std::shared_ptr<Server::Impl>& server, std::uint64_t number,
                const std::string& address, const std::shared_ptr<ws::SocketSession>& session,
                std::string leftover, const Begin& begin) {
  auto member = std::make_shared<WsMember>(server, session, address);
  member->set_number(server->enlist(member));
  {
    const std::lock_guard lock(server->mutex);
    server->connections.erase(number);
  }
  session->attach(std::move(member));
  begin(session);
  session->begin(std::move(leftover));
  // A drain that began before the session was in the list has not seen it.
  if (server->draining) session->close(1001, "the server is going away");
}

}  // namespace troupe::http
