// Quality of experience over HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace troupe::actors {
class Asker;
}
namespace troupe::http {
class Router;
struct Request;
}  // namespace troupe::http

namespace troupe::api {

struct ViewGate;

class QualityBook;

struct LiveQualityApi {
  std::shared_ptr<QualityBook> book;
  const actors::Asker& asker;
  /// Whether a session exists that has not ended. Any thread; does not block.
  std::function<bool(const std::string& id)> exists;
  std::shared_ptr<const ViewGate> gate;
};

/// POST /live/{id}/beacon and GET /api/v1/live/{id}/quality. What `api` refers to outlives the
/// router.
void mount_live_quality(http::Router& router, LiveQualityApi api);

/// Notes what a player told with a request for a playlist or media: CMCD in the query or in
/// headers. `viewer`: by the link's name, if it has one; it stands for a session id where players
/// tell none.
void note_cmcd(QualityBook& book, const std::string& session, const http::Request& request,
               const std::string& viewer);

}  // namespace troupe::api
