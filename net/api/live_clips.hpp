// Clips of recordings over HTTP.
#pragma once

#include <atomic>
#include <memory>

namespace troupe::actors {
class Asker;
}
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

struct LiveClipsApi {
  media::ClipMaker& clips;
  const actors::Asker& asker;
  storage::ReadPool& reads;  ///< files are read on its threads
  bool anonymous_viewers = true;
};

/// POST and GET /api/v1/live/{id}/clips, GET and DELETE /api/v1/live/{id}/clips/{clip}, and
/// /api/v1/live/{id}/clips/{clip}/clip.mp4 with ranges. What `api` refers to outlives the router.
void mount_live_clips(http::Router& router, const LiveClipsApi& api);

}  // namespace troupe::api
