// On-demand assets over HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/live/asset.hpp"
#include "net/http/message.hpp"

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
}
namespace troupe::media {
class AssetLibrary;
}

namespace troupe::api {

struct LiveAssetsApi {
  actors::Context& context;
  const actors::Asker& asker;
  media::AssetLibrary& library;
  bool anonymous_viewers = true;
};

/// GET /api/v1/assets, GET, PATCH and DELETE /api/v1/assets/{id}, POST /api/v1/live/{id}/assets,
/// and what is played below /api/v1/assets/{id}/media: index.m3u8 (HLS), manifest.mpd (DASH) and
/// their files. What `api` refers to outlives the router. docs/live_assets.md.
void mount_live_assets(http::Router& router, const LiveAssetsApi& api);

/// The part below /media; in asset_media.cpp.
void mount_asset_media(http::Router& router, const std::shared_ptr<const LiveAssetsApi>& api);

/// Who asks; nothing: a stranger.
[[nodiscard]] std::optional<live::Caller> caller_of(const http::Request& request);

}  // namespace troupe::api
