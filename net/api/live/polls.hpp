// A session's polls over HTTP and from viewers' WebSockets.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/json/fwd.hpp>

#include "actors/live/messages.hpp"
#include "net/api/live/api.hpp"

namespace troupe::api {

/// GET and POST /api/v1/live/{id}/polls, POST …/polls/{number}/close, PUT …/polls/{number}/vote.
void mount_live_polls(http::Router& router, std::shared_ptr<const LiveApi> api);

/// A viewer's {"type":"vote","poll","option"}. `then` runs on any thread with what to answer.
void cast_vote(const LiveApi& api, const std::string& session, const live::Caller& caller,
               const boost::json::object& message,
               std::function<void(const Result<std::string>&)> then);

}  // namespace troupe::api
