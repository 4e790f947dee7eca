// Live sessions over HTTP and WebSocket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "actors/live/domain.hpp"
#include "base/result.hpp"

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
struct Principal;
}  // namespace troupe::http
namespace troupe::live {
class Directory;
}
namespace troupe::media {
class Ladder;
}
namespace troupe::ws {
class Fanout;
}

namespace troupe::api {

class CueBook;
class LiveEdge;
class LivePlaylists;
class RelayHub;
class PartyBook;
class ViewBook;
class ViewRoll;
struct ViewGate;

/// What the server's doors for publishers add to sessions. All may be null.
struct LiveIngestHooks {
  /// Members of a session as anybody sees it.
  std::function<void(const std::string& id, boost::json::object&)> describe;
  /// Whether a session that is to be made can be pulled from there, then that it is.
  std::function<Result<void>(const std::string& url, const std::string& owner)> may_pull;
  std::function<Result<void>(const std::string& id, const std::string& url,
                             const std::string& owner)>
      pull;
  /// The session has ended.
  std::function<void(const std::string& id)> ended;
};

struct LiveApi {
  actors::Context& context;
  const actors::Asker& asker;
  live::Directory& directory;
  ws::Fanout& fanout;
  LivePlaylists& playlists;
  std::shared_ptr<const media::Ladder> ladder;  ///< null: there is none
  bool thumbnails = false;
  /// "srt://127.0.0.1:9000" once the port is known.
  std::function<std::string()> srt_origin;
  /// "rtmp://127.0.0.1:1935"; null or empty: there is none.
  std::function<std::string()> rtmp_origin;
  LiveIngestHooks ingest;
  live::Recording record;
  bool anonymous_viewers = true;
  std::shared_ptr<const ViewGate> gate;
  std::shared_ptr<ViewRoll> roll;
  std::shared_ptr<const CueBook> cues;
  std::shared_ptr<ViewBook> views;
  std::shared_ptr<PartyBook> parties;
  std::string instance;             ///< of this server among those that relay to each other
  std::shared_ptr<RelayHub> relay;  ///< for edges of this server
  LiveEdge* edge = nullptr;         ///< null: nothing comes from elsewhere
  /// Whose a bearer token is. Errors: unauthenticated.
  std::function<Result<http::Principal>(const std::string& token)> verify;
};

/// POST /api/v1/live, GET /api/v1/live, GET and DELETE /api/v1/live/{id}, POST
/// /api/v1/live/{id}/key; WebSocket /live/{id}/ws. docs/live.md has the bodies. What
/// `api` refers to outlives the router.
void mount_live(http::Router& router, std::shared_ptr<const LiveApi> api);

/// GET and PATCH /api/v1/live/{id}/chat, and what moderators do below it; in chat.cpp.
void mount_live_chat(http::Router& router, std::shared_ptr<const LiveApi> api);

/// The viewer's side, in watch.cpp.
void mount_live_watch(http::Router& router, std::shared_ptr<const LiveApi> api);

}  // namespace troupe::api
