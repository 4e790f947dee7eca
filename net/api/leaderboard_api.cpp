#include "net/api/leaderboard_api.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "actors/leaderboard/catalogue.hpp"
#include "actors/leaderboard/messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "net/api/paging.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using namespace leaderboard;

constexpr const char* kScope = "leaderboard";
constexpr std::size_t kMaxFriends = 200;
constexpr std::uint64_t kMaxSide = 100;
constexpr std::size_t kMaxIdempotencyBytes = 200;
constexpr std::uint32_t kMaxSeasons = 1'000;
constexpr std::array<std::string_view, 2> kOrders{"high", "low"};
constexpr std::array<std::string_view, 3> kKeeps{"best", "last", "sum"};

bool is_board_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
}

/// As the feed's user ids: anything short and printable that a token may name.
bool is_player(std::string_view id) {
  return !id.empty() && id.size() <= kMaxPlayerBytes &&
         std::ranges::all_of(id, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '/'; });
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The optional integer query parameter `name`.
Result<std::uint64_t> query_number(const Request& request, std::string_view name,
                                   std::uint64_t standard, std::uint64_t least,
                                   std::uint64_t most) {
  const auto text = request.query_value(name);
  if (!text) return standard;
  const auto value = parse_number<std::uint64_t>(*text);
  if (!value || *value < least || *value > most)
    return error(ErrorCode::invalid_argument,
                 fmt::format("{}: must be an integer from {} to {}", name, least, most));
  return *value;
}

/// The optional field `name` as the index of its value in `names`.
template <std::size_t N>
Result<std::size_t> choice(const json::object& body, std::string_view name,
                           const std::array<std::string_view, N>& names) {
  const auto* value = body.if_contains(name);
  if (value == nullptr) return std::size_t{0};
  const auto it = value->is_string()
                      ? std::ranges::find(names, std::string_view(value->as_string()))
                      : names.end();
  if (it == names.end())
    return error(ErrorCode::invalid_argument,
                 fmt::format("{}: must be one of {}", name, fmt::join(names, ", ")));
  return static_cast<std::size_t>(it - names.begin());
}

Result<std::int64_t> integer(const json::object& body, std::string_view name,
                             std::optional<std::int64_t> standard, std::int64_t least,
                             std::int64_t most) {
  const auto* value = body.if_contains(name);
  if (value == nullptr && standard) return *standard;
  if (value == nullptr || !value->is_int64() || value->as_int64() < least ||
      value->as_int64() > most)
    return error(ErrorCode::invalid_argument,
                 fmt::format("{}: must be an integer from {} to {}", name, least, most));
  return value->as_int64();
}

Result<void> only_fields(const json::object& body, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : body) {
    if (std::ranges::find(known, std::string_view(key)) == known.end())
      return error(ErrorCode::invalid_argument, std::string(key) + ": is not a known field");
  }
  return {};
}

Result<Schedule> schedule_field(const json::object& body) {
  const auto* value = body.if_contains("reset");
  if (value == nullptr) return Schedule();
  if (!value->is_object())
    return error(ErrorCode::invalid_argument, R"(reset: must be {"every": …, "hour": …})");
  const auto& reset = value->as_object();
  if (auto known = only_fields(reset, {"every", "hour"}); !known.ok()) return known.error();
  const auto* every = reset.if_contains("every");
  const auto parsed = every != nullptr && every->is_string()
                          ? parse_reset(std::string_view(every->as_string()))
                          : std::nullopt;
  if (!parsed)
    return error(ErrorCode::invalid_argument,
                 "reset.every: must be never, daily, weekly or monthly");
  const auto hour = integer(reset, "hour", 0, 0, 23);
  if (!hour.ok()) return hour.error();
  return Schedule{*parsed, static_cast<std::uint8_t>(*hour)};
}

Result<Definition> read_definition(const Request& request) {
  Definition out;
  out.id = request.params.at("board");
  if (!is_board_id(out.id))
    return error(ErrorCode::invalid_argument, "board: 1 to 64 of a-z, 0-9, - and _");
  const auto body = http::parse_json_object(request.body);
  if (!body.ok()) return body.error();
  auto known = only_fields(*body, {"order", "keep", "reset", "keep_seasons", "rated_mode"});
  if (!known.ok()) return known.error();
  const auto order = choice(*body, "order", kOrders);
  if (!order.ok()) return order.error();
  const auto keep = choice(*body, "keep", kKeeps);
  if (!keep.ok()) return keep.error();
  auto schedule = schedule_field(*body);
  if (!schedule.ok()) return schedule.error();
  const auto seasons = integer(*body, "keep_seasons", 3, 1, kMaxSeasons);
  if (!seasons.ok()) return seasons.error();
  out.order = static_cast<Order>(*order);
  out.keep = static_cast<Keep>(*keep);
  out.schedule = *schedule;
  out.keep_seasons = static_cast<std::uint32_t>(*seasons);
  if (const auto* mode = body->if_contains("rated_mode")) {
    if (!mode->is_string() || !is_board_id(std::string_view(mode->as_string())))
      return error(ErrorCode::invalid_argument, "rated_mode: 1 to 64 of a-z, 0-9, - and _");
    if (out.keep == Keep::sum)
      return error(ErrorCode::invalid_argument, "keep: ratings have no sum");
    out.rated_mode = std::string(mode->as_string());
  }
  return out;
}

json::object to_json(const Season& season) {
  json::object out{{"number", season.number}};
  if (season.end_ms == 0) return out;
  out["start_ms"] = season.start_ms;
  out["end_ms"] = season.end_ms;
  return out;
}

json::object to_json(const Definition& d, std::uint64_t now_ms) {
  json::object out{{"id", d.id},
                   {"order", kOrders[static_cast<std::size_t>(d.order)]},
                   {"keep", kKeeps[static_cast<std::size_t>(d.keep)]},
                   {"reset", {{"every", to_string(d.schedule.reset)}, {"hour", d.schedule.hour}}},
                   {"keep_seasons", d.keep_seasons},
                   {"season", to_json(season_at(d.schedule, now_ms))},
                   {"created_ms", d.created_ms}};
  if (!d.rated_mode.empty()) out["rated_mode"] = d.rated_mode;
  return out;
}

json::object to_json(const Standing& standing) {
  return {{"player", standing.player}, {"score", standing.score}, {"rank", standing.rank}};
}

http::Response to_response(const Listing& listing, const Season& season) {
  json::array items;
  for (const auto& row : listing.rows) items.push_back(to_json(row));
  json::object body{
      {"items", std::move(items)}, {"total", listing.total}, {"season", to_json(season)}};
  if (listing.next)
    body["next"] = fmt::format("{}.{}", listing.next->score, listing.next->sequence);
  return http::json_response(200, body);
}

Result<std::optional<Place>> read_cursor(const Request& request) {
  const auto text = request.query_value("cursor");
  if (!text) return std::optional<Place>();
  const auto dot = text->find('.');
  const auto score = parse_number<std::int64_t>(std::string_view(*text).substr(0, dot));
  const auto sequence = dot == std::string::npos
                            ? std::nullopt
                            : parse_number<std::uint64_t>(std::string_view(*text).substr(dot + 1));
  if (!score || !sequence || *score > kMaxScore || *score < -kMaxScore || *sequence == UINT64_MAX)
    return error(ErrorCode::invalid_argument, "cursor: not one of ours");
  return std::optional(Place{*score, *sequence});
}

/// A board's season as a request names it.
struct Target {
  Definition definition;
  Season season;
  [[nodiscard]] std::string id() const { return season_id(definition.id, season.number); }
};

struct Handlers {
  LeaderboardApi api;

  [[nodiscard]] Result<Target> target(const Request& request) const {
    const auto definition = api.catalogue->find(request.params.at("board"));
    if (!definition) return error(ErrorCode::not_found, "no such leaderboard");
    const auto current = season_at(definition->schedule, api.context.now_ms());
    const auto least = current.number - std::min(current.number, definition->keep_seasons - 1);
    const auto number = query_number(request, "season", current.number, least, current.number);
    if (!number.ok()) return number.error();
    return Target{*definition,
                  season_numbered(definition->schedule, static_cast<std::uint32_t>(*number))};
  }

  /// Who is asked about: `?player=`, or who asks.
  [[nodiscard]] Result<std::string> player(const Request& request) const {
    auto name = request.query_value("player").value_or(request.principal->subject);
    if (!is_player(name))
      return error(ErrorCode::invalid_argument, "player: 1 to 64 printable characters");
    return name;
  }

  template <class Reply, class F, class... Args>
  void ask(const Request& request, const Responder& out, const Target& to, F then,
           Args&&... args) const {
    api.asker.ask_as<Reply>(
        kLeaderboardKind, to.id(), request.time_left(),
        [out, then = std::move(then)](const Result<Reply>& reply) {
          if (!reply.ok()) return out.send(reply.error());
          then(*reply);
        },
        std::forward<Args>(args)...);
  }

  void define(const Request& request, const Responder& out) const {
    auto wanted = read_definition(request);
    if (!wanted.ok()) return out.send(wanted.error());
    const auto now = wanted->created_ms = api.context.now_ms();
    api.catalogue->define(
        *wanted, [out, now, catalogue = api.catalogue, id = wanted->id](const auto& done) {
          if (!done.ok()) return out.send(done.error());
          const bool made = *done == Catalogue::Outcome::made;
          auto response = http::json_response(made ? 201 : 200, to_json(*catalogue->find(id), now));
          if (made) response.headers["Location"] = "/api/v1/leaderboards/" + id;
          out.send(std::move(response));
        });
  }

  void list(const Request& request, const Responder& out) const {
    const auto limit = query_number(request, "limit", 50, 1, 200);
    if (!limit.ok()) return out.send(limit.error());
    json::array items;
    const auto boards = api.catalogue->list(request.query_value("cursor").value_or(""), *limit);
    for (const auto& board : boards) items.push_back(to_json(board, api.context.now_ms()));
    out.send(page_response(std::move(items), boards.size() == *limit ? boards.back().id : ""));
  }

  void get(const Request& request, const Responder& out) const {
    const auto to = target(request);
    if (!to.ok()) return out.send(to.error());
    out.send(http::json_response(200, to_json(to->definition, api.context.now_ms())));
  }

  void submit(const Request& request, const Responder& out) const {
    const auto to = target(request);
    if (!to.ok()) return out.send(to.error());
    if (request.query_value("season") || !to->definition.rated_mode.empty())
      return out.send(error(ErrorCode::conflict, to->definition.rated_mode.empty()
                                                     ? "scores go to the current season"
                                                     : "this leaderboard shows ratings"));
    const auto body = http::parse_json_object(request.body);
    if (!body.ok()) return out.send(body.error());
    if (auto known = only_fields(*body, {"player", "score"}); !known.ok())
      return out.send(known.error());
    const auto* player = body->if_contains("player");
    if (player == nullptr || !player->is_string() ||
        !is_player(std::string_view(player->as_string())))
      return out.send(error(ErrorCode::invalid_argument, "player: 1 to 64 printable characters"));
    const auto score = integer(*body, "score", std::nullopt, -kMaxScore, kMaxScore);
    if (!score.ok()) return out.send(score.error());
    auto key = request.header("idempotency-key").value_or("");
    if (key.size() > kMaxIdempotencyBytes)
      return out.send(error(ErrorCode::invalid_argument, "Idempotency-Key: at most 200 bytes"));
    ask<SubmittedPtr>(
        request, out, *to,
        [out](const SubmittedPtr& done) {
          auto standing = to_json(done->standing);
          standing["changed"] = done->changed;
          out.send(http::json_response(200, standing));
        },
        submit_atom::value, Submission{std::string(player->as_string()), *score, std::move(key)});
  }

  void withdraw(const Request& request, const Responder& out) const {
    const auto to = target(request);
    if (!to.ok()) return out.send(to.error());
    ask<bool>(
        request, out, *to,
        [out](bool) {
          http::Response response;
          response.status = 204;
          out.send(std::move(response));
        },
        withdraw_atom::value, request.params.at("player"));
  }

  void top(const Request& request, const Responder& out) const {
    const auto to = target(request);
    if (!to.ok()) return out.send(to.error());
    const auto limit = query_number(request, "limit", 50, 1, 200);
    if (!limit.ok()) return out.send(limit.error());
    const auto after = read_cursor(request);
    if (!after.ok()) return out.send(after.error());
    ask<ListingPtr>(
        request, out, *to,
        [out, season = to->season](const ListingPtr& found) {
          out.send(to_response(*found, season));
        },
        list_atom::value, ListQuery{*after, *limit});
  }

  void rank(const Request& request, const Responder& out) const {
    const auto to = target(request);
    if (!to.ok()) return out.send(to.error());
    const auto name = player(request);
    if (!name.ok()) return out.send(name.error());
    ask<ListingPtr>(
        request, out, *to,
        [out, season = to->season](const ListingPtr& found) {
          if (found->rows.empty())
            return out.send(error(ErrorCode::not_found, "the player has no score in this season"));
          auto body = to_json(found->rows.front());
          body["total"] = found->total;
          body["season"] = to_json(season);
          out.send(http::json_response(200, body));
        },
        among_atom::value, Players{*name});
  }

  void around(const Request& request, const Responder& out) const {
    const auto to = target(request);
    if (!to.ok()) return out.send(to.error());
    const auto name = player(request);
    if (!name.ok()) return out.send(name.error());
    const auto side = query_number(request, "side", 5, 0, kMaxSide);
    if (!side.ok()) return out.send(side.error());
    ask<ListingPtr>(
        request, out, *to,
        [out, season = to->season](const ListingPtr& found) {
          if (found->rows.empty())
            return out.send(error(ErrorCode::not_found, "the player has no score in this season"));
          auto listing = *found;
          listing.next.reset();
          out.send(to_response(listing, season));
        },
        around_atom::value, *name, *side);
  }

  /// The list that the ids make; who has no score is left out.
  void friends(const Request& request, const Responder& out) const {
    const auto to = target(request);
    if (!to.ok()) return out.send(to.error());
    Players players;
    const auto [begin, end] = request.query.equal_range("player");
    for (auto it = begin; it != end; ++it) players.push_back(it->second);
    if (players.empty() || players.size() > kMaxFriends || !std::ranges::all_of(players, is_player))
      return out.send(error(ErrorCode::invalid_argument,
                            fmt::format("player: 1 to {} parameters, each a player", kMaxFriends)));
    ask<ListingPtr>(
        request, out, *to,
        [out, season = to->season](const ListingPtr& found) {
          out.send(to_response(*found, season));
        },
        among_atom::value, std::move(players));
  }
};

}  // namespace

void mount_leaderboard(http::Router& router, const LeaderboardApi& api) {
  const auto h = std::make_shared<const Handlers>(Handlers{api});
  const auto bind = [&h](void (Handlers::*method)(const Request&, const Responder&) const) {
    return
        [h, method](const Request& request, const Responder& out) { ((*h).*method)(request, out); };
  };
  const std::string board = "/api/v1/leaderboards/{board}";
  router.add("GET", "/api/v1/leaderboards", bind(&Handlers::list), {.priority = Priority::bulk});
  router.add("GET", board, bind(&Handlers::get));
  router.add("PUT", board, bind(&Handlers::define), {.scope = kScope, .max_body_bytes = 4U << 10});
  router.add("POST", board + "/scores", bind(&Handlers::submit),
             {.scope = kScope, .max_body_bytes = 4U << 10});
  router.add("DELETE", board + "/scores/{player}", bind(&Handlers::withdraw), {.scope = kScope});
  router.add("GET", board + "/top", bind(&Handlers::top));
  router.add("GET", board + "/rank", bind(&Handlers::rank));
  router.add("GET", board + "/around", bind(&Handlers::around));
  router.add("GET", board + "/friends", bind(&Handlers::friends));
}

}  // namespace troupe::api
