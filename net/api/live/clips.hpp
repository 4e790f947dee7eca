// Clips of recordings and assets over HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/http/message.hpp"

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
}
namespace troupe::media {
class ClipMaker;
}
namespace troupe::storage {
class ReadPool;
}

namespace troupe::api {

struct ViewGate;

/// Whose clips these are, and who may do what with them. Both answer who may not; else they run
/// `then`, on whatever thread, with the responder to answer by.
struct ClipHome {
  using Then = std::function<void(const http::Responder& out)>;
  using Admission = std::function<void(const http::Request& request, const std::string& id,
                                       const http::Responder& out, Then then)>;
  std::string root;  ///< "/api/v1/live": clips are below "{root}/{id}/clips"
  Admission make;    ///< takes a token
  Admission watch;
};
/// Of live sessions, also those that ended: its moderators make them.
[[nodiscard]] ClipHome clips_of_sessions(actors::Context& context, const actors::Asker& asker,
                                         std::shared_ptr<const ViewGate> gate);
/// Of assets: its owner makes them. `anonymous_viewers`: without a token too.
[[nodiscard]] ClipHome clips_of_assets(actors::Context& context, bool anonymous_viewers);

struct LiveClipsApi {
  media::ClipMaker& clips;
  storage::ReadPool& reads;  ///< files are read on its threads
  ClipHome home;
};

/// POST and GET {root}/{id}/clips, GET and DELETE {root}/{id}/clips/{clip}, and
/// {root}/{id}/clips/{clip}/clip.mp4 with ranges. What `api` refers to outlives the router.
void mount_live_clips(http::Router& router, LiveClipsApi api);

}  // namespace troupe::api
