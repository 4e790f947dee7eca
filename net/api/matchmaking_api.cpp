#include "net/api/matchmaking_api.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "actors/matchmaking/messages.hpp"
#include "actors/system/ask.hpp"
#include "base/ids.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using namespace matchmaking;

constexpr std::size_t kMaxPlayerBytes = 64;
constexpr std::int64_t kMaxPingMs = 2'000;
/// Of a player who gives no pings: playable everywhere, good nowhere.
constexpr std::uint16_t kUnknownPingMs = 80;

Error bad(std::string_view field, std::string_view why) {
  return error(ErrorCode::invalid_argument, std::string(field) + ": " + std::string(why));
}

bool is_player(std::string_view id) {
  return !id.empty() && id.size() <= kMaxPlayerBytes &&
         std::ranges::all_of(id, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '/'; });
}

Result<json::object> body_of(const Request& request) {
  return request.body.empty() ? Result<json::object>(json::object())
                              : http::parse_json_object(request.body);
}

Result<void> only_fields(const json::object& body, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : body) {
    if (std::ranges::find(known, std::string_view(key)) == known.end())
      return bad(std::string_view(key), "is not a known field");
  }
  return {};
}

Result<RoleMask> roles_field(const json::object& body, const std::vector<Role>& roles) {
  const auto* value = body.if_contains("roles");
  if (value == nullptr) return RoleMask{0};
  if (!value->is_array()) return bad("roles", "must be a list of names");
  RoleMask mask = 0;
  for (const auto& name : value->as_array()) {
    const auto it = name.is_string()
                        ? std::ranges::find(roles, std::string_view(name.as_string()), &Role::name)
                        : roles.end();
    if (it == roles.end()) return bad("roles", "the mode has no such role");
    mask = static_cast<RoleMask>(mask | (1U << (it - roles.begin())));
  }
  return mask;
}

Result<bool> flag(const json::object& body, std::string_view name) {
  const auto* value = body.if_contains(name);
  if (value == nullptr) return false;
  if (!value->is_bool()) return bad(name, "must be true or false");
  return value->as_bool();
}

Result<std::array<std::uint16_t, kMaxRegions>> pings_field(
    const json::object& body, const std::vector<std::string>& regions) {
  std::array<std::uint16_t, kMaxRegions> out{};
  const auto* value = body.if_contains("regions");
  if (value == nullptr) {
    std::fill_n(out.begin(), regions.size(), kUnknownPingMs);
    return out;
  }
  if (!value->is_object()) return bad("regions", "must be an object of pings in ms by name");
  for (const auto& [name, ping] : value->as_object()) {
    const auto it = std::ranges::find(regions, std::string_view(name));
    if (it == regions.end()) return bad("regions", "there is no " + std::string(name));
    if (!ping.is_int64() || ping.as_int64() < 1 || ping.as_int64() > kMaxPingMs)
      return bad("regions", "pings are 1 to 2000 ms");
    out[static_cast<std::size_t>(it - regions.begin())] =
        static_cast<std::uint16_t>(ping.as_int64());
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

struct Handlers {
  MatchmakingApi api;

  template <class Reply, class F, class... Args>
  void ask(const Request& request, const Responder& out, F then, Args&&... args) const {
    if (request.principal && !is_player(request.principal->subject))
      return out.send(bad("sub", "the token's subject cannot be a player"));
    api.asker.ask_as<Reply>(
        kMatchmakingKind, kDeskId, request.time_left(),
        [out, then = std::move(then)](const Result<Reply>& reply) {
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
    Wish out;
    const auto* mode = body->if_contains("mode");
    const auto found =
        mode != nullptr && mode->is_string()
            ? std::ranges::find(api.modes, std::string_view(mode->as_string()), &Mode::name)
            : api.modes.end();
    if (found == api.modes.end()) return bad("mode", "there is no such mode");
    out.mode = found->name;
    const auto roles = roles_field(*body, found->roles);
    if (!roles.ok()) return roles.error();
    const auto auto_accept = flag(*body, "auto_accept");
    if (!auto_accept.ok()) return auto_accept.error();
    const auto pings = pings_field(*body, api.regions);
    if (!pings.ok()) return pings.error();
    out.ping_ms = *pings;
    out.party.push_back({request.principal->subject, *roles, false, false, *auto_accept});
    if (const auto* party = body->if_contains("party")) {
      if (!party->is_array() || party->as_array().size() >= kMaxParty)
        return bad("party", "a list of at most 7 others");
      for (const auto& one : party->as_array()) {
        if (!one.is_string() || !is_player(std::string_view(one.as_string())))
          return bad("party", "1 to 64 printable characters each");
        out.party.push_back({std::string(one.as_string())});
      }
    }
    return out;
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
          const auto roles = roles_field(body, mode->roles);
          if (!roles.ok()) return out.send(roles.error());
          ask_ticket(request, out, accept_atom::value, ticket,
                     PartyMember{request.principal->subject, *roles, false, false, auto_accept});
        },
        look_atom::value, ticket, request.principal->subject);
  }

  void queues(const Request& request, const Responder& out) const {
    ask<QueuesPtr>(
        request, out,
        [out](const QueuesPtr& found) {
          json::array modes;
          for (const auto& queue : found->queues) {
            json::object row{{"mode", queue.mode.name},
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
  router.add("GET", queue, bind(&Handlers::mine));
  router.add("GET", queue + "/{ticket}", bind(&Handlers::get));
  router.add("DELETE", queue + "/{ticket}", bind(&Handlers::leave));
  router.add("POST", queue + "/{ticket}/accept", bind(&Handlers::accept),
             {.max_body_bytes = 16U << 10});
  router.add("POST", queue + "/{ticket}/decline", bind(&Handlers::leave));
}

}  // namespace troupe::api
