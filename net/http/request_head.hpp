// From a parsed HTTP header to a Request: target, query, headers, token.
#pragma once

#include <string>
#include <string_view>

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include "base/jwt.hpp"
#include "net/http/message.hpp"
#include "net/http/router.hpp"

namespace troupe::http {

using Header = boost::beast::http::request_header<>;

/// Errors: invalid_argument (the target is not an origin-form URI, RFC 9112 section 3.2.1).
[[nodiscard]] Result<Request> read_head(const Header& header, std::string remote);

/// Checks the bearer token (header, or `access_token` for a WebSocket) against what the route asks
/// for and sets `request.principal`. A valid token on an open route is taken over, an invalid one
/// refused.
[[nodiscard]] Result<void> authenticate(Request& request, const RouteOptions& route,
                                        bool is_websocket, const JwtKey& key,
                                        const std::string& audience);

/// Whose a token is. Errors: unauthenticated.
[[nodiscard]] Result<Principal> principal_of(std::string_view token, const JwtKey& key,
                                             const std::string& audience);

/// Sec-WebSocket-Accept (RFC 6455 section 4.2.2).
[[nodiscard]] std::string websocket_accept(const std::string& key);

/// What a client must send to upgrade; invalid_argument names what is missing.
[[nodiscard]] Result<void> check_upgrade(const Request& request);

}  // namespace troupe::http
