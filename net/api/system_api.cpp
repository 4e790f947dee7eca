#include "net/api/system_api.hpp"

#include <boost/json.hpp>

#include "actors/system/entity.hpp"
#include "actors/system/supervisor.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "net/http/router.hpp"
#include "storage/backup.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

using http::Access;
using http::Request;
using http::Responder;

http::Response text(int status, std::string body, std::string type = "text/plain; charset=utf-8") {
  http::Response response;
  response.status = status;
  response.content_type = std::move(type);
  response.body = std::move(body);
  return response;
}

boost::json::object row(const actors::KindStatus& kind) {
  return {{"kind", kind.name},
          {"active", kind.active},
          {"activations", kind.activations},
          {"passivations", kind.passivations},
          {"crashes", kind.crashes}};
}

boost::json::object row(const actors::SupervisedStatus& child) {
  boost::json::object out{{"id", child.id}, {"state", child.state}, {"restarts", child.restarts}};
  if (!child.last_reason.empty()) out["last_reason"] = child.last_reason;
  if (child.children.empty()) return out;
  boost::json::array children;
  for (const auto& one : child.children) children.push_back(row(one));
  out["children"] = std::move(children);
  return out;
}

}  // namespace

void mount_system(http::Router& router, const SystemApi& api) {
  router.add("GET", "/healthz",
             [](const Request&, const Responder& out) { out.send(text(200, "ok\n")); },
             {.access = Access::open, .priority = Priority::vital});
  router.add("GET", "/readyz",
             [ready = api.ready, progress = api.progress](const Request&, const Responder& out) {
               if (ready()) return out.send(text(200, "ready\n"));
               const auto how_far = progress ? progress() : "";
               out.send(text(503, (how_far.empty() ? "starting or draining" : how_far) + "\n"));
             },
             {.access = Access::open, .priority = Priority::vital});
  router.add("GET", "/metrics",
             [&metrics = api.metrics](const Request&, const Responder& out) {
               out.send(text(200, metrics.expose(), "text/plain; version=0.0.4; charset=utf-8"));
             },
             {.access = Access::open, .priority = Priority::vital});
  router.add("GET", "/api/v1/admin/actors",
             [&entities = api.entities, &supervision = api.supervision](const Request&,
                                                                        const Responder& out) {
               boost::json::array kinds, domains;
               for (const auto& kind : entities.status()) kinds.push_back(row(kind));
               for (const auto& domain : supervision.status().children)
                 domains.push_back(row(domain));
               out.send(http::json_response(
                   200, boost::json::object{{"kinds", std::move(kinds)},
                                            {"supervisors", std::move(domains)}}));
             },
             {.scope = "admin", .priority = Priority::vital});
  router.add("POST", "/api/v1/admin/backups",
             [&reads = api.reads, dir = api.backup_dir](const Request&, const Responder& out) {
               const auto name = make_id_string();
               auto posted = reads.post([out, dir, name](const storage::Store& store) {
                 if (auto done = storage::backup(store, dir / name); !done.ok())
                   return out.send(done.error());
                 out.send(http::json_response(
                     201, boost::json::object{{"id", name}, {"path", (dir / name).string()}}));
               });
               if (!posted.ok()) out.send(posted.error());
             },
             {.scope = "admin", .timeout = std::chrono::minutes(5), .priority = Priority::bulk});
  if (!api.drills) return;
  router.add("POST", "/api/v1/admin/actors/{kind}/{id}/crash",
             [&entities = api.entities](const Request& request, const Responder& out) {
               entities.crash(request.params.at("kind"), request.params.at("id"));
               out.send(text(202, ""));
             },
             {.scope = "admin", .priority = Priority::vital});
}

}  // namespace troupe::api
