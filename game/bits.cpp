#include "game/bits.hpp"

namespace troupe::game {

void BitWriter::put(std::uint32_t value, int count) {
  const std::uint64_t mask = (std::uint64_t{1} << count) - 1;
  buffer_ |= (value & mask) << bits_;
  bits_ += count;
  while (bits_ >= 8) {
    out_.push_back(static_cast<char>(buffer_ & 0xff));
    buffer_ >>= 8;
    bits_ -= 8;
  }
}

std::string BitWriter::take() {
  if (bits_ > 0) out_.push_back(static_cast<char>(buffer_ & 0xff));
  buffer_ = 0;
  bits_ = 0;
  return std::move(out_);
}

std::uint32_t BitReader::get(int count) {
  if (at_ + static_cast<std::size_t>(count) > bytes_.size() * 8) {
    ok_ = false;
    return 0;
  }
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i, ++at_) {
    const auto bit = (static_cast<unsigned char>(bytes_[at_ / 8]) >> (at_ % 8)) & 1U;
    value |= static_cast<std::uint64_t>(bit) << i;
  }
  return static_cast<std::uint32_t>(value);
}

}  // namespace troupe::game
