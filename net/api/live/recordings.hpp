// The recorded last minutes of live sessions over HTTP.
#pragma once

#include <memory>

#include "net/api/live/served_file.hpp"

namespace troupe::http {
class Router;
}
namespace troupe::media {
class Recorder;
}
namespace troupe::storage {
class ReadPool;
}

namespace troupe::api {

struct ViewGate;

struct LiveRecordingsApi {
  const media::Recorder& recorder;
  storage::ReadPool& reads;  ///< files are read on its threads
  std::shared_ptr<const ViewGate> gate;
  /// Of recordings that are on their way to clients, all together.
  SendBudget sending{512U << 20};
};

/// GET /api/v1/live/{id}/recordings (JSON), /api/v1/live/{id}/recordings/index.m3u8 and below it
/// {video|audio|captions}/index.m3u8 (HLS, RFC 8216), init-{epoch}.mp4, segment-{epoch}-{n}.m4s;
/// thumbnails.vtt with its pictures beside it. What `api` refers to outlives the router.
void mount_live_recordings(http::Router& router, const LiveRecordingsApi& api);

}  // namespace troupe::api
