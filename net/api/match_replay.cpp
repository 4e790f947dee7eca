#include "net/api/match_replay.hpp"

#include <charconv>
#include <limits>
#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "actors/match/replay.hpp"
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "net/api/one_replay.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;

Result<std::uint32_t> wanted_tick(const http::Request& request) {
  std::uint32_t tick = std::numeric_limits<std::uint32_t>::max();
  const auto text = request.query_value("tick");
  if (!text) return tick;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), tick);
  if (ec != std::errc() || end != text->data() + text->size())
    return error(ErrorCode::invalid_argument, "tick: must be a whole number");
  return tick;
}

/// The players' rows of the game's description, with who they are.
void name_players(json::object& described, const std::map<std::string, int>& places) {
  auto* players = described.if_contains("players");
  if (players == nullptr) return;
  for (auto& row : players->as_array()) {
    for (const auto& [player, slot] : places) {
      if (row.at("slot").as_int64() == slot) row.as_object()["player"] = player;
    }
  }
}

json::object to_json(const match::Replay& replay) {
  const auto& at = replay.at;
  json::object out = json::parse(at.game->describe(*at.state)).as_object();
  name_players(out, at.places);
  out["id"] = at.info.id;
  out["game"] = at.info.game;
  out["tick"] = at.state->tick();
  out["last_tick"] = replay.last_tick;
  out["verified_ticks"] = replay.verified;
  out["state_hash"] = fmt::format("{:016x}", replay.hash);
  if (const auto all = at.game->show_all(*at.state))
    out["view_hash"] = fmt::format("{:016x}", at.game->hash(*all));
  return out;
}

http::Response answer(const storage::Store& store, const std::string& id, std::uint32_t tick,
                      bool may_see_running) {
  const auto played = match::replay(store, id, tick, may_see_running);
  if (!played.ok()) return http::problem(played.error());
  return http::json_response(200, to_json(*played));
}

}  // namespace

void mount_match_replay(http::Router& router, actors::Context& context, const OneReplay& one) {
  router.add("GET", "/api/v1/matches/{id}/replay",
             [&context, one](const http::Request& request, const http::Responder& out) {
               const auto id = request.params.at("id");
               if (!parse_id(id)) return out.send(error(ErrorCode::not_found, "no such match"));
               const auto tick = wanted_tick(request);
               if (!tick.ok()) return out.send(tick.error());
               const bool admin = request.principal->has_scope("admin");
               one.run(context.reads, out, [id, tick = *tick, admin](const storage::Store& store) {
                 return answer(store, id, tick, admin);
               });
             },
             {.priority = Priority::bulk});
}

}  // namespace troupe::api
