// What a response says before its body, and what a client hears whose request could not be read.
#pragma once

#include <optional>
#include <string>

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/system/error_code.hpp>

#include "net/http/message.hpp"

namespace troupe::http {

/// Without what tells how long the body is and whether the connection goes on.
[[nodiscard]] boost::beast::http::response_header<> response_head(const Response& response,
                                                                  const std::string& request_id);

/// Status line and header as bytes, with the empty line.
[[nodiscard]] std::string head_text(const boost::beast::http::response_header<>& head);

/// 101 (RFC 6455 section 4.2.2) to a request that check_upgrade has passed.
[[nodiscard]] std::string upgrade_answer(const Request& request);

struct Refusal {
  int status = 400;
  Error error;
};
/// `too_slow`: we gave the read up. Nothing: the client is gone.
[[nodiscard]] std::optional<Refusal> refusal_of(boost::system::error_code ec, bool too_slow);

}  // namespace troupe::http
