// What joins the two ends of the relay to this server's viewers.
#pragma once

#include <memory>
#include <string>

#include "net/api/live/api.hpp"
#include "net/api/relay/edge.hpp"
#include "net/api/relay/hub.hpp"

namespace troupe::api {

class ThumbnailBook;

struct ShieldParts {
  std::shared_ptr<ws::Fanout> fanout;
  std::shared_ptr<LivePlaylists> playlists;
  std::shared_ptr<CueBook> cues;
  std::shared_ptr<RelayHub> relay;
  live::Directory& directory;
  std::shared_ptr<ViewRoll> roll;
  std::shared_ptr<ThumbnailBook> thumbnails;
};

/// Media and texts of relayed sessions go the way of those that are published here.
[[nodiscard]] EdgeSinks edge_sinks(const ShieldParts& parts);

/// For a hub that is made before `api`, and `edge` if there is to be one, which are set once all
/// stands.
struct ShieldLinks {
  std::shared_ptr<const LiveApi> api;
  LiveEdge* edge = nullptr;
  std::shared_ptr<ThumbnailBook> thumbnails;  ///< null: there are none
};
[[nodiscard]] RelayOptions relay_options(std::string instance,
                                         const std::shared_ptr<ws::Fanout>& fanout,
                                         const std::shared_ptr<LivePlaylists>& playlists,
                                         std::shared_ptr<const ShieldLinks> links);

}  // namespace troupe::api
