#include "net/api/live/flv.hpp"

#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "actors/live/directory.hpp"
#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "base/ids.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/api.hpp"
#include "net/api/live/relay.hpp"
#include "net/api/live/view_book.hpp"
#include "net/api/live/view_roll.hpp"
#include "net/api/relay/edge.hpp"
#include "net/flv/fanout.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

using ApiPtr = std::shared_ptr<const LiveApi>;
using SessionPtr = std::shared_ptr<ws::Session>;

constexpr std::chrono::seconds kAskTimeout{5};
constexpr std::size_t kMaxViewName = 64;
constexpr int kNotAcceptable = 406;

/// One viewer, from its admission to its end. It may be cut from any thread.
class View {
 public:
  std::string live_id;
  std::string rendition;
  std::string name;  ///< a player that comes back
  Visitor visitor;
  Viewing viewing;

  ~View() {
    if (const auto uncount = std::exchange(uncount_, nullptr)) uncount();
  }

  /// Counts it among its account's. Errors: forbidden.
  static Result<void> count(const LiveApi& api, const std::shared_ptr<View>& view) {
    if (view->viewing.account.empty()) return {};
    auto entered = api.views->enter(
        view->viewing.account, view->name.empty() ? make_id_string() : view->name,
        api.directory.views_per_account(view->live_id), std::chrono::steady_clock::now(),
        [weak = std::weak_ptr<View>(view)] {
          if (const auto self = weak.lock())
            self->close(ws::close_code(ErrorCode::conflict), "watched over another connection now");
        });
    if (!entered.ok()) return entered.error();
    view->uncount_ = std::move(*entered);
    return {};
  }

  /// On the session's loop.
  static void enter(const ApiPtr& api, flv::Fanout& fanout, const std::shared_ptr<View>& view,
                    const SessionPtr& session, flv::Framing framing) {
    {
      const std::lock_guard lock(view->mutex_);
      if (view->over_) return session->close(ws::close_code(ErrorCode::conflict), "");
      view->session_ = session;
    }
    auto joined = fanout.join(view->live_id, session, view->rendition, framing);
    if (!joined.ok()) return session->close(ws::close_code(joined.code()), joined.error().detail);
    auto unroll = api->roll->enter(view->live_id, view->visitor, view->viewing,
                                   [weak = std::weak_ptr<View>(view)](const Refusal& why) {
                                     if (const auto self = weak.lock()) self->cut(why);
                                   });
    session->on_close([view, leave = std::move(*joined), unroll = std::move(unroll)] {
      leave();
      unroll();
    });
  }

 private:
  void close(std::uint16_t code, std::string_view reason) {
    const std::lock_guard lock(mutex_);
    over_ = true;
    if (const auto session = session_.lock()) session->close(code, reason);
  }
  void cut(const Refusal& why) {
    const std::lock_guard lock(mutex_);
    if (const auto session = session_.lock()) refuse(*session, why);
  }

  std::mutex mutex_;
  bool over_ = false;
  std::weak_ptr<ws::Session> session_;
  std::function<void()> uncount_;
};
using ViewPtr = std::shared_ptr<View>;

/// Null: there can be no such session.
ViewPtr view_of(const http::Request& request) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) return nullptr;
  auto view = std::make_shared<View>();
  view->live_id = id->to_string();
  view->rendition = request.query_value("rendition").value_or("").substr(0, kMaxViewName);
  view->name = request.query_value("view").value_or("").substr(0, kMaxViewName);
  view->visitor = visitor_of(request);
  return view;
}

/// Why it cannot be watched.
using Obstacle = std::variant<Error, Refusal>;
using Asked = std::function<void(const std::optional<Obstacle>&)>;

std::optional<Obstacle> judge(const LiveApi& api, View& view) {
  auto verdict = live_access(*api.gate, view.visitor, view.live_id, Way::live);
  if (auto* why = std::get_if<Refusal>(&verdict)) return std::move(*why);
  view.viewing = std::get<Viewing>(std::move(verdict));
  return std::nullopt;
}

/// Before anything is asked, unless it takes that to know what the session asks of viewers.
std::optional<Obstacle> judge_early(const LiveApi& api, View& view) {
  return maybe_relayed(api, view.live_id) ? std::nullopt : judge(api, view);
}

/// Once it is here, if it is to come from an origin.
std::optional<Obstacle> judge_here(const LiveApi& api, const flv::Fanout& fanout, View& view) {
  if (auto obstacle = judge(api, view)) return obstacle;
  if (auto fine = fanout.check(view.live_id, view.rendition); !fine.ok()) return fine.error();
  return std::nullopt;
}

/// Tells `then` on any thread whether it can be watched.
void ask(const ApiPtr& api, const flv::Fanout& fanout, const ViewPtr& view, Asked then) {
  api->asker.ask_as<live::Session>(
      live::kKind, view->live_id, kAskTimeout,
      [api, &fanout, view, then = std::move(then)](const Result<live::Session>& found) {
        if (!found.ok() && found.code() == ErrorCode::not_found && api->edge != nullptr) {
          return api->edge->enter(view->live_id, {},
                                  [api, &fanout, view, then](const Result<void>& here) {
                                    if (!here.ok()) return then(here.error());
                                    then(judge_here(*api, fanout, *view));
                                  });
        }
        if (!found.ok()) return then(found.error());
        if (found->state == live::State::ended)
          return then(error(ErrorCode::conflict, "the session has ended"));
        then(judge_here(*api, fanout, *view));
      },
      live::read_atom::value);
}

http::Response answer_of(const Obstacle& obstacle) {
  if (const auto* refusal = std::get_if<Refusal>(&obstacle)) return refusal_response(*refusal);
  const auto& e = std::get<Error>(obstacle);
  if (e.code == ErrorCode::unsupported) return http::problem_with_status(kNotAcceptable, e);
  constexpr int kRetryS = 2;
  if (e.code == ErrorCode::unavailable) return http::problem(e, kRetryS);
  return http::problem(e);
}

void close_for(const Obstacle& obstacle, const SessionPtr& session) {
  if (const auto* refusal = std::get_if<Refusal>(&obstacle)) return refuse(*session, *refusal);
  const auto& e = std::get<Error>(obstacle);
  session->close(ws::close_code(e.code), e.detail);
}

void watch_http(const ApiPtr& api, flv::Fanout& fanout, const http::Request& request,
                const http::Responder& out) {
  const auto view = view_of(request);
  if (!view) return out.send(error(ErrorCode::not_found, "no such live session"));
  if (const auto obstacle = judge_early(*api, *view)) return out.send(answer_of(*obstacle));
  ask(api, fanout, view, [api, &fanout, view, out](const std::optional<Obstacle>& obstacle) {
    const auto answer = [&](http::Response response) {
      response.headers["Access-Control-Allow-Origin"] = "*";
      response.headers["Cache-Control"] = "no-store";
      out.send(std::move(response));
    };
    if (obstacle) return answer(answer_of(*obstacle));
    if (auto counted = View::count(*api, view); !counted.ok())
      return answer(answer_of(counted.error()));
    http::Response response;
    response.content_type = "video/x-flv";
    response.take_over = [api, &fanout, view](const SessionPtr& session) {
      View::enter(api, fanout, view, session, flv::Framing::plain);
    };
    answer(std::move(response));
  });
}

void watch_websocket(const ApiPtr& api, flv::Fanout& fanout, const http::Request& request,
                     const SessionPtr& session) {
  const auto view = view_of(request);
  if (!view) return close_for(error(ErrorCode::not_found, "no such live session"), session);
  if (const auto obstacle = judge_early(*api, *view)) return close_for(*obstacle, session);
  // Who is gone before it was let in must not be counted.
  const auto gone = std::make_shared<bool>(false);
  session->on_close([gone] { *gone = true; });
  ask(api, fanout, view, [=, &fanout](const std::optional<Obstacle>& obstacle) {
    session->post([=, &fanout] {
      if (*gone) return;
      if (obstacle) return close_for(*obstacle, session);
      if (auto counted = View::count(*api, view); !counted.ok())
        return close_for(counted.error(), session);
      View::enter(api, fanout, view, session, flv::Framing::websocket);
    });
  });
}

}  // namespace

void mount_live_flv(http::Router& router, ApiPtr api, flv::Fanout& fanout) {
  const http::RouteOptions route{.access = http::Access::open};  // the gate judges
  router.add(
      "GET", "/live/{id}.flv",
      [api, &fanout](const http::Request& request, const http::Responder& out) {
        watch_http(api, fanout, request, out);
      },
      route);
  router.add_ws(
      "/live/{id}.flv",
      [api, &fanout](const http::Request& request, const SessionPtr& session) {
        watch_websocket(api, fanout, request, session);
      },
      route);
}

}  // namespace troupe::api
