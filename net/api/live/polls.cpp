#include "net/api/live/polls.hpp"

#include <boost/json.hpp>

#include "actors/system/ask.hpp"
#include "base/ids.hpp"
#include "net/api/live/body.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using ApiPtr = std::shared_ptr<const LiveApi>;
using http::Request;
using http::Responder;
using Parse = Result<live::PollAct> (*)(const Request&);

constexpr std::size_t kMaxBody = 8U << 10;
constexpr std::chrono::seconds kVoteTimeout{5};

json::object view(const live::PollView& poll) {
  auto out = live::poll_json(poll.poll);
  if (poll.mine) out["vote"] = *poll.mine;
  return out;
}

Error bad(const char* what) {
  return error(ErrorCode::invalid_argument, what);
}

Result<live::PollAct> parse_open(const Request& request) {
  auto body = body_of(request, {"question", "options", "seconds"});
  if (!body.ok()) return body.error();
  const auto* question = body->if_contains("question");
  const auto* options = body->if_contains("options");
  if (question == nullptr || !question->is_string()) return bad("question: a string");
  if (options == nullptr || !options->is_array()) return bad("options: an array of strings");
  live::OpenPoll out{std::string(question->get_string()), {}, 0};
  for (const auto& option : options->get_array()) {
    if (!option.is_string()) return bad("options: an array of strings");
    out.options.emplace_back(option.get_string());
  }
  const auto seconds = number_in(*body, "seconds");
  if (!seconds.ok()) return seconds.error();
  if (*seconds && **seconds == 0) return bad("seconds: 5 to 86400; leave it out to close by hand");
  out.seconds = seconds->value_or(0);
  return live::PollAct(std::move(out));
}

Result<std::uint64_t> poll_in(const Request& request) {
  const auto number = number_of(request.params.at("number"));
  if (!number) return error(ErrorCode::not_found, "no such poll");
  return *number;
}

Result<live::PollAct> parse_close(const Request& request) {
  const auto number = poll_in(request);
  if (!number.ok()) return number.error();
  return live::PollAct(live::ClosePoll{*number});
}

Result<live::PollAct> parse_vote(const Request& request) {
  const auto number = poll_in(request);
  if (!number.ok()) return number.error();
  auto body = body_of(request, {"option"});
  if (!body.ok()) return body.error();
  const auto option = number_in(*body, "option");
  if (!option.ok()) return option.error();
  if (!*option) return bad("option: which, from 0 on");
  return live::PollAct(live::CastVote{*number, **option});
}

live::Caller caller_of(const Request& request) {
  if (!request.principal) return {};
  return {request.principal->subject, request.principal->has_scope("admin")};
}

void act(const ApiPtr& api, const Request& request, const Responder& out, Parse parse, int status) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) return out.send(error(ErrorCode::not_found, "no such live session"));
  auto what = parse(request);
  if (!what.ok()) return out.send(what.error());
  api->asker.ask_as<live::PollView>(
      live::kKind, id->to_string(), request.time_left(),
      [out, status](const Result<live::PollView>& poll) {
        if (!poll.ok()) return out.send(poll.error());
        out.send(http::json_response(status, view(*poll)));
      },
      live::poll_atom::value, caller_of(request), std::move(*what));
}

void list(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) return out.send(error(ErrorCode::not_found, "no such live session"));
  api->asker.ask_as<live::PollList>(
      live::kKind, id->to_string(), request.time_left(),
      [out](const Result<live::PollList>& polls) {
        if (!polls.ok()) return out.send(polls.error());
        json::array items;
        for (const auto& poll : *polls) items.push_back(view(poll));
        out.send(http::json_response(200, json::object{{"items", std::move(items)}}));
      },
      live::polls_atom::value, caller_of(request));
}

}  // namespace

void mount_live_polls(http::Router& router, ApiPtr api) {
  const std::string root = "/api/v1/live/{id}/polls";
  const auto access = api->anonymous_viewers ? http::Access::open : http::Access::token;
  router.add("GET", root,
             [api](const Request& request, const Responder& out) { list(api, request, out); },
             {.access = access});
  const auto add = [&](const char* method, const std::string& pattern, Parse parse, int status) {
    router.add(method, pattern,
               [api, parse, status](const Request& request, const Responder& out) {
                 act(api, request, out, parse, status);
               },
               {.max_body_bytes = kMaxBody});
  };
  add("POST", root, parse_open, 201);
  add("POST", root + "/{number}/close", parse_close, 200);
  add("PUT", root + "/{number}/vote", parse_vote, 200);
}

void cast_vote(const LiveApi& api, const std::string& session, const live::Caller& caller,
               const json::object& message, std::function<void(const Result<std::string>&)> then) {
  const auto poll = number_in(message, "poll"), option = number_in(message, "option");
  if (!poll.ok() || !option.ok() || !*poll || !*option)
    return then(bad("poll and option: whole numbers"));
  api.asker.ask_as<live::PollView>(
      live::kKind, session, kVoteTimeout,
      [then = std::move(then), number = **poll,
       chosen = **option](const Result<live::PollView>& reply) {
        if (!reply.ok()) return then(reply.error());
        then(
            json::serialize(json::object{{"type", "voted"}, {"poll", number}, {"option", chosen}}));
      },
      live::poll_atom::value, caller, live::PollAct(live::CastVote{**poll, **option}));
}

}  // namespace troupe::api
