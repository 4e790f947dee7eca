// Who may look behind a live session's curtain.
#pragma once

#include <functional>
#include <string>

#include "net/http/message.hpp"

namespace troupe::actors {
class Asker;
}

namespace troupe::api {

/// Runs `then`, on a scheduler thread, if the caller owns or moderates the session or is an
/// administrator; else answers 403 (or 404). The route takes a token.
void as_moderator(const actors::Asker& asker, const http::Request& request,
                  const std::string& session, const http::Responder& out,
                  std::function<void()> then);

/// The same without moderators.
void as_owner(const actors::Asker& asker, const http::Request& request, const std::string& session,
              const http::Responder& out, std::function<void()> then);

}  // namespace troupe::api
