#include "net/api/match_watch.hpp"

#include <boost/json.hpp>

#include "actors/match/messages.hpp"
#include "actors/system/ask.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "game/registry.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using SessionPtr = std::shared_ptr<ws::Session>;

constexpr std::chrono::seconds kAskTimeout{5};

/// One who watches. Lives on its session's loop.
struct Spectator {
  std::string match;
  bool closed = false;
  std::function<void()> leave;  ///< set while it is in a room
};

void close_with(ws::Session& session, const Error& e) {
  session.close(ws::close_code(e.code), e.detail);
}

game::Length extent(const std::string& name) {
  const auto* game = game::find_game(name);
  return game != nullptr ? game->extent() : 0;
}

/// Only matches that run get a room: else anybody could fill memory with rooms.
void admit(const MatchWatchApi& api, const SessionPtr& session, Spectator& spectator,
           const Result<match::InfoPtr>& found) {
  if (spectator.closed) return;
  if (!found.ok()) return close_with(*session, found.error());
  if ((*found)->ended_ms != 0)
    return close_with(*session, error(ErrorCode::conflict, "the match is over"));
  auto joined = api.audience.rooms().join(spectator.match, session);
  if (!joined.ok()) return close_with(*session, joined.error());
  spectator.leave = std::move(*joined);
  session->send(ws::text_frame(json::serialize(json::object{{"type", "hello"},
                                                            {"match", spectator.match},
                                                            {"game", (*found)->game},
                                                            {"tick_hz", api.tick_hz},
                                                            {"delay_ms", api.delay_ms},
                                                            {"size", extent((*found)->game)}})));
}

void watch(const MatchWatchApi& api, const http::Request& request, const SessionPtr& session) {
  const auto& id = request.params.at("id");
  if (!parse_id(id)) return close_with(*session, error(ErrorCode::not_found, "no such match"));
  auto spectator = std::make_shared<Spectator>();
  spectator->match = id;
  session->on_message([weak = std::weak_ptr<ws::Session>(session)](std::string_view, bool) {
    if (const auto self = weak.lock())
      close_with(*self, error(ErrorCode::invalid_argument, "those who watch have nothing to say"));
  });
  session->on_close([spectator] {
    spectator->closed = true;
    if (auto leave = std::exchange(spectator->leave, nullptr)) leave();
  });
  api.asker.ask_as<match::InfoPtr>(
      match::kMatchKind, id, kAskTimeout,
      [api, session, spectator](const Result<match::InfoPtr>& found) {
        session->post([api, session, spectator, found] { admit(api, session, *spectator, found); });
      },
      match::info_atom::value);
}

}  // namespace

MatchAudience::MatchAudience(std::vector<boost::asio::io_context*> loops, Metrics& metrics,
                             std::size_t max_spectators_per_match)
    : rooms_(std::move(loops),
             {metrics.gauge("troupe_match_spectators", "Those who watch matches"),
              metrics.counter("troupe_match_spectator_frames_missed_total",
                              "Frames not sent to spectators who are slow")},
             {.max_members_per_room = max_spectators_per_match}) {}

bool MatchAudience::watched(const std::string& match) const {
  return rooms_.members(match) > 0;
}

void MatchAudience::show(const std::string& match, const std::string& frame) {
  rooms_.publish(match, ws::binary_frame(frame));
}

void MatchAudience::ended(const std::string& match, const std::vector<match::Placement>& result) {
  json::array rows;
  for (const auto& row : result)
    rows.push_back({{"player", row.player}, {"place", row.place}, {"score", row.score}});
  rooms_.end(match, ws::text_frame(json::serialize(
                        json::object{{"type", "ended"}, {"result", std::move(rows)}})));
}

void mount_match_watch(http::Router& router, const MatchWatchApi& api) {
  router.add_ws("/api/v1/matches/{id}/watch",
                [api](const http::Request& request, const SessionPtr& session) {
                  watch(api, request, session);
                },
                {.access = api.anonymous ? http::Access::open : http::Access::token});
}

}  // namespace troupe::api
