// Numbers as bytes, little-endian: how games write their states down, and what is hashed of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::game {

/// Two years at 30 Hz: what claims to be later was damaged, and would wrap round.
inline constexpr std::uint32_t kMostTicks = 1U << 31;

/// The low `count` bytes of `value`.
inline void put_bytes(std::string& out, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

/// Reads any bytes without harm: past the end there are zeros, and `complete` is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  /// The next `count` bytes as T, of which they are the low ones.
  template <class T = std::uint32_t>
  [[nodiscard]] T get(std::size_t count = sizeof(T)) {
    std::uint64_t value = 0;
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
    }
    for (std::size_t i = 0; i < count && i < rest_.size(); ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(count < rest_.size() ? count : rest_.size());
    return static_cast<T>(value);
  }
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }
  /// Whether all that was read was there.
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  /// And no more than that.
  [[nodiscard]] bool complete() const noexcept { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// FNV-1a of 64 bits.
class Fnv {
 public:
  void mix(std::uint64_t value, int bytes = 8) noexcept {
    for (int i = 0; i < bytes; ++i)
      hash_ = (hash_ ^ (value >> (8 * i) & 0xff)) * 1'099'511'628'211ULL;
  }
  void mix(std::string_view bytes) noexcept {
    for (const char byte : bytes) mix(static_cast<unsigned char>(byte), 1);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }

 private:
  std::uint64_t hash_ = 14'695'981'039'346'656'037ULL;
};

}  // namespace troupe::game
