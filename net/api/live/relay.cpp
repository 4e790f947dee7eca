#include "net/api/live/relay.hpp"

#include <boost/json.hpp>

#include "actors/live/directory.hpp"
#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "net/api/live/polls.hpp"
#include "net/api/relay/edge.hpp"
#include "net/api/relay/hub.hpp"
#include "net/ws/session.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using relay::error_text;
using SessionPtr = std::shared_ptr<ws::Session>;

constexpr std::chrono::seconds kAskTimeout{5};
constexpr std::chrono::milliseconds kShownFor{1'000};

std::string text_in(const json::object& message, std::string_view name) {
  const auto* value = message.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool relayed_here(const LiveApi& api, const std::string& id) {
  return api.edge != nullptr && api.edge->relays(id);
}

void chat_for_viewer(const LiveApi& api, const std::string& id, const http::Principal& who,
                     const json::object& message, std::function<void(std::string)> then) {
  auto name = text_in(message, "name");
  if (name.empty()) name = who.subject;
  api.asker.ask_as<live::ChatLine>(
      live::kKind, id, kAskTimeout,
      [then = std::move(then)](const Result<live::ChatLine>& reply) {
        then(reply.ok() ? std::string() : error_text(reply.error()));
      },
      live::say_atom::value,
      live::Say{{who.subject, who.has_scope("admin")}, std::move(name), text_in(message, "text")});
}

void join(const std::shared_ptr<const LiveApi>& api, const std::string& id,
          const SessionPtr& session) {
  if (auto joined = api->relay->join(id, session); !joined.ok())
    session->close(ws::close_code(joined.code()), joined.error().detail);
}

}  // namespace

void greet_viewer(const LiveApi& api, const std::string& id,
                  std::function<void(Result<std::vector<std::string>>)> then) {
  if (relayed_here(api, id)) return api.edge->greet(id, std::move(then));
  api.asker.ask_as<live::ChatGreeting>(
      live::kKind, id, kAskTimeout,
      [then = std::move(then)](const Result<live::ChatGreeting>& greeting) {
        if (!greeting.ok()) return then(greeting.error());
        std::vector<std::string> texts{*greeting->chat};
        if (greeting->poll) texts.push_back(*greeting->poll);
        then(std::move(texts));
      },
      live::greet_atom::value);
}

void say_for_viewer(const std::shared_ptr<const LiveApi>& api, const std::string& id,
                    const relay::Forward& said, std::function<void(std::string)> then) {
  if (relayed_here(*api, id)) {
    return api->edge->say(id, said.token, said.message,
                          [then = std::move(then)](const Result<std::string>& answer) {
                            then(answer.ok() ? *answer : error_text(answer.error()));
                          });
  }
  const auto who = api->verify(said.token);
  if (!who.ok()) return then(error_text(who.error()));
  const auto message = http::parse_json_object(said.message);
  if (!message.ok()) return then(error_text(message.error()));
  const auto type = text_in(*message, "type");
  if (type == "chat") return chat_for_viewer(*api, id, *who, *message, std::move(then));
  if (type != "vote") return then(error_text(error(ErrorCode::invalid_argument, "unknown type")));
  cast_vote(*api, id, {who->subject, who->has_scope("admin")}, *message,
            [then = std::move(then)](const Result<std::string>& reply) {
              then(reply.ok() ? *reply : error_text(reply.error()));
            });
}

void serve_edge(const std::shared_ptr<const LiveApi>& api, const http::Request& request,
                const std::string& id, const SessionPtr& session) {
  const auto refuse_with = [session](const Error& why) {
    session->close(ws::close_code(why.code), why.detail);
  };
  if (!request.principal || !request.principal->has_scope(kRelayScope))
    return refuse_with(error(ErrorCode::forbidden, "edges need a token with the scope relay"));
  if (request.query_value("relay") != std::to_string(relay::kVersion))
    return refuse_with(error(ErrorCode::unsupported, "another version of the relay"));
  auto via = relay::parse_via(request.query_value("via").value_or(""), api->instance);
  if (!via.ok()) return refuse_with(via.error());
  api->relay->adopt(id, session);
  api->asker.ask_as<live::Session>(
      live::kKind, id, kAskTimeout,
      [api, id, session, via = std::move(*via), refuse_with](const Result<live::Session>& found) {
        if (!found.ok() && found.code() == ErrorCode::not_found && api->edge != nullptr) {
          return api->edge->enter(id, via, [api, id, session, refuse_with](Result<void> here) {
            if (!here.ok()) return refuse_with(here.error());
            session->post([api, id, session] { join(api, id, session); });
          });
        }
        if (!found.ok()) return refuse_with(found.error());
        if (found->state == live::State::ended)
          return refuse_with(error(ErrorCode::conflict, "the session has ended"));
        session->post([api, id, session] { join(api, id, session); });
      },
      live::read_atom::value);
}

bool maybe_relayed(const LiveApi& api, const std::string& id) {
  return api.edge != nullptr && api.directory.check(id, {}).code() == ErrorCode::not_found;
}

Result<std::vector<std::string>> via_of(const LiveApi& api, const http::Request& request) {
  // A way that a stranger made up would be the upstream's for all who come after.
  if (!request.principal || !request.principal->has_scope(kRelayScope))
    return std::vector<std::string>();
  return relay::parse_via(request.header("troupe-via").value_or(""), api.instance);
}

void show_relayed(const LiveApi& api, const http::Request& request, const std::string& id,
                  const http::Responder& out) {
  auto via = via_of(api, request);
  if (!via.ok()) return out.send(via.error());
  api.edge->fetch("/api/v1/live/" + id, *via, kShownFor,
                  [out, origin = api.edge->origin()](const Result<relay::Fetched>& reply) {
                    if (!reply.ok()) return out.send(reply.error());
                    boost::system::error_code ec;
                    auto body = json::parse(*reply->body, ec);
                    constexpr int kOk = 200, kMissing = 404;
                    if (reply->status == kMissing)
                      return out.send(error(ErrorCode::not_found, "no such live session"));
                    if (reply->status != kOk || ec || !body.is_object())
                      return out.send(error(ErrorCode::unavailable, "the origin has no answer"));
                    auto& session = body.get_object();
                    if (!session.contains("origin")) session["origin"] = origin;
                    out.send(http::json_response(kOk, body));
                  });
}

}  // namespace troupe::api
