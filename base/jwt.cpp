#include "base/jwt.hpp"

#include <cstdlib>
#include <memory>

#include <jwt.h>

namespace troupe {
namespace {

struct FreeJwt {
  void operator()(jwt_t* jwt) const noexcept { jwt_free(jwt); }
};
using JwtPtr = std::unique_ptr<jwt_t, FreeJwt>;

constexpr std::size_t kMaxTokenBytes = 8192;
constexpr std::size_t kMinSecretBytes = 32;

jwt_alg_t algorithm_of(const JwtKey& key) {
  return key.algorithm == JwtAlgorithm::hs256 ? JWT_ALG_HS256 : JWT_ALG_ES256;
}

const unsigned char* bytes_of(const JwtKey& key) {
  return reinterpret_cast<const unsigned char*>(key.material.data());
}

std::string grant(jwt_t* jwt, const char* name) {
  const char* value = jwt_get_grant(jwt, name);
  return value == nullptr ? std::string() : std::string(value);
}

Error refused(const char* why) {
  return error(ErrorCode::unauthenticated, why);
}

}  // namespace

Result<std::string> sign_jwt(const JwtKey& key, const JwtClaims& claims) {
  if (key.algorithm == JwtAlgorithm::hs256 && key.material.size() < kMinSecretBytes) {
    return error(ErrorCode::invalid_argument, "an HS256 secret needs at least 32 bytes");
  }
  jwt_t* raw = nullptr;
  if (jwt_new(&raw) != 0) return error(ErrorCode::internal, "jwt_new");
  const JwtPtr jwt(raw);
  jwt_add_grant(raw, "iss", std::string(kIssuer).c_str());
  jwt_add_grant(raw, "sub", claims.subject.c_str());
  jwt_add_grant(raw, "aud", claims.audience.c_str());
  if (!claims.scope.empty()) jwt_add_grant(raw, "scope", claims.scope.c_str());
  if (!claims.extra.empty()) jwt_add_grant(raw, "ctx", claims.extra.c_str());
  jwt_add_grant_int(raw, "exp", claims.expires_s);
  if (claims.not_before_s != 0) jwt_add_grant_int(raw, "nbf", claims.not_before_s);
  if (jwt_set_alg(raw, algorithm_of(key), bytes_of(key), static_cast<int>(key.material.size())) !=
      0) {
    return error(ErrorCode::invalid_argument, "the key does not fit its algorithm");
  }
  char* encoded = jwt_encode_str(raw);
  if (encoded == nullptr) return error(ErrorCode::invalid_argument, "the key cannot sign");
  std::string token(encoded);
  std::free(encoded);
  return token;
}

Result<JwtClaims> verify_jwt(const JwtKey& key, std::string_view token, std::string_view audience,
                             std::int64_t now_s) {
  if (token.empty() || token.size() > kMaxTokenBytes) return refused("no token, or one over 8 KiB");
  jwt_t* raw = nullptr;
  const std::string terminated(token);
  if (jwt_decode(&raw, terminated.c_str(), bytes_of(key), static_cast<int>(key.material.size())) !=
      0) {
    return refused("the token is malformed or its signature is wrong");
  }
  const JwtPtr jwt(raw);
  // The library verifies by the algorithm that the token names; a token that names another than the
  // key's is forged (RFC 8725 section 2.1: a public key used as an HMAC secret).
  if (jwt_get_alg(raw) != algorithm_of(key))
    return refused("the token's algorithm is not the key's");
  if (grant(raw, "iss") != kIssuer) return refused("wrong issuer");
  if (grant(raw, "aud") != audience) return refused("the token is for another audience");
  JwtClaims claims{grant(raw, "sub"),
                   grant(raw, "aud"),
                   grant(raw, "scope"),
                   grant(raw, "ctx"),
                   jwt_get_grant_int(raw, "exp"),
                   jwt_get_grant_int(raw, "nbf")};
  const auto leeway = kJwtLeeway.count();
  if (claims.expires_s == 0) return refused("the token has no expiry");
  if (claims.expires_s + leeway <= now_s) return refused("the token has expired");
  if (claims.not_before_s > now_s + leeway) return refused("the token is not valid yet");
  if (claims.subject.empty()) return refused("the token has no subject");
  return claims;
}

}  // namespace troupe
