#include "actors/live/session.hpp"

#include <algorithm>

#include <sodium.h>

namespace troupe::live {

std::string_view to_string(State state) noexcept {
  switch (state) {
    case State::idle:
      return "idle";
    case State::live:
      return "live";
    case State::ended:
      return "ended";
  }
  return "ended";
}

std::string_view to_string(RecordMode mode) noexcept {
  switch (mode) {
    case RecordMode::off:
      return "off";
    case RecordMode::window:
      return "window";
    case RecordMode::whole:
      return "whole";
    default:
      return "";
  }
}

Result<RecordMode> parse_record_mode(std::string_view text) {
  for (const auto mode : {RecordMode::off, RecordMode::window, RecordMode::whole})
    if (text == to_string(mode)) return mode;
  return error(ErrorCode::invalid_argument, "record: off, window or whole");
}

KeyHash hash_key(std::string_view key) {
  KeyHash hash;
  crypto_generichash(hash.bytes.data(), hash.bytes.size(),
                     reinterpret_cast<const unsigned char*>(key.data()), key.size(), nullptr, 0);
  return hash;
}

std::string make_key() {
  std::array<unsigned char, 32> random{};
  randombytes_buf(random.data(), random.size());
  constexpr auto kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(random.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), random.data(), random.size(), kVariant);
  text.pop_back();  // the terminator that libsodium writes
  return text;
}

Result<void> check_title(std::string_view title) {
  if (title.empty()) return error(ErrorCode::invalid_argument, "title is empty");
  if (title.size() > kMaxTitleBytes)
    return error(ErrorCode::too_large, "title is longer than 200 bytes");
  const bool control = std::any_of(title.begin(), title.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (control) return error(ErrorCode::invalid_argument, "title holds control characters");
  return {};
}

}  // namespace troupe::live
