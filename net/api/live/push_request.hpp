// What HTTP and WebSocket publishers ask for: session, key, container. Only for live_push*.cpp.
#pragma once

#include <optional>
#include <string_view>

#include "base/ids.hpp"
#include "media/packager.hpp"
#include "net/http/message.hpp"
#include "net/ingest/publication.hpp"

namespace troupe::api {

/// `video/mp2t`, `video/mp4`, `video/webm`, whatever parameters follow.
[[nodiscard]] inline std::optional<media::Container> container_of(std::string_view content_type) {
  const auto type = content_type.substr(0, content_type.find_first_of("; "));
  if (type == "video/mp2t") return media::Container::mpegts;
  if (type == "video/mp4") return media::Container::fragmented_mp4;
  if (type == "video/webm") return media::Container::webm;
  return std::nullopt;
}

/// The key is in `Authorization: Bearer`, or in `?key=`. Errors: not_found, unauthenticated.
[[nodiscard]] inline Result<ingest::PublishRequest> publish_request(const http::Request& request) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) return error(ErrorCode::not_found, "no such live session");
  ingest::PublishRequest out{id->to_string(), request.query_value("key").value_or(""),
                             request.query_value("backup").value_or("") == "1"};
  constexpr std::string_view kBearer = "Bearer ";
  const auto authorization = request.header("authorization").value_or("");
  if (out.key.empty() && authorization.starts_with(kBearer))
    out.key = authorization.substr(kBearer.size());
  if (out.key.empty())
    return error(ErrorCode::unauthenticated,
                 "this needs the publish key, as Authorization: Bearer or ?key=");
  return out;
}

}  // namespace troupe::api
