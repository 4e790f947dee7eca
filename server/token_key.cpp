#include "server/token_key.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

namespace troupe::server {
namespace {

constexpr std::size_t kSecretBytes = 64;
constexpr std::size_t kLeastBytes = 32;  // RFC 7518, section 3.2: of the hash's size

Result<void> make_secret(const std::filesystem::path& path) {
  std::error_code ec;
  std::filesystem::create_directories(path.parent_path(), ec);
  // Text, so that it can be copied by hand into other tools that mint tokens.
  unsigned char raw[kSecretBytes / 2];
  randombytes_buf(raw, sizeof raw);
  char hex[kSecretBytes + 1];
  sodium_bin2hex(hex, sizeof hex, raw, sizeof raw);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return error(ErrorCode::io, "cannot create " + path.string());
  const bool written =
      ::write(fd, hex, kSecretBytes) == static_cast<ssize_t>(kSecretBytes) && ::fsync(fd) == 0;
  ::close(fd);
  return written ? Result<void>()
                 : Result<void>(error(ErrorCode::io, "cannot write " + path.string()));
}

Result<std::string> read_secret(const std::filesystem::path& path, std::size_t least_bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string secret(std::istreambuf_iterator<char>(file), {});
  if (!file) return error(ErrorCode::io, "cannot read " + path.string());
  if (secret.size() < least_bytes)
    return error(ErrorCode::invalid_argument, path.string() + ": a secret needs at least " +
                                                  std::to_string(least_bytes) + " bytes");
  return secret;
}

}  // namespace

Result<std::string> load_secret(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    if (auto made = make_secret(path); !made.ok()) return made.error();
  }
  return read_secret(path, kLeastBytes);
}

Result<JwtKey> load_token_key(const Config& config) {
  const bool es256 = config.auth_algorithm == "ES256";
  auto material = config.auth_key_file.empty()
                      ? load_secret(std::filesystem::path(config.data_dir) / "token.key")
                      : read_secret(config.auth_key_file, es256 ? 0 : kLeastBytes);
  if (!material.ok()) return material.error();
  return JwtKey{es256 ? JwtAlgorithm::es256 : JwtAlgorithm::hs256, std::move(*material)};
}

}  // namespace troupe::server
