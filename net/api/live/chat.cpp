// A session's chat over HTTP: its rules for all, and what its moderators do.
#include <boost/json.hpp>

#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "base/ids.hpp"
#include "net/api/live/api.hpp"
#include "net/api/live/body.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using ApiPtr = std::shared_ptr<const LiveApi>;
using http::Request;
using http::Responder;
/// What a request wants done, from its path and body.
using Parse = Result<live::ModerationAct> (*)(const Request&);

constexpr std::size_t kMaxBody = 32U << 10;  // 200 words of 64 bytes with room for escapes

json::object line_view(const live::ChatLine& line) {
  return {{"number", line.number}, {"user", line.user},       {"name", line.name},
          {"text", line.text},     {"time_ms", line.time_ms}, {"role", live::to_string(line.role)}};
}

json::object view(const live::ChatStatus& chat) {
  json::object out{{"role", live::to_string(chat.role)},
                   {"slow_mode_s", chat.rules.slow_mode_s},
                   {"moderators", json::value_from(chat.rules.moderators)},
                   {"pinned", nullptr}};
  if (chat.rules.pinned) out["pinned"] = line_view(*chat.rules.pinned);
  if (chat.role == live::ChatRole::viewer) return out;
  out["words"] = json::value_from(chat.rules.words);
  json::array bans;
  for (const auto& ban : chat.bans) {
    json::object row{
        {"user", ban.user}, {"by", ban.by}, {"reason", ban.reason}, {"until_ms", nullptr}};
    if (ban.until_ms != 0) row["until_ms"] = ban.until_ms;
    bans.push_back(std::move(row));
  }
  out["bans"] = std::move(bans);
  return out;
}

Error bad(const char* what) {
  return error(ErrorCode::invalid_argument, what);
}

Result<live::ModerationAct> parse_rules(const Request& request) {
  auto body = body_of(request, {"slow_mode_s", "words"});
  if (!body.ok()) return body.error();
  if (body->empty()) return bad("slow_mode_s or words");
  live::SetChatRules out;
  const auto slow = number_in(*body, "slow_mode_s");
  if (!slow.ok()) return slow.error();
  if (*slow) {
    if (**slow > live::kMaxSlowModeS) return bad("slow_mode_s: 0 to 3600");
    out.slow_mode_s = static_cast<std::uint32_t>(**slow);
  }
  if (const auto* words = body->if_contains("words")) {
    if (!words->is_array()) return bad("words: an array of strings");
    out.words.emplace();
    for (const auto& word : words->get_array()) {
      if (!word.is_string()) return bad("words: an array of strings");
      out.words->emplace_back(word.get_string());
    }
  }
  return live::ModerationAct(std::move(out));
}

Result<live::ModerationAct> parse_appoint(const Request& request) {
  return live::ModerationAct(live::AppointModerator{request.params.at("user")});
}
Result<live::ModerationAct> parse_dismiss(const Request& request) {
  return live::ModerationAct(live::DismissModerator{request.params.at("user")});
}
Result<live::ModerationAct> parse_pardon(const Request& request) {
  return live::ModerationAct(live::PardonUser{request.params.at("user")});
}
Result<live::ModerationAct> parse_unpin(const Request&) {
  return live::ModerationAct(live::UnpinLine{});
}

Result<live::ModerationAct> parse_ban(const Request& request) {
  auto body = body_of(request, {"seconds", "reason"});
  if (!body.ok()) return body.error();
  live::BanUser out{request.params.at("user"), 0, {}};
  const auto seconds = number_in(*body, "seconds");
  if (!seconds.ok()) return seconds.error();
  if (*seconds && **seconds == 0) return bad("seconds: at least 1; leave it out to ban for good");
  out.seconds = seconds->value_or(0);
  if (const auto* reason = body->if_contains("reason")) {
    if (!reason->is_string()) return bad("reason: a string");
    out.reason = std::string(reason->get_string());
  }
  return live::ModerationAct(std::move(out));
}

Result<live::ModerationAct> parse_pin(const Request& request) {
  auto body = body_of(request, {"number"});
  if (!body.ok()) return body.error();
  const auto number = number_in(*body, "number");
  if (!number.ok()) return number.error();
  if (!*number) return bad("number: which line");
  return live::ModerationAct(live::PinLine{**number});
}

Result<live::ModerationAct> parse_erase(const Request& request) {
  const auto number = number_of(request.params.at("number"));
  if (!number) return error(ErrorCode::not_found, "no such line");
  return live::ModerationAct(live::EraseLine{*number});
}

live::Caller caller_of(const Request& request) {
  return {request.principal->subject, request.principal->has_scope("admin")};
}

template <class... Args>
void ask_chat(const ApiPtr& api, const Request& request, const Responder& out, Args... args) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) return out.send(error(ErrorCode::not_found, "no such live session"));
  api->asker.ask_as<live::ChatStatus>(
      live::kKind, id->to_string(), request.time_left(),
      [out](const Result<live::ChatStatus>& chat) {
        if (!chat.ok()) return out.send(chat.error());
        out.send(http::json_response(200, view(*chat)));
      },
      std::move(args)...);
}

}  // namespace

void mount_live_chat(http::Router& router, ApiPtr api) {
  const std::string root = "/api/v1/live/{id}/chat";
  router.add("GET", root, [api](const Request& request, const Responder& out) {
    ask_chat(api, request, out, live::chat_atom::value, caller_of(request));
  });
  const auto moderate = [&](const char* method, const std::string& pattern, Parse parse) {
    router.add(method, pattern,
               [api, parse](const Request& request, const Responder& out) {
                 auto act = parse(request);
                 if (!act.ok()) return out.send(act.error());
                 ask_chat(api, request, out, live::moderate_atom::value,
                          live::Moderation{caller_of(request), std::move(*act)});
               },
               {.max_body_bytes = kMaxBody});
  };
  moderate("PATCH", root, parse_rules);
  moderate("PUT", root + "/moderators/{user}", parse_appoint);
  moderate("DELETE", root + "/moderators/{user}", parse_dismiss);
  moderate("PUT", root + "/bans/{user}", parse_ban);
  moderate("DELETE", root + "/bans/{user}", parse_pardon);
  moderate("PUT", root + "/pinned", parse_pin);
  moderate("DELETE", root + "/pinned", parse_unpin);
  moderate("DELETE", root + "/lines/{number}", parse_erase);
}

}  // namespace troupe::api
