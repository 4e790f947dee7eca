#include "net/api/tournament_api.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/tournament/messages.hpp"
#include "actors/tournament/tournament_store.hpp"
#include "base/ids.hpp"
#include "net/api/paging.hpp"
#include "net/http/router.hpp"
#include "net/ws/frame.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using namespace tournament;

constexpr const char* kScope = "tournament";
constexpr std::size_t kMaxPlayerBytes = 64;
constexpr std::size_t kMaxNameBytes = 200;

Error bad(std::string_view field, std::string_view why) {
  return error(ErrorCode::invalid_argument, std::string(field) + ": " + std::string(why));
}

bool is_player(std::string_view id) {
  return !id.empty() && id.size() <= kMaxPlayerBytes &&
         std::ranges::all_of(id, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '/'; });
}

Result<std::string> text(const json::object& body, std::string_view key, std::size_t max_bytes) {
  const auto* value = body.if_contains(key);
  if (value == nullptr || !value->is_string()) return bad(key, "must be a string");
  std::string out(value->as_string());
  if (out.empty() || out.size() > max_bytes || !ws::is_valid_utf8(out))
    return bad(key, "must have 1 to " + std::to_string(max_bytes) + " bytes of UTF-8");
  return out;
}

Result<std::size_t> integer(const json::object& body, std::string_view key, std::size_t standard,
                            std::size_t least, std::size_t most) {
  const auto* value = body.if_contains(key);
  if (value == nullptr) return standard;
  if (!value->is_int64() || value->as_int64() < static_cast<std::int64_t>(least) ||
      value->as_int64() > static_cast<std::int64_t>(most))
    return bad(key,
               "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return static_cast<std::size_t>(value->as_int64());
}

Result<void> only_fields(const json::object& body, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : body) {
    if (std::ranges::find(known, std::string_view(key)) == known.end())
      return bad(std::string_view(key), "is not a known field");
  }
  return {};
}

json::object to_json(const Definition& d) {
  return {{"id", d.id},
          {"name", d.name},
          {"owner", d.owner},
          {"mode", d.mode},
          {"format", to_string(d.format)},
          {"max_entrants", d.max_entrants},
          {"created_ms", d.created_ms}};
}

/// Entrants by name; null where nobody is (yet).
class Names {
 public:
  explicit Names(const Tournament& shown) : entrants_(shown.entrants()) {}
  json::value operator()(std::optional<Seed> seed) const {
    return seed ? json::value(entrants_[*seed]) : json::value(nullptr);
  }

 private:
  const std::vector<std::string>& entrants_;
};

void add_bracket(json::object& out, const Tournament& shown, const Bracket& bracket,
                 const Names& name) {
  json::array rounds;
  for (std::size_t round = 0; round < bracket.rounds().size(); ++round) {
    json::array pairings;
    for (const auto& pairing : bracket.rounds()[round]) {
      json::object row{{"first", name(pairing.first)},
                       {"second", name(pairing.second)},
                       {"winner", name(pairing.winner)}};
      if (auto match = shown.match({round, pairings.size()}); !match.empty()) row["match"] = match;
      pairings.push_back(std::move(row));
    }
    rounds.push_back(std::move(pairings));
  }
  out["rounds"] = std::move(rounds);
  out["champion"] = name(bracket.champion());
  json::object places;
  const auto all = bracket.places();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] != 0) places[std::string(name(static_cast<Seed>(i)).as_string())] = all[i];
  }
  out["places"] = std::move(places);
}

void add_round_robin(json::object& out, const Tournament& shown, const RoundRobin& play,
                     const Names& name) {
  json::array rounds;
  for (std::size_t round = 0; round < play.rounds().size(); ++round) {
    json::array pairings;
    for (const auto& meeting : play.rounds()[round]) {
      json::object row{{"first", name(meeting.first)}, {"second", name(meeting.second)}};
      row["played"] = meeting.outcome != Outcome::open;
      row["winner"] = name(meeting.outcome == Outcome::first    ? std::optional(meeting.first)
                           : meeting.outcome == Outcome::second ? std::optional(meeting.second)
                                                                : std::nullopt);
      if (auto match = shown.match({round, pairings.size()}); !match.empty()) row["match"] = match;
      pairings.push_back(std::move(row));
    }
    rounds.push_back(std::move(pairings));
  }
  out["rounds"] = std::move(rounds);
  json::array table;
  for (const auto& row : play.standings()) {
    table.push_back({{"player", name(row.seed)},
                     {"rank", row.rank},
                     {"points", row.points},
                     {"wins", row.wins},
                     {"draws", row.draws},
                     {"losses", row.losses}});
  }
  out["standings"] = std::move(table);
}

json::object to_json(const Tournament& shown) {
  auto out = to_json(shown.definition());
  out["phase"] = to_string(shown.phase());
  out["entrants"] = json::array(shown.entrants().begin(), shown.entrants().end());
  const Names name(shown);
  if (const auto* bracket = shown.bracket()) add_bracket(out, shown, *bracket, name);
  if (const auto* play = shown.round_robin()) add_round_robin(out, shown, *play, name);
  return out;
}

struct Handlers {
  TournamentApi api;

  template <class... Args>
  void ask(const Request& request, const Responder& out, const std::string& id, int status,
           Args&&... args) const {
    api.asker.ask_as<TournamentPtr>(
        kTournamentKind, id, request.time_left(),
        [out, status](const Result<TournamentPtr>& shown) {
          if (!shown.ok()) return out.send(shown.error());
          auto response = http::json_response(status, to_json(**shown));
          if (status == 201)
            response.headers["Location"] = "/api/v1/tournaments/" + (*shown)->definition().id;
          out.send(std::move(response));
        },
        std::forward<Args>(args)...);
  }
  /// The same of the tournament that the path names.
  template <class... Args>
  void ask_named(const Request& request, const Responder& out, Args&&... args) const {
    const auto& id = request.params.at("id");
    if (!parse_id(id)) return out.send(error(ErrorCode::not_found, "no such tournament"));
    ask(request, out, id, 200, std::forward<Args>(args)...);
  }

  [[nodiscard]] Result<Definition> wanted(const Request& request) const {
    const auto body = http::parse_json_object(request.body);
    if (!body.ok()) return body.error();
    if (auto known = only_fields(*body, {"name", "mode", "format", "max_entrants"}); !known.ok())
      return known.error();
    Definition out;
    auto name = text(*body, "name", kMaxNameBytes);
    if (!name.ok()) return name.error();
    out.name = std::move(*name);
    if (body->contains("mode")) {
      auto mode = text(*body, "mode", kMaxPlayerBytes);
      if (!mode.ok()) return mode.error();
      out.mode = std::move(*mode);
    }
    if (body->contains("format")) {
      const auto format = text(*body, "format", kMaxPlayerBytes);
      const auto parsed = format.ok() ? parse_format(*format) : std::nullopt;
      if (!parsed) return bad("format", "must be single_elimination or round_robin");
      out.format = *parsed;
    }
    const auto most = most_entrants(out.format);
    const auto entrants = integer(*body, "max_entrants", std::min<std::size_t>(64, most), 2, most);
    if (!entrants.ok()) return entrants.error();
    out.max_entrants = *entrants;
    out.id = make_id_string();
    out.owner = request.principal->subject;
    out.created_ms = api.context.now_ms();
    return out;
  }

  void create(const Request& request, const Responder& out) const {
    const auto definition = wanted(request);
    if (!definition.ok()) return out.send(definition.error());
    ask(request, out, definition->id, 201, open_atom::value, *definition);
  }

  void list(const Request& request, const Responder& out) const {
    const auto page = read_page(request);
    if (!page.ok()) return out.send(page.error());
    auto posted = api.context.reads.post([out, page = *page](const storage::Store& store) {
      const auto found = read_definitions(store, page.after, page.limit);
      if (!found.ok()) return out.send(found.error());
      json::array items;
      for (const auto& one : *found) items.push_back(to_json(one));
      out.send(
          page_response(std::move(items), found->size() == page.limit ? found->back().id : ""));
    });
    if (!posted.ok()) out.send(posted.error());
  }

  void get(const Request& request, const Responder& out) const {
    ask_named(request, out, show_atom::value);
  }

  /// Everybody for themselves, the organiser for all.
  static bool may_speak_for_entrant(const Request& request, const Responder& out) {
    const auto& player = request.params.at("player");
    if (!is_player(player)) {
      out.send(bad("player", "1 to 64 printable characters"));
      return false;
    }
    if (player == request.principal->subject || request.principal->has_scope(kScope)) return true;
    out.send(error(ErrorCode::forbidden, "only players themselves decide that"));
    return false;
  }

  void enter(const Request& request, const Responder& out) const {
    if (!may_speak_for_entrant(request, out)) return;
    ask_named(request, out, step_atom::value, Step(Entered{request.params.at("player")}));
  }

  void leave(const Request& request, const Responder& out) const {
    if (!may_speak_for_entrant(request, out)) return;
    ask_named(request, out, step_atom::value, Step(Left{request.params.at("player")}));
  }

  void start(const Request& request, const Responder& out) const {
    ask_named(request, out, start_atom::value);
  }

  /// For the organiser, and for the two who play.
  void play(const Request& request, const Responder& out) const {
    const auto body = http::parse_json_object(request.body);
    if (!body.ok()) return out.send(body.error());
    if (auto known = only_fields(*body, {"round", "pairing", "again"}); !known.ok())
      return out.send(known.error());
    const auto round = integer(*body, "round", 0, 0, Bracket::kMaxEntrants);
    if (!round.ok()) return out.send(round.error());
    const auto pairing = integer(*body, "pairing", 0, 0, Bracket::kMaxEntrants);
    if (!pairing.ok()) return out.send(pairing.error());
    const auto* again = body->if_contains("again");
    if (again != nullptr && !again->is_bool())
      return out.send(bad("again", "must be true or false"));
    const auto& id = request.params.at("id");
    if (!parse_id(id)) return out.send(error(ErrorCode::not_found, "no such tournament"));
    const bool organiser = request.principal->has_scope(kScope);
    if (again != nullptr && again->as_bool() && !organiser)
      return out.send(error(ErrorCode::forbidden, "another match is the organiser's to decide"));
    api.asker.ask_as<std::string>(
        kTournamentKind, id, request.time_left(),
        [out](const Result<std::string>& match) {
          if (!match.ok()) return out.send(match.error());
          out.send(http::json_response(
              200,
              json::object{{"match", *match}, {"join", "/api/v1/matches/" + *match + "/join"}}));
        },
        play_atom::value,
        Play{{*round, *pairing},
             organiser ? std::string() : request.principal->subject,
             again != nullptr && again->as_bool()});
  }

  void report(const Request& request, const Responder& out) const {
    const auto body = http::parse_json_object(request.body);
    if (!body.ok()) return out.send(body.error());
    if (auto known = only_fields(*body, {"round", "pairing", "winner"}); !known.ok())
      return out.send(known.error());
    if (!body->contains("round") || !body->contains("pairing") || !body->contains("winner"))
      return out.send(bad("round, pairing, winner", "are required; a draw has the winner null"));
    const auto round = integer(*body, "round", 0, 0, Bracket::kMaxEntrants);
    if (!round.ok()) return out.send(round.error());
    const auto pairing = integer(*body, "pairing", 0, 0, Bracket::kMaxEntrants);
    if (!pairing.ok()) return out.send(pairing.error());
    Reported result{{*round, *pairing}, {}};
    if (!body->at("winner").is_null()) {
      auto winner = text(*body, "winner", kMaxPlayerBytes);
      if (!winner.ok()) return out.send(winner.error());
      result.winner = std::move(*winner);
    }
    ask_named(request, out, step_atom::value, Step(std::move(result)));
  }
};

}  // namespace

void mount_tournament(http::Router& router, const TournamentApi& api) {
  const auto h = std::make_shared<const Handlers>(Handlers{api});
  const auto bind = [&h](void (Handlers::*method)(const Request&, const Responder&) const) {
    return
        [h, method](const Request& request, const Responder& out) { ((*h).*method)(request, out); };
  };
  const std::string all = "/api/v1/tournaments", one = all + "/{id}";
  router.add("GET", all, bind(&Handlers::list), {.priority = Priority::bulk});
  router.add("POST", all, bind(&Handlers::create), {.scope = kScope, .max_body_bytes = 4U << 10});
  router.add("GET", one, bind(&Handlers::get));
  router.add("PUT", one + "/entrants/{player}", bind(&Handlers::enter));
  router.add("DELETE", one + "/entrants/{player}", bind(&Handlers::leave));
  router.add("POST", one + "/start", bind(&Handlers::start), {.scope = kScope});
  router.add("POST", one + "/matches", bind(&Handlers::play), {.max_body_bytes = 4U << 10});
  router.add("POST", one + "/results", bind(&Handlers::report),
             {.scope = kScope, .max_body_bytes = 4U << 10});
}

}  // namespace troupe::api
