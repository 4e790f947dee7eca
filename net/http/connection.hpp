// One HTTP connection.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "net/http/server_impl.hpp"

namespace troupe::http {

/// Serves `socket` until it closes, on the socket's own event loop (call it there). TLS when the
/// server has it.
void start_connection(std::shared_ptr<Server::Impl> server, boost::asio::ip::tcp::socket socket,
                      std::string address);

}  // namespace troupe::http
