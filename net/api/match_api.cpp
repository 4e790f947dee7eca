#include "net/api/match_api.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "actors/fleet/fleet.hpp"
#include "actors/match/match_store.hpp"
#include "actors/match/messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "game/registry.hpp"
#include "net/api/game_tickets.hpp"
#include "net/api/match_replay.hpp"
#include "net/api/match_shots.hpp"
#include "net/api/one_replay.hpp"
#include "net/api/paging.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using namespace match;

json::object to_json(const MatchInfo& info, int tick_hz) {
  json::object out{
      {"id", info.id},
      {"owner", info.owner},
      {"game", info.game},
      {"state", info.ended_ms == 0 ? "running" : "ended"},
      {"max_players", info.max_players},
      {"players", info.players},
      {"connected", info.connected},
      {"tick", info.tick},
      {"time_limit_s", info.rules.time_limit_ticks / static_cast<std::uint32_t>(tick_hz)},
      {"score_limit", info.rules.score_limit},
      {"created_ms", info.created_ms}};
  if (!info.roster.empty()) {
    json::array roster;
    for (const auto& row : info.roster)
      roster.push_back({{"slot", row.slot},
                        {"player", row.player},
                        {"connected", row.connected},
                        {"score", row.score}});
    out["roster"] = std::move(roster);
  }
  if (info.ended_ms == 0) return out;
  json::array result;
  for (const auto& row : info.result)
    result.push_back({{"player", row.player}, {"place", row.place}, {"score", row.score}});
  out["ended_ms"] = info.ended_ms;
  out["result"] = std::move(result);
  return out;
}

/// The optional integer `name`, checked against its range.
Result<int> integer(const json::object& body, std::string_view name, int standard, int least,
                    int most) {
  const auto* value = body.if_contains(name);
  if (value == nullptr) return standard;
  if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most) {
    return error(ErrorCode::invalid_argument, std::string(name) + ": must be an integer from " +
                                                  std::to_string(least) + " to " +
                                                  std::to_string(most));
  }
  return static_cast<int>(value->get_int64());
}

/// Null: there is none of that name.
const game::Game* wanted_game(const json::object& body) {
  const auto* value = body.if_contains("game");
  if (value == nullptr) return game::find_game(game::kStandardGame);
  return value->is_string() ? game::find_game(value->get_string()) : nullptr;
}

/// What the creator wants: game, players, time limit, score limit, region.
Result<MatchInfo> wanted_match(const std::string& text, const MatchApi& api) {
  auto body = text.empty() ? Result<json::object>(json::object{}) : http::parse_json_object(text);
  if (!body.ok()) return body.error();
  for (const auto& [key, value] : *body) {
    if (key != "game" && key != "max_players" && key != "time_limit_s" && key != "score_limit" &&
        key != "region")
      return error(ErrorCode::invalid_argument, std::string(key) + ": is not a known field");
  }
  const auto* game = wanted_game(*body);
  if (game == nullptr)
    return error(ErrorCode::invalid_argument, "game: must be the name of one that there is");
  const auto [least, most] = game->limits();
  const auto players = integer(*body, "max_players", std::min(16, most), least, most);
  if (!players.ok()) return players.error();
  const auto seconds = integer(*body, "time_limit_s", api.time_limit_s, 0, 86'400);
  if (!seconds.ok()) return seconds.error();
  const auto score = integer(*body, "score_limit", 0, 0, 10'000);
  if (!score.ok()) return score.error();
  MatchInfo wanted;
  if (const auto* region = body->if_contains("region")) {
    if (!region->is_string() || !api.fleet->has_region(std::string(region->as_string())))
      return error(ErrorCode::invalid_argument, "region: no game host is there");
    wanted.region = std::string(region->as_string());
  }
  wanted.id = make_id_string();
  wanted.created_ms = api.context.now_ms();
  wanted.game = game->name();
  wanted.max_players = *players;
  wanted.rules = {static_cast<std::uint32_t>(*seconds * api.tick_hz),
                  static_cast<std::uint16_t>(*score)};
  return wanted;
}

struct Handlers {
  MatchApi api;

  void create(const Request& request, const Responder& out) const {
    auto made = wanted_match(request.body, api);
    if (!made.ok()) return out.send(made.error());
    auto& wanted = *made;
    wanted.owner = request.principal->subject;
    api.asker.ask_as<InfoPtr>(
        kMatchKind, wanted.id, request.time_left(),
        [out, hz = api.tick_hz](const Result<InfoPtr>& info) {
          if (!info.ok()) return send_busy(out, info.error());
          auto response = http::json_response(201, to_json(**info, hz));
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
    with_match(request, out, [out, hz = api.tick_hz](const MatchInfo& info) {
      out.send(http::json_response(200, to_json(info, hz)));
    });
  }

  void join(const Request& request, const Responder& out) const {
    const auto player = request.principal->subject;
    api.tickets->issue(
        player, request.params.at("id"), request.time_left(),
        [out, player](const Result<GameTicket>& ticket) { send_ticket(out, player, ticket); });
  }

  void list(const Request& request, const Responder& out) const {
    const auto page = read_page(request);
    if (!page.ok()) return out.send(page.error());
    auto posted =
        api.context.reads.post([out, page = *page, hz = api.tick_hz](const storage::Store& store) {
          const auto prefix = storage::KeyBuilder("match").take();
          json::array items;
          std::string last;
          auto scanned =
              store.scan(storage::Family::match,
                         page.after.empty() ? prefix : storage::prefix_end(match_key(page.after)),
                         storage::prefix_end(prefix), page.limit,
                         [&](std::string_view, std::string_view value) {
                           if (const auto found = decode_checkpoint(value)) {
                             auto info = found->info;
                             info.players = static_cast<int>(found->places.size());
                             items.push_back(to_json(info, hz));
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
  const auto looking = h->api.anonymous_spectators ? http::Access::open : http::Access::token;
  router.add("GET", "/api/v1/matches", bind(&Handlers::list),
             {.access = looking, .priority = Priority::bulk});
  router.add("GET", "/api/v1/matches/{id}", bind(&Handlers::get), {.access = looking});
  const OneReplay one;
  mount_match_replay(router, h->api.context, one);
  mount_match_shots(router, h->api.context, one);
  router.add("POST", "/api/v1/matches/{id}/join", bind(&Handlers::join));
}

}  // namespace troupe::api
