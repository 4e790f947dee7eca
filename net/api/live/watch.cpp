// A viewer's WebSocket: the hub sends; what the viewer says is chat.
#include <boost/json.hpp>

#include "actors/live/directory.hpp"
#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "base/ids.hpp"
#include "base/token_bucket.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/api.hpp"
#include "net/api/live/cues.hpp"
#include "net/api/live/party_book.hpp"
#include "net/api/live/polls.hpp"
#include "net/api/live/relay.hpp"
#include "net/api/live/view_book.hpp"
#include "net/api/live/view_roll.hpp"
#include "net/api/relay/edge.hpp"
#include "net/http/router.hpp"
#include "net/ws/hub.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using ApiPtr = std::shared_ptr<const LiveApi>;
using SessionPtr = std::shared_ptr<ws::Session>;

constexpr std::chrono::seconds kChatTimeout{5};
constexpr std::size_t kMaxViewName = 64;
constexpr double kReactionsPerSecond = 5, kReactionsAtOnce = 10;

/// One viewer. Lives on its session's loop.
struct Viewer {
  std::string live_id;
  std::string rendition;  ///< to begin with
  std::string view;       ///< its name, if it has one: a player that comes back
  Visitor visitor;
  Viewing viewing;
  bool closed = false;
  std::string party;  ///< that it watches with; empty: alone
  std::uint64_t member = 0;
  RateLimiter paces{{2, 5}, 1};
  std::function<void()> leave;    ///< set while it is in a room
  std::function<void()> unroll;   ///< set while it may be let go
  std::function<void()> uncount;  ///< set while it counts among its account's views
  bool relayed = false;           ///< the session comes from the origin
  std::string token;              ///< that it came by; for the origin
  bool saying = false;            ///< One line at a time: a viewer cannot fill the actor's mailbox.
  bool voting = false;
  RateLimiter reactions{{kReactionsPerSecond, kReactionsAtOnce}, 1};
};

void tell_error(ws::Session& session, const Error& e) {
  session.send(ws::text_frame(json::serialize(
      json::object{{"type", "error"}, {"code", to_string(e.code)}, {"detail", e.detail}})));
}

std::string text_of(const json::object& message, std::string_view name) {
  const auto* value = message.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

void say(const ApiPtr& api, const SessionPtr& session, const std::shared_ptr<Viewer>& viewer,
         const json::object& message) {
  const auto& principal = viewer->visitor.principal;
  if (!principal)
    return tell_error(*session, error(ErrorCode::unauthenticated, "chat needs a token"));
  if (viewer->saying)
    return tell_error(*session,
                      error(ErrorCode::rate_limited, "the last line is still on its way"));
  viewer->saying = true;
  auto name = text_of(message, "name");
  if (name.empty()) name = principal->subject;
  api->asker.ask_as<live::ChatLine>(
      live::kKind, viewer->live_id, kChatTimeout,
      [session, viewer](const Result<live::ChatLine>& reply) {
        session->post([session, viewer, reply] {
          viewer->saying = false;
          if (!reply.ok()) tell_error(*session, reply.error());
        });
      },
      live::say_atom::value,
      live::Say{{principal->subject, principal->has_scope("admin")},
                std::move(name),
                text_of(message, "text")});
}

/// What the viewer says in a relayed session goes to the origin, as the viewer's own.
void pass_on(const ApiPtr& api, const SessionPtr& session, const std::shared_ptr<Viewer>& viewer,
             bool Viewer::*under_way, std::string_view message) {
  if (viewer->token.empty())
    return tell_error(*session, error(ErrorCode::unauthenticated, "this needs a token"));
  if (viewer.get()->*under_way)
    return tell_error(*session, error(ErrorCode::rate_limited, "the last is still on its way"));
  viewer.get()->*under_way = true;
  api->edge->say(viewer->live_id, viewer->token, std::string(message),
                 [session, viewer, under_way](const Result<std::string>& answer) {
                   session->post([session, viewer, under_way, answer] {
                     viewer.get()->*under_way = false;
                     if (!answer.ok()) return tell_error(*session, answer.error());
                     if (!answer->empty()) session->send(ws::text_frame(*answer));
                   });
                 });
}

void vote(const ApiPtr& api, const SessionPtr& session, const std::shared_ptr<Viewer>& viewer,
          const json::object& message) {
  const auto& principal = viewer->visitor.principal;
  if (!principal)
    return tell_error(*session, error(ErrorCode::unauthenticated, "voting needs a token"));
  if (viewer->voting)
    return tell_error(*session,
                      error(ErrorCode::rate_limited, "the last vote is still on its way"));
  viewer->voting = true;
  cast_vote(*api, viewer->live_id, {principal->subject, principal->has_scope("admin")}, message,
            [session, viewer](const Result<std::string>& reply) {
              session->post([session, viewer, reply] {
                viewer->voting = false;
                if (!reply.ok()) return tell_error(*session, reply.error());
                session->send(ws::text_frame(*reply));
              });
            });
}

void react(const ApiPtr& api, const SessionPtr& session, Viewer& viewer,
           const json::object& message) {
  const auto reaction = ws::reaction_of(text_of(message, "reaction"));
  if (!reaction) return tell_error(*session, error(ErrorCode::invalid_argument, "reaction"));
  if (!viewer.reactions.take("", std::chrono::steady_clock::now()).allowed)
    return tell_error(*session, error(ErrorCode::rate_limited, "too many reactions"));
  if (viewer.relayed) return api->edge->react(viewer.live_id, *reaction, 1);
  api->fanout.react(viewer.live_id, *reaction);
}

/// How close to live a member of a party can play now. What is wrong, or too often, is ignored.
void pace(const LiveApi& api, Viewer& viewer, const json::object& message) {
  const auto now = std::chrono::steady_clock::now();
  const auto *epoch = message.if_contains("epoch"), *behind = message.if_contains("behind_ms");
  if (viewer.member == 0 || epoch == nullptr || behind == nullptr) return;
  boost::system::error_code bad_epoch, bad_behind;
  const auto publication = epoch->to_number<std::uint64_t>(bad_epoch);
  const auto behind_ms = behind->to_number<std::int64_t>(bad_behind);
  if (bad_epoch || bad_behind || !viewer.paces.take("", now).allowed) return;
  api.parties->wants(viewer.party, viewer.member, publication, behind_ms, now);
}

/// False when there is no such party, or it is full: then the viewer is let go.
bool join_party(const LiveApi& api, const SessionPtr& session, Viewer& viewer) {
  if (viewer.party.empty()) return true;
  auto member =
      api.parties->join(viewer.live_id, viewer.party,
                        [weak = std::weak_ptr<ws::Session>(session)](const std::string& message) {
                          if (const auto self = weak.lock()) self->send(ws::text_frame(message));
                        });
  if (!member.ok()) {
    session->close(ws::close_code(member.code()), member.error().detail);
    return false;
  }
  viewer.member = *member;
  return true;
}

void on_message(const ApiPtr& api, const SessionPtr& session, const std::shared_ptr<Viewer>& viewer,
                std::string_view bytes, bool is_text) {
  if (!is_text)
    return tell_error(*session, error(ErrorCode::invalid_argument, "text messages only"));
  auto message = http::parse_json_object(std::string(bytes));
  if (!message.ok()) return tell_error(*session, message.error());
  const auto type = text_of(*message, "type");
  if (viewer->relayed && type == "chat")
    return pass_on(api, session, viewer, &Viewer::saying, bytes);
  if (viewer->relayed && type == "vote")
    return pass_on(api, session, viewer, &Viewer::voting, bytes);
  if (type == "chat") return say(api, session, viewer, *message);
  if (type == "pace") return pace(*api, *viewer, *message);
  if (type == "vote") return vote(api, session, viewer, *message);
  if (type == "react") return react(api, session, *viewer, *message);
  if (type == "rendition")
    return api->fanout.choose(viewer->live_id, *session, text_of(*message, "name"));
  tell_error(*session, error(ErrorCode::invalid_argument, "unknown type"));
}

void send_history(const ApiPtr& api, const SessionPtr& session, const std::string& id) {
  greet_viewer(*api, id, [session](const Result<std::vector<std::string>>& texts) {
    if (!texts.ok()) return;
    for (const auto& text : *texts) session->send(ws::text_frame(text));
  });
}

/// Counts the view among its account's. False when it is one too many: then it is closed.
bool count(const ApiPtr& api, const SessionPtr& session, Viewer& viewer) {
  if (viewer.viewing.account.empty()) return true;
  const auto replaced = [weak = std::weak_ptr<ws::Session>(session)] {
    const auto self = weak.lock();
    if (!self) return;
    self->post([self] {
      self->close(ws::close_code(ErrorCode::conflict), "watched over another connection now");
    });
  };
  auto entered = api->views->enter(
      viewer.viewing.account, viewer.view.empty() ? make_id_string() : viewer.view,
      api->directory.views_per_account(viewer.live_id), std::chrono::steady_clock::now(), replaced);
  if (!entered.ok()) {
    session->close(ws::close_code(entered.code()), entered.error().detail);
    return false;
  }
  viewer.uncount = std::move(*entered);
  return true;
}

/// False when it may not watch: then it is closed.
bool judge(const LiveApi& api, ws::Session& session, Viewer& viewer) {
  auto verdict = live_access(*api.gate, viewer.visitor, viewer.live_id, Way::live);
  if (const auto* why = std::get_if<Refusal>(&verdict)) {
    refuse(session, *why);
    return false;
  }
  viewer.viewing = std::get<Viewing>(std::move(verdict));
  return true;
}

void let_in(const ApiPtr& api, const SessionPtr& session, const std::shared_ptr<Viewer>& viewer) {
  // Again, or for the first time: where the session is has been asked meanwhile.
  if (!judge(*api, *session, *viewer)) return;
  if (!count(api, session, *viewer) || !join_party(*api, session, *viewer)) return;
  auto joined = api->fanout.join(viewer->live_id, session, viewer->rendition);
  if (!joined.ok()) return session->close(ws::close_code(joined.code()), joined.error().detail);
  viewer->leave = std::move(*joined);
  viewer->unroll =
      api->roll->enter(viewer->live_id, viewer->visitor, viewer->viewing,
                       [weak = std::weak_ptr<ws::Session>(session)](const Refusal& why) {
                         if (const auto self = weak.lock()) refuse(*self, why);
                       });
  for (const auto& cue : api->cues->pending(viewer->live_id)) session->send(ws::text_frame(cue));
  send_history(api, session, viewer->live_id);
}

/// Once the session is relayed to here, or cannot be.
void admit_relayed(const ApiPtr& api, const SessionPtr& session,
                   const std::shared_ptr<Viewer>& viewer, const Result<void>& here) {
  if (viewer->closed) return;
  if (!here.ok()) return session->close(ws::close_code(here.code()), here.error().detail);
  viewer->relayed = true;
  let_in(api, session, viewer);
}

/// Only sessions that exist get a room: else anybody could fill memory with rooms.
void admit(const ApiPtr& api, const SessionPtr& session, const std::shared_ptr<Viewer>& viewer,
           const Result<live::Session>& found) {
  if (viewer->closed) return;
  if (!found.ok() && found.code() == ErrorCode::not_found && api->edge != nullptr) {
    return api->edge->enter(viewer->live_id, {}, [api, session, viewer](const Result<void>& here) {
      session->post([api, session, viewer, here] { admit_relayed(api, session, viewer, here); });
    });
  }
  if (!found.ok()) return session->close(ws::close_code(found.code()), found.error().detail);
  if (found->state == live::State::ended) {
    return session->close(ws::close_code(ErrorCode::conflict), "the session has ended");
  }
  let_in(api, session, viewer);
}

std::string token_of(const http::Request& request) {
  constexpr std::string_view kBearer = "bearer ";
  const auto header = request.header("authorization").value_or("");
  return header.size() > kBearer.size() ? header.substr(kBearer.size())
                                        : request.query_value("access_token").value_or("");
}

}  // namespace

void mount_live_watch(http::Router& router, ApiPtr api) {
  router.add_ws(
      "/live/{id}/ws",
      [api](http::Request request, SessionPtr session) {
        auto viewer = std::make_shared<Viewer>();
        const auto id = parse_id(request.params.at("id"));
        if (!id)
          return session->close(ws::close_code(ErrorCode::not_found), "no such live session");
        viewer->live_id = id->to_string();
        if (request.query_value("relay")) return serve_edge(api, request, viewer->live_id, session);
        if (api->edge != nullptr && request.principal) viewer->token = token_of(request);
        viewer->visitor = visitor_of(request);
        // What a session of the origin asks of viewers is known once it is relayed to here.
        if (!maybe_relayed(*api, viewer->live_id) && !judge(*api, *session, *viewer)) return;
        viewer->party = request.query_value("party").value_or("").substr(0, kMaxViewName);
        viewer->view = request.query_value("view").value_or("").substr(0, kMaxViewName);
        viewer->rendition = request.query_value("rendition").value_or("");
        session->on_message([api, viewer, weak = std::weak_ptr<ws::Session>(session)](
                                std::string_view bytes, bool text) {
          if (const auto self = weak.lock()) on_message(api, self, viewer, bytes, text);
        });
        session->on_close([api, viewer] {
          viewer->closed = true;
          if (auto leave = std::exchange(viewer->leave, nullptr)) leave();
          if (auto unroll = std::exchange(viewer->unroll, nullptr)) unroll();
          if (viewer->member != 0)
            api->parties->leave(viewer->party, viewer->member, std::chrono::steady_clock::now());
          if (auto uncount = std::exchange(viewer->uncount, nullptr)) uncount();
        });
        api->asker.ask_as<live::Session>(
            live::kKind, viewer->live_id, kChatTimeout,
            [api, session, viewer](const Result<live::Session>& found) {
              session->post([api, session, viewer, found] { admit(api, session, viewer, found); });
            },
            live::read_atom::value);
      },
      {.access = http::Access::open});
}

}  // namespace troupe::api
