#include "game/entropy.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdlib>

namespace troupe::game {
namespace {

/// The bits over which a probability is averaged: more is more exact, fewer follows faster.
constexpr std::uint32_t kMemory = 255;

/// 65,536 / (n + 1.5).
constexpr auto kRates = [] {
  std::array<std::uint16_t, kMemory + 1> out{};
  for (std::uint32_t n = 0; n <= kMemory; ++n)
    out[n] = static_cast<std::uint16_t>(131'072U / (2 * n + 3));
  return out;
}();

constexpr int kFullBits = 3;  ///< mantissas of up to three bits are learned whole
constexpr int kTopBits = 2;   ///< of longer ones, so many

/// Where the tree of a mantissa of `exponent` bits begins.
std::size_t mantissa_tree(int exponent) {
  assert(exponent >= 1 && exponent <= 15);
  if (exponent <= kFullBits)
    return (std::size_t{1} << exponent) - 1 - static_cast<std::size_t>(exponent);
  return 11 + static_cast<std::size_t>(exponent - kFullBits - 1) * 3;
}

}  // namespace

void Bit::learn(bool bit) noexcept {
  const auto seen = state_ & 0x3ff;
  const auto p = state_ >> 10;
  const std::uint32_t target = bit ? 0x3f'ffff : 0;
  const auto step =
      (static_cast<std::int64_t>(target) - static_cast<std::int64_t>(p)) * kRates[seen] / 65'536;
  state_ = static_cast<std::uint32_t>(static_cast<std::int64_t>(p) + step) << 10 |
           (seen < kMemory ? seen + 1 : seen);
}

// A sign, four bits of exponent and three of mantissa of the less likely value's probability.
std::uint8_t Bit::packed() const noexcept {
  const auto p = one();
  const bool likely = p > 32'768;
  const auto rare = likely ? 65'536 - p : p;  // 16 to 32,768
  const int exponent = 15 - (std::bit_width(rare) - 1);
  const auto mantissa = rare >> (12 - exponent) & 7U;
  return static_cast<std::uint8_t>((likely ? 0x80U : 0U) |
                                   static_cast<std::uint32_t>(exponent) << 3 | mantissa);
}

Bit Bit::unpacked(std::uint8_t byte) noexcept {
  const int exponent = byte >> 3 & 0xf;
  // The middle of what has this byte; probabilities of 22 bits here.
  const auto rare = std::clamp(((17U + 2U * (byte & 7U)) << 17) >> exponent, kLeast << 6, 1U << 21);
  Bit out;
  out.state_ = ((byte & 0x80) != 0 ? (1U << 22) - rare : rare) << 10 | kUnpackedSeen;
  return out;
}

void EntropyEncoder::narrow(std::uint32_t one, bool value) {
  const auto range = static_cast<std::uint64_t>(high_ - low_);
  const auto middle = low_ + static_cast<std::uint32_t>(range * one >> 16);
  if (value) {
    high_ = middle;
  } else {
    low_ = middle + 1;
  }
  while (((low_ ^ high_) & 0xff00'0000U) == 0) {
    out_.push_back(static_cast<char>(low_ >> 24));
    low_ <<= 8;
    high_ = high_ << 8 | 0xff;
  }
}

void EntropyEncoder::bit(Bit& model, bool value) {
  narrow(model.one(), value);
  model.learn(value);
}

void EntropyEncoder::raw(std::uint32_t value, int count) {
  for (int i = count - 1; i >= 0; --i) narrow(32'768, (value >> i & 1U) != 0);
}

std::string EntropyEncoder::take() {
  // The shortest number of the range, where all that follows is zeros.
  for (int bytes = 0; bytes <= 4; ++bytes) {
    const auto below = bytes == 4 ? 0 : (std::uint64_t{1} << (32 - 8 * bytes)) - 1;
    const auto candidate = (low_ + below) & ~below;
    if (candidate > high_) continue;
    for (int i = 0; i < bytes; ++i)
      out_.push_back(static_cast<char>(candidate >> (24 - 8 * i) & 0xff));
    break;
  }
  low_ = 0;
  high_ = 0xffff'ffffU;
  return std::move(out_);
}

EntropyDecoder::EntropyDecoder(std::string_view bytes) : bytes_(bytes) {
  for (int i = 0; i < 4; ++i) {
    value_ = value_ << 8 | (next_ < bytes_.size() ? static_cast<unsigned char>(bytes_[next_]) : 0U);
    ++next_;
  }
}

bool EntropyDecoder::narrow(std::uint32_t one) {
  const auto range = static_cast<std::uint64_t>(high_ - low_);
  const auto middle = low_ + static_cast<std::uint32_t>(range * one >> 16);
  const bool value = value_ <= middle;
  if (value) {
    high_ = middle;
  } else {
    low_ = middle + 1;
  }
  while (((low_ ^ high_) & 0xff00'0000U) == 0) {
    low_ <<= 8;
    high_ = high_ << 8 | 0xff;
    value_ = value_ << 8 | (next_ < bytes_.size() ? static_cast<unsigned char>(bytes_[next_]) : 0U);
    ++next_;
    ++consumed_;
  }
  return value;
}

bool EntropyDecoder::bit(Bit& model) {
  const bool value = narrow(model.one());
  model.learn(value);
  return value;
}

std::uint32_t EntropyDecoder::raw(int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 1 | (narrow(32'768) ? 1U : 0U);
  return value;
}

bool EntropyDecoder::complete() const noexcept {
  return consumed_ <= bytes_.size() && bytes_.size() <= consumed_ + 4;
}

void NumberModel::encode(EntropyEncoder& out, std::int32_t value) {
  assert(value >= -32'768 && value <= 32'768);
  out.bit(zero_, value == 0);
  if (value == 0) return;
  out.bit(negative_, value < 0);
  const auto magnitude = static_cast<std::uint32_t>(std::abs(value));
  const int exponent = std::bit_width(magnitude) - 1;
  std::size_t node = 1;
  for (int i = 3; i >= 0; --i) {
    const bool bit = (exponent >> i & 1) != 0;
    out.bit(exponent_[node], bit);
    node = node * 2 + (bit ? 1 : 0);
  }
  if (exponent == 0) return;
  const auto tree = mantissa_tree(exponent);
  const int learned = exponent <= kFullBits ? exponent : kTopBits;
  node = 1;
  for (int i = 0; i < learned; ++i) {
    const bool bit = (magnitude >> (exponent - 1 - i) & 1U) != 0;
    out.bit(mantissa_[tree + node - 1], bit);
    node = node * 2 + (bit ? 1 : 0);
  }
  out.raw(magnitude, exponent - learned);
}

std::int32_t NumberModel::decode(EntropyDecoder& in) {
  if (in.bit(zero_)) return 0;
  const bool negative = in.bit(negative_);
  std::size_t node = 1;
  for (int i = 0; i < 4; ++i) node = node * 2 + (in.bit(exponent_[node]) ? 1 : 0);
  const int exponent = static_cast<int>(node - 16);
  std::uint32_t magnitude = 1;
  if (exponent > 0) {
    const auto tree = mantissa_tree(exponent);
    const int learned = exponent <= kFullBits ? exponent : kTopBits;
    node = 1;
    for (int i = 0; i < learned; ++i)
      node = node * 2 + (in.bit(mantissa_[tree + node - 1]) ? 1 : 0);
    magnitude =
        static_cast<std::uint32_t>(node) << (exponent - learned) | in.raw(exponent - learned);
  }
  return negative ? -static_cast<std::int32_t>(magnitude) : static_cast<std::int32_t>(magnitude);
}

}  // namespace troupe::game
