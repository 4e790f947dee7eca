#include "net/api/live/access.hpp"

#include <algorithm>
#include <chrono>

#include <boost/json.hpp>

#include "actors/live/directory.hpp"
#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "base/metrics.hpp"
#include "net/http/address_range.hpp"
#include "net/ws/session.hpp"

namespace troupe::api {

namespace {

constexpr int kUnauthenticated = 401, kForbidden = 403;
constexpr int kLegalReasons = 451;  // RFC 7725
constexpr std::uint64_t kMaxAgeS = 86'400;

std::uint64_t unix_s() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

Refusal forbidden(std::string reason, std::string detail) {
  return {kForbidden, 4000 + static_cast<std::uint16_t>(ErrorCode::forbidden), std::move(reason),
          std::move(detail)};
}

/// What is wrong with a link that was shown.
std::optional<Refusal> judge_link(const ViewGate& gate, const Visitor& visitor,
                                  const std::string& session, Way way, Viewing& viewing) {
  const auto read = read_link(*visitor.link);
  if (!read.ok()) return forbidden("link_malformed", "link: " + read.error().detail);
  if (const auto fine = gate.keys.check(*read); !fine.ok())
    return fine.code() == ErrorCode::not_found
               ? forbidden("link_key", "link: its key is not known here")
               : forbidden("link_signature", "link: the signature is not right");
  const auto& link = read->link;
  if (link.session != session) return forbidden("link_session", "link: of another session");
  if (link.expires_s <= unix_s()) return forbidden("link_expired", "link: it has expired");
  if (!link.ways.empty() && std::ranges::find(link.ways, way) == link.ways.end())
    return forbidden("link_scope", "link: not for this");
  if (!link.address.empty()) {
    const auto range = http::AddressRange::parse(link.address);
    if (!range.ok() || !range->holds(visitor.remote))
      return forbidden("link_address", "link: not from this address");
    viewing.placed = true;
  }
  viewing.link = *visitor.link;
  viewing.viewer = link.viewer;
  viewing.expires_s = link.expires_s;
  return std::nullopt;
}

live::ViewAccess access_of(const ViewGate& gate, const live::Directory::Viewing* own) {
  const auto access = own == nullptr ? live::ViewAccess::standard : own->rules.access;
  if (access != live::ViewAccess::standard) return access;
  return gate.anonymous_viewers ? live::ViewAccess::open : live::ViewAccess::token;
}

std::variant<Viewing, Refusal> judge(const ViewGate& gate, const Visitor& visitor,
                                     const std::string& session, Way way) {
  Viewing viewing;
  if (visitor.principal) viewing.account = visitor.principal->subject;
  if (visitor.link) {
    if (auto wrong = judge_link(gate, visitor, session, way, viewing)) return *wrong;
    if (!viewing.viewer.empty()) viewing.account = "link/" + viewing.viewer;
  }
  const auto own = gate.directory.viewing(session);
  const auto access = access_of(gate, own.get());
  const bool its_own = visitor.principal && (visitor.principal->has_scope("admin") ||
                                             (own && own->owner == visitor.principal->subject));
  if (access == live::ViewAccess::token && viewing.link.empty() && !visitor.principal)
    return Refusal{kUnauthenticated, 4000 + static_cast<std::uint16_t>(ErrorCode::unauthenticated),
                   "token_needed", "watching needs a bearer token or a link"};
  if (access == live::ViewAccess::link && viewing.link.empty() && !its_own)
    return forbidden("link_needed", "this session is watched by link");
  viewing.by_token = access != live::ViewAccess::open && viewing.link.empty();
  const bool by_country = own && own->rules.countries.rule != live::Countries::Rule::any;
  viewing.placed = viewing.placed || by_country;
  if (by_country && !its_own) {
    const auto country = gate.country ? gate.country(visitor.remote) : std::string();
    if (!own->rules.countries.admit(country, gate.unknown_country_may))
      return Refusal{kLegalReasons, 4000 + kLegalReasons, "country",
                     "this session is not for where you are"};
  }
  return viewing;
}

void as_role(live::ChatRole least, const char* otherwise, const actors::Asker& asker,
             const http::Request& request, const std::string& session, const http::Responder& out,
             std::function<void()> then) {
  const live::Caller caller{request.principal->subject, request.principal->has_scope("admin")};
  asker.ask_as<live::ChatStatus>(
      live::kKind, session, request.time_left(),
      [least, otherwise, out, then = std::move(then)](const Result<live::ChatStatus>& chat) {
        if (!chat.ok()) return out.send(chat.error());
        if (chat->role < least) return out.send(error(ErrorCode::forbidden, otherwise));
        then();
      },
      live::chat_atom::value, caller);
}

/// Caches that are shared know neither tokens nor where a viewer is; of links they know the address
/// that it is part of.
void limit_caching(http::Response& response, const Viewing& viewing) {
  const auto found = response.headers.find("Cache-Control");
  if (found == response.headers.end() || !found->second.starts_with("public")) return;
  if (viewing.link.empty() || viewing.placed)
    found->second.replace(0, std::string_view("public").size(), "private");
  if (viewing.link.empty()) return;
  const auto now = unix_s();
  const auto left = viewing.expires_s > now ? viewing.expires_s - now : 0;
  const auto age = "max-age=" + std::to_string(kMaxAgeS);
  const auto at = found->second.find(age);
  if (at != std::string::npos && left < kMaxAgeS)
    found->second.replace(at, age.size(), "max-age=" + std::to_string(left));
}

void carry_link(http::Response& response, const std::string& link) {
  if (const auto at = response.headers.find("Location"); at != response.headers.end())
    at->second = uri_with_link(at->second, link);
  const bool hls = response.content_type == "application/vnd.apple.mpegurl";
  if (!hls && response.content_type != "application/dash+xml") return;
  const auto& text = response.shared_body ? *response.shared_body : response.body;
  response.body = hls ? hls_with_link(text, link) : dash_with_link(text, link);
  response.shared_body.reset();
}

}  // namespace

Visitor visitor_of(const http::Request& request) {
  return {request.remote, request.principal, request.query_value("link")};
}

std::variant<Viewing, Refusal> live_access(const ViewGate& gate, const Visitor& visitor,
                                           const std::string& session, Way way) {
  auto verdict = judge(gate, visitor, session, way);
  if (const auto* refusal = std::get_if<Refusal>(&verdict)) {
    gate.metrics
        .counter("troupe_live_views_refused_total", "Viewers who may not watch, by reason",
                 {{"reason", refusal->reason}})
        .Increment();
  }
  return verdict;
}

std::optional<Viewing> admit_viewer(const ViewGate& gate, const http::Request& request,
                                    const std::string& session, Way way,
                                    const http::Responder& out) {
  auto verdict = live_access(gate, visitor_of(request), session, way);
  if (auto* viewing = std::get_if<Viewing>(&verdict)) return std::move(*viewing);
  out.send(refusal_response(std::get<Refusal>(verdict)));
  return std::nullopt;
}

http::Response refusal_response(const Refusal& refusal) {
  const auto code =
      refusal.status == kUnauthenticated ? ErrorCode::unauthenticated : ErrorCode::forbidden;
  boost::json::object body{{"type", "/problems/" + std::string(to_string(code))},
                           {"title", to_string(code)},
                           {"status", refusal.status},
                           {"code", to_string(code)},
                           {"reason", refusal.reason},
                           {"detail", refusal.detail}};
  auto response = http::json_response(refusal.status, body);
  response.content_type = "application/problem+json";
  response.headers = {{"Cache-Control", "no-store"}, {"Access-Control-Allow-Origin", "*"}};
  if (code == ErrorCode::unauthenticated) response.headers["WWW-Authenticate"] = "Bearer";
  return response;
}

void refuse(ws::Session& session, const Refusal& refusal) {
  session.close(refusal.close_code, refusal.reason + ": " + refusal.detail);
}

http::Responder as_seen_by(const Viewing& viewing, const http::Responder& out) {
  if (viewing.link.empty() && !viewing.by_token && !viewing.placed) return out;
  return http::Responder([viewing, out](http::Response response) {
    limit_caching(response, viewing);
    if (!viewing.link.empty()) carry_link(response, viewing.link);
    out.send(std::move(response));
  });
}

void as_moderator(const actors::Asker& asker, const http::Request& request,
                  const std::string& session, const http::Responder& out,
                  std::function<void()> then) {
  as_role(live::ChatRole::moderator, "only the owner and moderators", asker, request, session, out,
          std::move(then));
}

void as_owner(const actors::Asker& asker, const http::Request& request, const std::string& session,
              const http::Responder& out, std::function<void()> then) {
  as_role(live::ChatRole::owner, "only the owner", asker, request, session, out, std::move(then));
}

}  // namespace troupe::api
