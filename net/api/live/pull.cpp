#include "net/api/live/pull.hpp"

#include <boost/json.hpp>

#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "base/ids.hpp"
#include "net/http/router.hpp"
#include "net/ingest/pull_ingest.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using PullsPtr = std::shared_ptr<ingest::PullIngest>;

constexpr std::size_t kMaxBody = 4U << 10;

json::object view(const ingest::PullStatus& status) {
  json::object out{{"url", status.url},
                   {"state", ingest::to_string(status.state)},
                   {"since_ms", status.since_ms},
                   {"attempts", status.attempts}};
  if (status.error)
    out["error"] = {{"code", to_string(status.error->code)}, {"detail", status.error->detail}};
  return out;
}

/// Runs `then` when the caller may do this to the session, which has not ended.
void if_owner(const actors::Asker& asker, const Request& request, const Responder& out,
              std::function<void(const live::Session&)> then) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) return out.send(error(ErrorCode::not_found, "no such live session"));
  asker.ask_as<live::Session>(
      live::kKind, id->to_string(), request.time_left(),
      [out, then = std::move(then), who = *request.principal](const Result<live::Session>& reply) {
        if (!reply.ok()) return out.send(reply.error());
        if (reply->owner != who.subject && !who.has_scope("admin"))
          return out.send(error(ErrorCode::forbidden, "not your session"));
        if (reply->state == live::State::ended)
          return out.send(error(ErrorCode::conflict, "the session has ended"));
        then(*reply);
      },
      live::read_atom::value);
}

void answer_status(const PullsPtr& pulls, const std::string& id, const Responder& out) {
  const auto status = pulls->status(id);
  if (!status) return out.send(error(ErrorCode::not_found, "nothing is pulled into this session"));
  out.send(http::json_response(200, view(*status)));
}

/// Stores what is pulled from now on and runs `then` when it is durable.
void store(const actors::Asker& asker, const Request& request, const std::string& session,
           live::SessionChange change, std::function<void(const Result<live::Session>&)> then) {
  asker.ask_as<live::Session>(
      live::kKind, session, request.time_left(), std::move(then), live::change_atom::value,
      live::Caller{request.principal->subject, request.principal->has_scope("admin")},
      std::move(change));
}

/// Begins what was stored; if that cannot be, what goes on being pulled is stored again.
void begin(const PullsPtr& pulls, const actors::Asker& asker, const Request& request,
           const live::Session& before, const std::string& url, const Responder& out) {
  const auto begun = pulls->start(before.id, url, before.owner);
  if (begun.ok()) return answer_status(pulls, before.id, out);
  const auto status = pulls->status(before.id);
  const bool over = status && status->state == ingest::PullState::ended;
  store(asker, request, before.id, {.pull_url = over ? "" : before.pull_url, .if_pull_url = url},
        [out, why = begun.error()](const Result<live::Session>&) { out.send(why); });
}

void put(const PullsPtr& pulls, const actors::Asker& asker, const Request& request,
         const Responder& out) {
  const auto body = http::parse_json_object(request.body);
  if (!body.ok()) return out.send(body.error());
  const auto* url = body->if_contains("url");
  if (url == nullptr || !url->is_string() || body->size() > 1)
    return out.send(error(ErrorCode::invalid_argument, "url: a string, and nothing else"));
  auto to = std::string(url->get_string());
  if (const auto fine = ingest::PullIngest::check(to); !fine.ok()) return out.send(fine.error());
  if_owner(asker, request, out, [pulls, &asker, request, out, to](const live::Session& session) {
    store(asker, request, session.id, {.pull_url = to},
          [pulls, &asker, request, out, before = session, to](const Result<live::Session>& stored) {
            if (!stored.ok()) return out.send(stored.error());
            begin(pulls, asker, request, before, to, out);
          });
  });
}

void remove(const PullsPtr& pulls, const actors::Asker& asker, const Request& request,
            const Responder& out) {
  if_owner(asker, request, out, [pulls, &asker, request, out](const live::Session& session) {
    store(asker, request, session.id, {.pull_url = ""},
          [pulls, out, before = session](const Result<live::Session>& stored) {
            if (!stored.ok()) return out.send(stored.error());
            const auto done = pulls->stop(before.id);
            if (!done.ok() && before.pull_url.empty()) return out.send(done.error());
            out.send(http::Response{.status = 204});
          });
  });
}

}  // namespace

void mount_live_pull(http::Router& router, const actors::Asker& asker, PullsPtr pulls) {
  constexpr std::string_view kPath = "/api/v1/live/{id}/pull";
  router.add("PUT", kPath,
             [pulls, &asker](const Request& request, const Responder& out) {
               put(pulls, asker, request, out);
             },
             {.max_body_bytes = kMaxBody});
  router.add("GET", kPath, [pulls, &asker](const Request& request, const Responder& out) {
    if_owner(asker, request, out,
             [pulls, out](const live::Session& session) { answer_status(pulls, session.id, out); });
  });
  router.add("DELETE", kPath, [pulls, &asker](const Request& request, const Responder& out) {
    remove(pulls, asker, request, out);
  });
}

LiveIngestHooks pull_hooks(std::function<ingest::PullIngest*()> pulls) {
  return {.describe =
              [pulls](const std::string& id, json::object& session) {
                const auto* all = pulls();
                const auto status = all == nullptr ? std::nullopt : all->status(id);
                if (!status) return;
                // Not the URL, which may hold a password: it is for the owner.
                session["pull"] = {{"state", ingest::to_string(status->state)},
                                   {"since_ms", status->since_ms},
                                   {"attempts", status->attempts}};
              },
          .may_pull = [pulls](const std::string& url, const std::string& owner) -> Result<void> {
            auto* all = pulls();
            if (all == nullptr) return error(ErrorCode::unavailable, "the server is starting");
            return all->may_start(url, owner);
          },
          .pull = [pulls](const std::string& id, const std::string& url,
                          const std::string& owner) -> Result<void> {
            auto* all = pulls();
            if (all == nullptr) return error(ErrorCode::unavailable, "the server is starting");
            return all->start(id, url, owner);
          },
          .ended =
              [pulls](const std::string& id) {
                if (auto* all = pulls()) static_cast<void>(all->stop(id));  // or nothing is pulled
              }};
}

}  // namespace troupe::api
