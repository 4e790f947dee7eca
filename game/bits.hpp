// Bits in and out of bytes, least significant first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::game {

class BitWriter {
 public:
  /// The low `count` bits of `value`, 0 to 32.
  void put(std::uint32_t value, int count);
  void flag(bool value) { put(value ? 1 : 0, 1); }
  /// Pads to a whole byte.
  [[nodiscard]] std::string take();

 private:
  std::string out_;
  std::uint64_t buffer_ = 0;
  int bits_ = 0;
};

/// Reading past the end gives zeros and turns `ok` false.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}
  std::uint32_t get(int count);
  bool flag() { return get(1) != 0; }
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;  ///< in bits
  bool ok_ = true;
};

}  // namespace troupe::game
