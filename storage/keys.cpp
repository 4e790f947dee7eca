#include "storage/keys.hpp"

namespace troupe::storage {
namespace {

constexpr char kEscape = '\x00';
constexpr char kEscapedZero = '\xff';
constexpr char kEndOfText = '\x01';

template <class T>
void append_big_endian(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

template <class T>
T read_big_endian(std::string_view& in, bool& ok) {
  if (!ok || in.size() < sizeof(T)) {
    ok = false;
    return 0;
  }
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>((value << 8) | static_cast<unsigned char>(in[i]));
  in.remove_prefix(sizeof(T));
  return value;
}

}  // namespace

std::string_view family_name(Family family) noexcept {
  switch (family) {
    case Family::meta:
      return "meta";
    case Family::match:
      return "match";
    case Family::live:
      return "live";
    case Family::ads:
      return "ads";
    case Family::feed:
      return "feed";
    case Family::timeline:
      return "timeline";
    case Family::journal:
      return "journal";
    case Family::cursors:
      return "cursors";
    case Family::idempotency:
      return "idempotency";
  }
  return "?";
}

KeyBuilder::KeyBuilder(std::string_view tag) {
  text(tag);
}

KeyBuilder& KeyBuilder::text(std::string_view piece) {
  for (const char c : piece) {
    key_.push_back(c);
    if (c == kEscape) key_.push_back(kEscapedZero);
  }
  key_.push_back(kEscape);
  key_.push_back(kEndOfText);
  return *this;
}

KeyBuilder& KeyBuilder::u32(std::uint32_t value) {
  append_big_endian(key_, value);
  return *this;
}

KeyBuilder& KeyBuilder::u64(std::uint64_t value) {
  append_big_endian(key_, value);
  return *this;
}

KeyBuilder& KeyBuilder::u64_descending(std::uint64_t value) {
  return u64(~value);
}

KeyReader::KeyReader(std::string_view key, std::string_view tag) : rest_(key) {
  if (text() != tag) ok_ = false;
}

std::string KeyReader::text() {
  std::string out;
  for (std::size_t i = 0; ok_ && i < rest_.size(); ++i) {
    if (rest_[i] != kEscape) {
      out.push_back(rest_[i]);
      continue;
    }
    if (i + 1 == rest_.size()) break;
    if (rest_[i + 1] == kEndOfText) {
      rest_.remove_prefix(i + 2);
      return out;
    }
    if (rest_[i + 1] != kEscapedZero) break;
    out.push_back(kEscape);
    ++i;
  }
  ok_ = false;
  return {};
}

std::uint32_t KeyReader::u32() {
  return read_big_endian<std::uint32_t>(rest_, ok_);
}
std::uint64_t KeyReader::u64() {
  return read_big_endian<std::uint64_t>(rest_, ok_);
}
std::uint64_t KeyReader::u64_descending() {
  const auto value = u64();
  return ok_ ? ~value : 0;
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    if (static_cast<unsigned char>(end.back()) != 0xff) {
      end.back() = static_cast<char>(end.back() + 1);
      return end;
    }
    end.pop_back();
  }
  return end;
}

}  // namespace troupe::storage
