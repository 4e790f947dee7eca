// The key that bearer tokens are checked with.
#pragma once

#include <filesystem>
#include <string>

#include "base/jwt.hpp"
#include "base/result.hpp"
#include "server/config.hpp"

namespace troupe::server {

/// Reads the configured key; without one, `<data_dir>/token.key`, which is made (64 random bytes,
/// mode 0600) if it is not there. Errors: io, invalid_argument.
[[nodiscard]] Result<JwtKey> load_token_key(const Config& config);

/// What a secret's file holds: 64 hexadecimal digits, made with mode 0600 if it is not there.
/// Errors: io, invalid_argument (fewer than 32 bytes).
[[nodiscard]] Result<std::string> load_secret(const std::filesystem::path& path);

}  // namespace troupe::server
