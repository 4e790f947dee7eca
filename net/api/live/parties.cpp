#include "net/api/live/parties.hpp"

#include <boost/json.hpp>

#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "base/ids.hpp"
#include "net/api/live/body.hpp"
#include "net/api/live/party_book.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

void open(const LiveApi& api, const http::Request& request, const http::Responder& out) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) return out.send(error(ErrorCode::not_found, "no such live session"));
  if (auto body = body_of(request, {}); !body.ok()) return out.send(body.error());
  api.asker.ask_as<live::Session>(
      live::kKind, id->to_string(), request.time_left(),
      [out, parties = api.parties](const Result<live::Session>& session) {
        if (!session.ok()) return out.send(session.error());
        if (session->state == live::State::ended)
          return out.send(error(ErrorCode::conflict, "the session has ended"));
        const auto party = parties->open(session->id, std::chrono::steady_clock::now());
        if (!party.ok()) return out.send(party.error());
        out.send(http::json_response(
            201,
            boost::json::object{{"id", *party},
                                {"watch_path", "/live.html?id=" + session->id + "&party=" + *party},
                                {"ws_path", "/live/" + session->id + "/ws?party=" + *party}}));
      },
      live::read_atom::value);
}

}  // namespace

void mount_live_parties(http::Router& router, std::shared_ptr<const LiveApi> api) {
  router.add(
      "POST", "/api/v1/live/{id}/parties",
      [api](const http::Request& request, const http::Responder& out) { open(*api, request, out); },
      {.max_body_bytes = 1U << 10});
}

}  // namespace troupe::api
