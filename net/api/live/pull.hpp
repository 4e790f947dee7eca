// Streams that the server fetches itself, over HTTP.
#pragma once

#include <memory>

#include "net/api/live/api.hpp"

namespace troupe::actors {
class Asker;
}
namespace troupe::ingest {
class PullIngest;
}

namespace troupe::api {

/// PUT, GET and DELETE /api/v1/live/{id}/pull: of the session's owner, and scope `admin`. `asker`
/// outlives the router.
void mount_live_pull(http::Router& router, const actors::Asker& asker,
                     std::shared_ptr<ingest::PullIngest> pulls);

/// What sessions show of pulls, and `pull` in POST /api/v1/live. `pulls` gives null before there
/// are any.
[[nodiscard]] LiveIngestHooks pull_hooks(std::function<ingest::PullIngest*()> pulls);

}  // namespace troupe::api
