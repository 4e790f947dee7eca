// What reaches the game port, from its first byte on: the gate must stay within its bounds whatever
// comes, in whatever order.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "net/udp/datagram_gate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::udp;
  constexpr std::size_t kRoom = 16, kPerAddress = 4;
  DatagramGate gate({.stranger = {100, 50},
                     .client = {10, 20},
                     .connects = {10, 20},
                     .half_open_per_address = kPerAddress,
                     .max_addresses = 8});
  gate.begin_round(kRoom);
  std::size_t begun = 0, at = 0;
  DatagramGate::TimePoint now{};
  while (at + 2 < size) {
    // A datagram's length and where it comes from, then its bytes.
    const std::size_t length = std::min<std::size_t>(data[at] % 80U, size - at - 2);
    const std::uint32_t address = data[at + 1] % 32U;
    const auto head = read_datagram_head(std::span(data + at + 2, length));
    if (head.kind == DatagramHead::Kind::junk && head.peer != 0) std::abort();
    if (head.peer > 0x0fff) std::abort();
    const auto verdict = gate.judge(head.kind, address, now);
    if (head.kind == DatagramHead::Kind::junk && verdict != DatagramVerdict::junk) std::abort();
    if (head.kind == DatagramHead::Kind::connect && verdict == DatagramVerdict::pass) ++begun;
    if (address % 8 == 1) gate.client_came(address, now);
    if (address % 8 == 2) gate.client_left(address);
    now += std::chrono::milliseconds(length);
    at += 2 + length;
  }
  if (begun > kRoom) std::abort();
  return 0;
}
