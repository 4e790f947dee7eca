#include "net/api/match_shots.hpp"

#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "actors/match/adjudicate.hpp"
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "game/game.hpp"
#include "net/api/one_replay.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;

Result<std::uint32_t> number(const http::Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  std::uint32_t value = 0;
  const auto* end = text ? text->data() + text->size() : nullptr;
  if (text) {
    const auto [at, ec] = std::from_chars(text->data(), end, value);
    if (ec == std::errc() && at == end) return value;
  }
  return error(ErrorCode::invalid_argument, std::string(name) + ": must be a whole number");
}

http::Response answer(const storage::Store& store, const std::string& id, std::uint32_t tick,
                      std::uint32_t slot) {
  const auto judged = match::adjudicate(store, id, tick, static_cast<int>(slot));
  if (!judged.ok()) return http::problem(judged.error());
  return http::json_response(200, to_json(*judged));
}

}  // namespace

json::object to_json(const match::Adjudication& adjudication) {
  return {{"match", adjudication.match},
          {"tick", adjudication.tick},
          {"slot", adjudication.slot},
          {"player", adjudication.player},
          {"logged_hash", fmt::format("{:016x}", adjudication.logged_hash)},
          {"replayed_hash", fmt::format("{:016x}", adjudication.replayed_hash)},
          {"as_logged", adjudication.logged_hash == adjudication.replayed_hash},
          {"shot", json::parse(adjudication.shot)}};
}

void mount_match_shots(http::Router& router, actors::Context& context, const OneReplay& one) {
  router.add("GET", "/api/v1/matches/{id}/shots",
             [&context, one](const http::Request& request, const http::Responder& out) {
               const auto id = request.params.at("id");
               if (!parse_id(id)) return out.send(error(ErrorCode::not_found, "no such match"));
               const auto tick = number(request, "tick"), slot = number(request, "slot");
               if (!tick.ok()) return out.send(tick.error());
               if (!slot.ok()) return out.send(slot.error());
               if (*slot >= static_cast<std::uint32_t>(game::kMaxPlayers))
                 return out.send(error(ErrorCode::invalid_argument, "slot: at most 63"));
               one.run(context.reads, out,
                       [id, tick = *tick, slot = *slot](const storage::Store& store) {
                         return answer(store, id, tick, slot);
                       });
             },
             {.scope = "admin", .priority = Priority::bulk});
}

}  // namespace troupe::api
