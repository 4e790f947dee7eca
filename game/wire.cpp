#include "game/wire.hpp"

namespace troupe::game {
namespace {

void put32(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

std::uint32_t get32(std::string_view in, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(in[at + i])) << (8 * i);
  return value;
}

}  // namespace

std::string write_head(const SnapshotHead& head) {
  std::string out;
  out.reserve(kSnapshotHeadBytes + 64);
  put32(out, head.tick);
  put32(out, head.baseline);
  put32(out, head.input_sequence);
  out.push_back(static_cast<char>(head.epoch));
  out.push_back(static_cast<char>(head.flags));
  return out;
}

std::optional<SnapshotHead> read_head(std::string_view in) {
  if (in.size() < kSnapshotHeadBytes) return std::nullopt;
  return SnapshotHead{get32(in, 0), get32(in, 4), get32(in, 8), static_cast<std::uint8_t>(in[12]),
                      static_cast<std::uint8_t>(in[13])};
}

}  // namespace troupe::game
