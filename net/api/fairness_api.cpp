#include "net/api/fairness_api.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "actors/match/fairness/fairness_actor.hpp"
#include "actors/system/ask.hpp"
#include "net/api/paging.hpp"
#include "net/http/router.hpp"
#include "net/ws/frame.hpp"
#include "storage/read_pool.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using namespace fairness;

constexpr std::size_t kMaxReasonBytes = 500;
constexpr std::size_t kMaxPlayerBytes = 255;

template <class Range>
json::array to_json(const Range& evidence) {
  json::array out;
  for (const auto& one : evidence) {
    out.push_back({{"suspicion", to_string(one.suspicion)},
                   {"match", one.match},
                   {"tick", one.tick},
                   {"slot", one.slot},
                   {"value", one.value}});
  }
  return out;
}

json::object to_json(const Flag& flag) {
  return {{"id", flag.id},
          {"player", flag.player},
          {"at_ms", flag.at_ms},
          {"suspicion", to_string(flag.finding.suspicion)},
          {"of", flag.finding.share.of},
          {"all", flag.finding.share.all},
          {"lower", flag.finding.lower},
          {"limit", flag.finding.limit},
          {"action", to_string(flag.action)},
          {"evidence", to_json(flag.evidence)}};
}

json::object to_json(const std::string& player, const Dossier& dossier) {
  json::object shares;
  for (std::size_t i = 0; i < kSuspicions; ++i) {
    const auto& share = dossier.conduct.shares[i];
    shares[to_string(static_cast<Suspicion>(i))] = {{"of", share.of}, {"all", share.all}};
  }
  const auto& standing = dossier.standing;
  json::object out{{"player", player},
                   {"strikes", standing.strikes},
                   {"last_action", to_string(standing.last)},
                   {"shadow", standing.shadow},
                   {"banned", standing.barred_until_ms == kForEver},
                   {"conduct", std::move(shares)},
                   {"evidence", to_json(dossier.conduct.evidence)}};
  if (standing.barred_until_ms != 0 && standing.barred_until_ms != kForEver)
    out["barred_until_ms"] = standing.barred_until_ms;
  return out;
}

Result<std::string> player_of(const Request& request) {
  const auto& id = request.params.at("id");
  if (id.empty() || id.size() > kMaxPlayerBytes)
    return error(ErrorCode::not_found, "no such player");
  return id;
}

Result<Order> parse_order(const Request& request) {
  const auto body = http::parse_json_object(request.body);
  if (!body.ok()) return body.error();
  Order order;
  order.by = request.principal->subject;
  for (const auto& [key, value] : *body) {
    if (key != "action" && key != "reason")
      return error(ErrorCode::invalid_argument, std::string(key) + ": is not a known field");
    if (!value.is_string())
      return error(ErrorCode::invalid_argument, std::string(key) + ": must be a string");
  }
  const auto* action = body->if_contains("action");
  const auto parsed = action != nullptr ? parse_action(std::string_view(action->get_string()))
                                        : std::optional<Action>();
  if (!parsed || *parsed == Action::none)
    return error(ErrorCode::invalid_argument, "action: flag, shadow, kick, ban or clear");
  order.action = *parsed;
  if (const auto* reason = body->if_contains("reason")) order.reason = reason->get_string();
  if (order.reason.size() > kMaxReasonBytes || !ws::is_valid_utf8(order.reason))
    return error(ErrorCode::invalid_argument, "reason: at most 500 bytes of UTF-8");
  return order;
}

void list_flags(actors::Context& context, const Request& request, const Responder& out) {
  const auto page = read_page(request);
  if (!page.ok()) return out.send(page.error());
  auto posted = context.reads.post([out, page = *page](const storage::Store& store) {
    const auto flags = read_flags(store, page.after, page.limit);
    if (!flags.ok()) return out.send(flags.error());
    json::array items;
    for (const auto& flag : *flags) items.push_back(to_json(flag));
    out.send(page_response(std::move(items),
                           flags->size() == page.limit ? flags->back().id : std::string()));
  });
  if (!posted.ok()) out.send(posted.error());
}

template <class... Args>
void ask_player(actors::Asker& asker, const Request& request, const Responder& out,
                Args&&... message) {
  const auto player = player_of(request);
  if (!player.ok()) return out.send(player.error());
  asker.ask_as<DossierPtr>(
      kFairnessKind, *player, request.time_left(),
      [out, player = *player](const Result<DossierPtr>& found) {
        if (!found.ok()) return out.send(found.error());
        out.send(http::json_response(200, to_json(player, **found)));
      },
      std::forward<Args>(message)...);
}

}  // namespace

void mount_fairness(http::Router& router, actors::Context& context, actors::Asker& asker) {
  const http::RouteOptions admin{.scope = "admin"};
  router.add(
      "GET", "/api/v1/fairness/flags",
      [&context](const Request& request, const Responder& out) {
        list_flags(context, request, out);
      },
      admin);
  router.add(
      "GET", "/api/v1/fairness/players/{id}",
      [&asker](const Request& request, const Responder& out) {
        ask_player(asker, request, out, look_atom::value);
      },
      admin);
  router.add(
      "POST", "/api/v1/fairness/players/{id}/action",
      [&asker](const Request& request, const Responder& out) {
        const auto order = parse_order(request);
        if (!order.ok()) return out.send(order.error());
        ask_player(asker, request, out, act_atom::value, *order);
      },
      admin);
}

}  // namespace troupe::api
