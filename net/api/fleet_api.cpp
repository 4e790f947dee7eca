#include "net/api/fleet_api.hpp"

#include <boost/json.hpp>

#include "actors/fleet/fleet.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using fleet::Fleet;
using http::Request;
using http::Responder;

json::object to_json(const fleet::Host& host) {
  return {{"id", host.spec.id},
          {"region", host.spec.region},
          {"host", host.spec.address},
          {"port", host.spec.port},
          {"state", to_string(host.state)},
          {"matches", host.matches},
          {"max_matches", host.spec.max_matches},
          {"players", host.players},
          {"max_players", host.spec.max_players}};
}

json::object to_json(const fleet::FleetStatus& status) {
  json::array hosts;
  for (const auto& host : status.hosts) hosts.push_back(to_json(host));
  return {{"draining", status.draining}, {"matches", status.matches}, {"items", std::move(hosts)}};
}

/// Answers with what is true now, or why it is not.
template <class What>
auto answer(const Responder& out) {
  return [out](const Result<What>& done) {
    if (!done.ok()) return out.send(done.error());
    out.send(http::json_response(200, to_json(*done)));
  };
}

using ChangeOne = void (Fleet::*)(const std::string&, const std::string&, Fleet::Done);
using ChangeAll = void (Fleet::*)(const std::string&, Fleet::DoneAll);

}  // namespace

void mount_fleet(http::Router& router, const std::shared_ptr<Fleet>& fleet) {
  const http::RouteOptions options{.scope = "admin", .priority = Priority::vital};
  router.add(
      "GET", "/api/v1/fleet/hosts",
      [fleet](const Request&, const Responder& out) {
        out.send(http::json_response(200, to_json(fleet->status())));
      },
      options);
  const auto one = [&](const std::string& verb, ChangeOne change) {
    router.add(
        "POST", "/api/v1/fleet/hosts/{id}/" + verb,
        [fleet, change](const Request& request, const Responder& out) {
          ((*fleet).*change)(request.params.at("id"), request.principal->subject,
                             answer<fleet::Host>(out));
        },
        options);
  };
  one("drain", &Fleet::drain);
  one("open", &Fleet::reopen);
  const auto all = [&](const std::string& verb, ChangeAll change) {
    router.add(
        "POST", "/api/v1/fleet/" + verb,
        [fleet, change](const Request& request, const Responder& out) {
          ((*fleet).*change)(request.principal->subject, answer<fleet::FleetStatus>(out));
        },
        options);
  };
  all("drain", &Fleet::drain_all);
  all("open", &Fleet::reopen_all);
}

}  // namespace troupe::api
