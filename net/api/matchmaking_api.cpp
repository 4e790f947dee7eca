#include "net/api/matchmaking_api.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "actors/matchmaking/messages.hpp"
#include "actors/system/ask.hpp"
#include "base/ids.hpp"
#include "net/api/game_tickets.hpp"
#include "net/api/matchmaking_wish.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using namespace matchmaking;

Result<json::object> body_of(const Request& request) {
  return request.body.empty() ? Result<json::object>(json::object())
                              : http::parse_json_object(request.body);
}

Result<void> only_fields(const json::object& body, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : body) {
    if (std::ranges::find(known, std::string_view(key)) == known.end())
      return bad_field(std::string_view(key), "is not a known field");
  }
  return {};
}

/// A list of names; none when there is no such field.
Result<std::vector<std::string>> names_field(const json::object& body, std::string_view name) {
  std::vector<std::string> out;
  const auto* value = body.if_contains(name);
  if (value == nullptr) return out;
  if (!value->is_array()) return bad_field(name, "must be a list of names");
  for (const auto& one : value->as_array()) {
    if (!one.is_string()) return bad_field(name, "must be a list of names");
    out.emplace_back(one.as_string());
  }
  return out;
}

Result<bool> flag(const json::object& body, std::string_view name) {
  const auto* value = body.if_contains(name);
  if (value == nullptr) return false;
  if (!value->is_bool()) return bad_field(name, "must be true or false");
  return value->as_bool();
}

Result<std::vector<std::pair<std::string, std::int64_t>>> pings_field(const json::object& body) {
  std::vector<std::pair<std::string, std::int64_t>> out;
  const auto* value = body.if_contains("regions");
  if (value == nullptr) return out;
  if (!value->is_object() || value->as_object().empty())
    return bad_field("regions", "must be an object of pings in ms by name");
  for (const auto& [name, ping] : value->as_object()) {
    if (!ping.is_int64()) return bad_field("regions", "pings are 1 to 2000 ms");
    out.emplace_back(name, ping.as_int64());
  }
  return out;
}

json::object to_json(const TicketView& view, std::string_view asking) {
  json::array party;
  for (const auto& one : view.party) {
    party.push_back({{"player", one.player}, {"joined", one.joined}, {"accepted", one.accepted}});
  }
  json::object out{
      {"ticket", view.id}, {"mode", view.mode},         {"state", to_string(view.state)},
      {"player", asking},  {"party", std::move(party)}, {"since_ms", view.since_ms}};
  if (view.reason != Reason::none) out["reason"] = to_string(view.reason);
  if (view.deadline_ms != 0) out["deadline_ms"] = view.deadline_ms;
  if (!view.match.empty()) {
    out["match"] = json::object{{"id", view.match},
                                {"region", view.region},
                                {"team", view.team},
                                {"join", "/api/v1/matches/" + view.match + "/join"}};
  }
  return out;
}

/// When no matches are made, as before a stop: another server may make some by then.
constexpr int kRetryAfterS = 5;

struct Handlers {
  MatchmakingApi api;

  template <class Reply, class F, class... Args>
  void ask(const Request& request, const Responder& out, F then, Args&&... args) const {
    if (request.principal && !is_player(request.principal->subject))
      return out.send(bad_field("sub", "the token's subject cannot be a player"));
    api.asker.ask_as<Reply>(
        kMatchmakingKind, kDeskId, request.time_left(),
        [out, then = std::move(then)](const Result<Reply>& reply) {
          if (!reply.ok() && reply.code() == ErrorCode::unavailable)
            return out.send(http::problem(reply.error(), kRetryAfterS));
          if (!reply.ok()) return out.send(reply.error());
          then(*reply);
        },
        std::forward<Args>(args)...);
  }

  template <class... Args>
  void ask_ticket(const Request& request, const Responder& out, Args&&... args) const {
    ask<ViewPtr>(
        request, out,
        [out, player = request.principal->subject](const ViewPtr& view) {
          out.send(http::json_response(200, to_json(*view, player)));
        },
        std::forward<Args>(args)...);
  }

  [[nodiscard]] Result<Wish> wish(const Request& request) const {
    const auto body = body_of(request);
    if (!body.ok()) return body.error();
    if (auto known = only_fields(*body, {"mode", "party", "regions", "roles", "auto_accept"});
        !known.ok())
      return known.error();
    WishFields out;
    if (const auto* mode = body->if_contains("mode"); mode != nullptr && mode->is_string())
      out.mode = std::string(mode->as_string());
    auto roles = names_field(*body, "roles");
    if (!roles.ok()) return roles.error();
    auto party = names_field(*body, "party");
    if (!party.ok()) return party.error();
    auto pings = pings_field(*body);
    if (!pings.ok()) return pings.error();
    const auto auto_accept = flag(*body, "auto_accept");
    if (!auto_accept.ok()) return auto_accept.error();
    out.roles = std::move(*roles);
    out.party = std::move(*party);
    out.pings = std::move(*pings);
    out.auto_accept = *auto_accept;
    return make_wish(out, request.principal->subject, api.modes, api.regions);
  }

  void enter(const Request& request, const Responder& out) const {
    const auto wanted = wish(request);
    if (!wanted.ok()) return out.send(wanted.error());
    ask<ViewPtr>(
        request, out,
        [out, player = request.principal->subject](const ViewPtr& view) {
          auto response = http::json_response(201, to_json(*view, player));
          response.headers["Location"] = "/api/v1/matchmaking/queue/" + view->id;
          out.send(std::move(response));
        },
        enter_atom::value, *wanted);
  }

  void mine(const Request& request, const Responder& out) const {
    ask_ticket(request, out, mine_atom::value, request.principal->subject);
  }

  /// The ticket's id, if it can be one.
  static bool ticket_of(const Request& request, const Responder& out) {
    if (parse_id(request.params.at("ticket"))) return true;
    out.send(error(ErrorCode::not_found, "no such ticket"));
    return false;
  }

  void get(const Request& request, const Responder& out) const {
    if (!ticket_of(request, out)) return;
    ask_ticket(request, out, look_atom::value, request.params.at("ticket"),
               request.principal->subject);
  }

  void leave(const Request& request, const Responder& out) const {
    if (!ticket_of(request, out)) return;
    ask_ticket(request, out, leave_atom::value, request.params.at("ticket"),
               request.principal->subject);
  }

  /// Roles are names of the ticket's mode, which only the desk knows: it is asked first.
  void accept(const Request& request, const Responder& out) const {
    if (!ticket_of(request, out)) return;
    const auto body = body_of(request);
    if (!body.ok()) return out.send(body.error());
    if (auto known = only_fields(*body, {"roles", "auto_accept"}); !known.ok())
      return out.send(known.error());
    const auto auto_accept = flag(*body, "auto_accept");
    if (!auto_accept.ok()) return out.send(auto_accept.error());
    const auto ticket = request.params.at("ticket");
    ask<ViewPtr>(
        request, out,
        [this, request, out, body = *body, ticket,
         auto_accept = *auto_accept](const ViewPtr& view) {
          const auto mode = std::ranges::find(api.modes, view->mode, &Mode::name);
          const auto names = names_field(body, "roles");
          if (!names.ok()) return out.send(names.error());
          const auto roles = make_roles(*names, mode->roles);
          if (!roles.ok()) return out.send(roles.error());
          ask_ticket(request, out, accept_atom::value, ticket,
                     PartyMember{request.principal->subject, *roles, false, false, auto_accept});
        },
        look_atom::value, ticket, request.principal->subject);
  }

  /// For the lobby (game_lobby.hpp).
  void lobby_token(const Request& request, const Responder& out) const {
    const auto player = request.principal->subject;
    if (!is_player(player))
      return out.send(bad_field("sub", "the token's subject cannot be a player"));
    api.tickets->issue_for_lobby(player, [out, player](const Result<GameTicket>& ticket) {
      send_ticket(out, player, ticket);
    });
  }

  void queues(const Request& request, const Responder& out) const {
    ask<QueuesPtr>(
        request, out,
        [out](const QueuesPtr& found) {
          json::array modes;
          for (const auto& queue : found->queues) {
            json::object row{{"mode", queue.mode.name},
                             {"game", queue.mode.game},
                             {"teams", queue.mode.teams},
                             {"team_size", queue.mode.team_size},
                             {"least_players", queue.mode.least_players},
                             {"waiting", queue.waiting}};
            json::object roles;
            for (const auto& role : queue.mode.roles) roles[role.name] = role.count;
            if (!roles.empty()) row["roles"] = std::move(roles);
            modes.push_back(std::move(row));
          }
          json::array regions(found->regions.begin(), found->regions.end());
          out.send(http::json_response(
              200, json::object{{"items", std::move(modes)}, {"regions", std::move(regions)}}));
        },
        queues_atom::value);
  }
};

}  // namespace

void mount_matchmaking(http::Router& router, const MatchmakingApi& api) {
  const auto h = std::make_shared<const Handlers>(Handlers{api});
  const auto bind = [&h](void (Handlers::*method)(const Request&, const Responder&) const) {
    return
        [h, method](const Request& request, const Responder& out) { ((*h).*method)(request, out); };
  };
  const std::string queue = "/api/v1/matchmaking/queue";
  router.add("GET", "/api/v1/matchmaking", bind(&Handlers::queues));
  router.add("POST", queue, bind(&Handlers::enter), {.max_body_bytes = 16U << 10});
  router.add("POST", queue + "/token", bind(&Handlers::lobby_token));
  router.add("GET", queue, bind(&Handlers::mine));
  router.add("GET", queue + "/{ticket}", bind(&Handlers::get));
  router.add("DELETE", queue + "/{ticket}", bind(&Handlers::leave));
  router.add("POST", queue + "/{ticket}/accept", bind(&Handlers::accept),
             {.max_body_bytes = 16U << 10});
  router.add("POST", queue + "/{ticket}/decline", bind(&Handlers::leave));
}

}  // namespace troupe::api
