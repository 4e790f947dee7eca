// Bearer tokens: JSON Web Tokens (RFC 7519) signed with HS256 or ES256, with the algorithm pinned
// per key (RFC 8725).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace troupe {

enum class JwtAlgorithm : std::uint8_t { hs256, es256 };

/// A key and the only algorithm that it may be used with.
struct JwtKey {
  JwtAlgorithm algorithm = JwtAlgorithm::hs256;
  /// HS256: the secret, at least 32 bytes (RFC 7518 section 3.2). ES256: PEM, private to sign,
  /// public to verify.
  std::string material;
};

struct JwtClaims {
  std::string subject;
  std::string audience;
  std::string scope;           ///< space-separated (RFC 8693 section 4.2)
  std::string extra;           ///< private claim `ctx`: what the token is for, beyond its subject
  std::int64_t expires_s = 0;  ///< Unix time
  std::int64_t not_before_s = 0;  ///< 0: no `nbf`
};

inline constexpr std::string_view kIssuer = "troupe";
inline constexpr std::chrono::seconds kJwtLeeway{30};

/// Errors: invalid_argument (the key does not fit its algorithm).
[[nodiscard]] Result<std::string> sign_jwt(const JwtKey& key, const JwtClaims& claims);

/// Checks the signature with the key's own algorithm (whatever the token says; `none` is refused),
/// `iss`, `aud`, `exp` (required) and `nbf`, with kJwtLeeway. Errors: unauthenticated, the detail
/// says why without echoing the token.
[[nodiscard]] Result<JwtClaims> verify_jwt(const JwtKey& key, std::string_view token,
                                           std::string_view audience, std::int64_t now_s);

}  // namespace troupe
