#include "net/api/match_api.hpp"

#include <boost/json.hpp>

#include "actors/match/match_store.hpp"
#include "actors/match/messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "net/api/paging.hpp"
#include "net/http/router.hpp"
#include "net/udp/gateway.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using namespace match;

/// A game token is for the connect that follows at once.
constexpr std::int64_t kTokenSeconds = 60;

json::object to_json(const MatchInfo& info) {
  return {{"id", info.id},           {"owner", info.owner},
          {"game", "arena"},         {"max_players", info.max_players},
          {"players", info.players}, {"connected", info.connected},
          {"tick", info.tick},       {"created_ms", info.created_ms}};
}

Result<int> max_players(const std::string& body) {
  if (body.empty()) return 16;
  auto object = http::parse_json_object(body);
  if (!object.ok()) return object.error();
  for (const auto& [key, value] : *object) {
    if (key != "max_players")
      return error(ErrorCode::invalid_argument, std::string(key) + ": is not a known field");
  }
  const auto* value = object->if_contains("max_players");
  if (value == nullptr) return 16;
  if (!value->is_int64() || value->get_int64() < 2 || value->get_int64() > game::kMaxPlayers) {
    return error(ErrorCode::invalid_argument, "max_players: must be an integer from 2 to 64");
  }
  return static_cast<int>(value->get_int64());
}

struct Handlers {
  MatchApi api;

  void create(const Request& request, const Responder& out) const {
    const auto players = max_players(request.body);
    if (!players.ok()) return out.send(players.error());
    const MatchInfo wanted{
        make_id_string(), request.principal->subject, api.context.now_ms(), *players, 0, 0, 0};
    api.asker.ask_as<InfoPtr>(
        kMatchKind, wanted.id, request.time_left(),
        [out](const Result<InfoPtr>& info) {
          if (!info.ok()) return out.send(info.error());
          auto response = http::json_response(201, to_json(**info));
          response.headers["Location"] = "/api/v1/matches/" + (*info)->id;
          out.send(std::move(response));
        },
        open_atom::value, wanted);
  }

  template <class F>
  void with_match(const Request& request, const Responder& out, F then) const {
    const auto& id = request.params.at("id");
    if (!parse_id(id)) return out.send(error(ErrorCode::not_found, "no such match"));
    api.asker.ask_as<InfoPtr>(
        kMatchKind, id, request.time_left(),
        [out, then](const Result<InfoPtr>& info) {
          if (!info.ok()) return out.send(info.error());
          then(**info);
        },
        info_atom::value);
  }

  void get(const Request& request, const Responder& out) const {
    with_match(request, out,
               [out](const MatchInfo& info) { out.send(http::json_response(200, to_json(info))); });
  }

  void join(const Request& request, const Responder& out) const {
    with_match(
        request, out, [this, out, player = request.principal->subject](const MatchInfo& info) {
          const auto now = static_cast<std::int64_t>(api.context.now_ms() / 1000);
          auto token = sign_jwt(api.token_key, {.subject = player,
                                                .audience = udp::kGameAudience,
                                                .scope = {},
                                                .extra = info.id,
                                                .expires_s = now + kTokenSeconds});
          if (!token.ok()) return out.send(token.error());
          out.send(http::json_response(200, json::object{{"host", api.game_host},
                                                         {"port", api.game_port()},
                                                         {"token", *token},
                                                         {"player", player},
                                                         {"expires_at", now + kTokenSeconds}}));
        });
  }

  void list(const Request& request, const Responder& out) const {
    const auto page = read_page(request);
    if (!page.ok()) return out.send(page.error());
    auto posted = api.context.reads.post([out, page = *page](const storage::Store& store) {
      const auto prefix = storage::KeyBuilder("match").take();
      json::array items;
      std::string last;
      auto scanned = store.scan(
          storage::Family::match,
          page.after.empty() ? prefix : storage::prefix_end(match_key(page.after)),
          storage::prefix_end(prefix), page.limit, [&](std::string_view, std::string_view value) {
            if (const auto found = decode_checkpoint(value)) {
              auto info = found->info;
              info.players = static_cast<int>(found->places.size());
              items.push_back(to_json(info));
              last = info.id;
            }
            return true;
          });
      if (!scanned.ok()) return out.send(scanned.error());
      const bool more = *scanned == page.limit;
      out.send(page_response(std::move(items), more ? last : ""));
    });
    if (!posted.ok()) out.send(posted.error());
  }
};

}  // namespace

void mount_match(http::Router& router, MatchApi api) {
  const auto h = std::make_shared<const Handlers>(Handlers{std::move(api)});
  const auto bind = [&h](void (Handlers::*method)(const Request&, const Responder&) const) {
    return
        [h, method](const Request& request, const Responder& out) { ((*h).*method)(request, out); };
  };
  router.add("POST", "/api/v1/matches", bind(&Handlers::create));
  router.add("GET", "/api/v1/matches", bind(&Handlers::list), {.priority = Priority::bulk});
  router.add("GET", "/api/v1/matches/{id}", bind(&Handlers::get));
  router.add("POST", "/api/v1/matches/{id}/join", bind(&Handlers::join));
}

}  // namespace troupe::api
