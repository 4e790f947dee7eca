#include "net/http/request_head.hpp"

#include <algorithm>
#include <cctype>

#include <boost/url/parse.hpp>
#include <openssl/evp.h>
#include <sodium.h>

#include "base/ids.hpp"

namespace troupe::http {
namespace {

constexpr std::size_t kMaxTargetBytes = 8192;
constexpr std::size_t kMaxRequestIdBytes = 64;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// A client may name its request; only harmless characters go into our log and header.
bool is_request_id(const std::string& id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

std::vector<std::string> split_scopes(const std::string& scope) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at < scope.size()) {
    const auto end = std::min(scope.find(' ', at), scope.size());
    if (end > at) out.push_back(scope.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string bearer_token(const Request& request, bool is_websocket) {
  if (const auto header = request.header("authorization");
      header && lower(header->substr(0, 7)) == "bearer ") {
    return header->substr(7);
  }
  return is_websocket ? request.query_value("access_token").value_or("") : std::string();
}

}  // namespace

Result<Request> read_head(const Header& header, std::string remote) {
  Request request;
  request.method = std::string(header.method_string());
  request.remote = std::move(remote);
  const auto raw_target = header.target();
  if (raw_target.size() > kMaxTargetBytes)
    return error(ErrorCode::invalid_argument, "the target is over 8 KiB");
  const auto target = boost::urls::parse_origin_form({raw_target.data(), raw_target.size()});
  if (target.has_error()) return error(ErrorCode::invalid_argument, "the target is not a path");
  request.path = target->path();
  for (const auto& param : target->params()) request.query.emplace(param.key, param.value);
  for (const auto& field : header) {
    auto& slot = request.headers[lower({field.name_string().data(), field.name_string().size()})];
    if (!slot.empty()) slot += ", ";
    slot.append(field.value().data(), field.value().size());
  }
  // RFC 9112 section 3.2.
  if (header.version() >= 11 && header.count(boost::beast::http::field::host) != 1) {
    return error(ErrorCode::invalid_argument, "there must be exactly one Host");
  }
  const auto given = request.header("x-request-id");
  request.request_id = given && is_request_id(*given) ? *given : make_id_string();
  return request;
}

Result<Principal> principal_of(std::string_view token, const JwtKey& key,
                               const std::string& audience) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  auto claims = verify_jwt(key, token, audience, now.count());
  if (!claims.ok()) return claims.error();
  return Principal{claims->subject, split_scopes(claims->scope)};
}

Result<void> authenticate(Request& request, const RouteOptions& route, bool is_websocket,
                          const JwtKey& key, const std::string& audience) {
  if (route.access == Access::own) return {};
  const auto token = bearer_token(request, is_websocket);
  if (token.empty()) {
    if (route.access == Access::open) return {};
    return error(ErrorCode::unauthenticated, "this needs a bearer token");
  }
  auto principal = principal_of(token, key, audience);
  if (!principal.ok()) return principal.error();
  request.principal = std::move(*principal);
  if (!route.scope.empty() && !request.principal->has_scope(route.scope)) {
    return error(ErrorCode::forbidden, "this needs the scope " + route.scope);
  }
  return {};
}

std::string websocket_accept(const std::string& key) {
  const std::string input = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(input.data(), input.size(), digest, &size, EVP_sha1(), nullptr);
  char text[64];
  return sodium_bin2base64(text, sizeof text, digest, size, sodium_base64_VARIANT_ORIGINAL);
}

Result<void> check_upgrade(const Request& request) {
  const auto has = [&](const char* name, const char* token) {
    return lower(request.header(name).value_or("")).find(token) != std::string::npos;
  };
  if (!has("upgrade", "websocket") || !has("connection", "upgrade")) {
    return error(ErrorCode::invalid_argument, "this is a WebSocket: send Upgrade: websocket");
  }
  if (request.header("sec-websocket-version").value_or("") != "13") {
    return error(ErrorCode::invalid_argument, "Sec-WebSocket-Version must be 13");
  }
  if (request.header("sec-websocket-key").value_or("").size() != 24) {
    return error(ErrorCode::invalid_argument, "Sec-WebSocket-Key must be 16 bytes in base64");
  }
  return {};
}

}  // namespace troupe::http
