// Binary adaptive arithmetic coding: each bit costs what it tells beyond what was learned.
//
// A 32-bit range with carry-less renormalisation, after the coder of Mahoney's lpaq; probabilities
// adapt by the mean of what was seen, at most over the last kMemory bits.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::game {

/// How likely a 1 is, learned. Four bytes, so that models can be kept by the hundred.
class Bit {
 public:
  /// Of 65,536; never 0.
  [[nodiscard]] std::uint32_t one() const noexcept {
    const auto p = state_ >> 16;
    return p < kLeast ? kLeast : p > 65'536 - kLeast ? 65'536 - kLeast : p;
  }
  void learn(bool bit) noexcept;

  [[nodiscard]] bool learned() const noexcept { return (state_ & 0x3ff) != 0; }
  /// The probability in a byte, within 7 % of the less likely value's.
  [[nodiscard]] std::uint8_t packed() const noexcept;
  /// One that goes on learning from there, at the pace of one that saw kUnpackedSeen bits.
  [[nodiscard]] static Bit unpacked(std::uint8_t byte) noexcept;
  static constexpr std::uint32_t kUnpackedSeen = 60;

 private:
  static constexpr std::uint32_t kLeast = 16;
  std::uint32_t state_ = 0x8000'0000U;  ///< 22 bits of probability, 10 of how many were seen
};

class EntropyEncoder {
 public:
  void bit(Bit& model, bool value);
  /// The low `count` bits of `value`, 0 to 32, each as likely 0 as 1.
  void raw(std::uint32_t value, int count);
  /// The bytes so far, ended with as few as tell the rest.
  [[nodiscard]] std::string take();

 private:
  void narrow(std::uint32_t one, bool value);
  std::uint32_t low_ = 0, high_ = 0xffff'ffffU;
  std::string out_;
};

/// Reads any bytes without harm. What it reads past the end are zeros, and `complete` tells.
class EntropyDecoder {
 public:
  explicit EntropyDecoder(std::string_view bytes);
  [[nodiscard]] bool bit(Bit& model);
  [[nodiscard]] std::uint32_t raw(int count);
  /// Whether the bytes were neither fewer nor more than an encoder would have made of what was
  /// read, by up to the four that end it. Cheap: ask early, before believing in a length.
  [[nodiscard]] bool complete() const noexcept;
  /// Whether it has read far past the end: nothing more is to be expected.
  [[nodiscard]] bool exhausted() const noexcept { return consumed_ > bytes_.size(); }

 private:
  [[nodiscard]] bool narrow(std::uint32_t one);
  std::string_view bytes_;
  std::size_t next_ = 0, consumed_ = 0;
  std::uint32_t low_ = 0, high_ = 0xffff'ffffU, value_ = 0;
};

/// Learns the distribution of a whole number of -32,768 to 32,768: exactly up to 15 either way, by
/// magnitude beyond.
class NumberModel {
 public:
  void encode(EntropyEncoder& out, std::int32_t value);
  [[nodiscard]] std::int32_t decode(EntropyDecoder& in);

  /// Calls `visit` with each Bit, always in the same order.
  template <class Visit>
  void each(const Visit& visit) {
    visit(zero_);
    visit(negative_);
    for (auto& bit : exponent_) visit(bit);
    for (auto& bit : mantissa_) visit(bit);
  }

 private:
  Bit zero_, negative_;
  std::array<Bit, 16> exponent_;  ///< a tree of four bits
  std::array<Bit, 47> mantissa_;  ///< trees: all bits below 16, the two highest beyond
};

}  // namespace troupe::game
