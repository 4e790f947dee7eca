#include "net/udp/datagram_gate.hpp"

#include <algorithm>

#include <enet/enet.h>

namespace troupe::udp {
namespace {

constexpr std::size_t kBareHead = 2;   // peer and flags, no time
constexpr std::size_t kTimedHead = 4;  // and the time it was sent
constexpr auto kForgetEvery = std::chrono::seconds(1);

double filled(double tokens, const RateLimit& limit, DatagramGate::TimePoint at,
              DatagramGate::TimePoint now) {
  return std::min(limit.burst,
                  tokens + std::chrono::duration<double>(now - at).count() * limit.per_second);
}

void refill(double& tokens, const RateLimit& limit, DatagramGate::TimePoint& at,
            DatagramGate::TimePoint now) {
  tokens = filled(tokens, limit, at, now);
  at = now;
}

bool spend(double& tokens) {
  if (tokens < 1) return false;
  --tokens;
  return true;
}

}  // namespace

DatagramHead read_datagram_head(std::span<const std::uint8_t> bytes) noexcept {
  if (bytes.size() < kBareHead) return {};
  const auto head = static_cast<unsigned>(bytes[0] << 8 | bytes[1]);
  if ((head & ENET_PROTOCOL_HEADER_FLAG_COMPRESSED) != 0) return {};  // nobody here compresses
  const auto size = (head & ENET_PROTOCOL_HEADER_FLAG_SENT_TIME) != 0 ? kTimedHead : kBareHead;
  // Nothing but a head, or a first command that is cut.
  if (bytes.size() < size + sizeof(ENetProtocolCommandHeader)) return {};
  const auto command = bytes[size] & ENET_PROTOCOL_COMMAND_MASK;
  if (command == ENET_PROTOCOL_COMMAND_NONE || command >= ENET_PROTOCOL_COMMAND_COUNT) return {};
  const auto peer =
      static_cast<std::uint16_t>(head & ~static_cast<unsigned>(ENET_PROTOCOL_HEADER_FLAG_MASK |
                                                               ENET_PROTOCOL_HEADER_SESSION_MASK));
  if (peer == ENET_PROTOCOL_MAXIMUM_PEER_ID) {
    const bool whole = bytes.size() >= size + sizeof(ENetProtocolConnect);
    if (command != ENET_PROTOCOL_COMMAND_CONNECT || !whole) return {};
    return {DatagramHead::Kind::connect, 0};
  }
  return {DatagramHead::Kind::session, peer};
}

std::string_view to_string(DatagramVerdict verdict) noexcept {
  switch (verdict) {
    case DatagramVerdict::pass:
      return "pass";
    case DatagramVerdict::junk:
      return "junk";
    case DatagramVerdict::no_session:
      return "no_session";
    case DatagramVerdict::others_session:
      return "others_session";
    case DatagramVerdict::address_rate:
      return "address_rate";
    case DatagramVerdict::connect_rate:
      return "connect_rate";
    case DatagramVerdict::half_open_address:
      return "half_open_address";
    case DatagramVerdict::half_open:
      return "half_open";
  }
  return "";
}

DatagramGate::DatagramGate(GateLimits limits) : limits_(limits) {
  crowd_.tokens = limits_.stranger.burst;
  crowd_.connect_tokens = limits_.connects.burst;
}

void DatagramGate::forget_idle(TimePoint now) {
  if (now < forget_again_) return;
  forget_again_ = now + kForgetEvery;
  std::erase_if(addresses_, [&](const auto& entry) {
    const auto& address = entry.second;
    return address.clients == 0 &&
           filled(address.tokens, limits_.stranger, address.at, now) >= limits_.stranger.burst &&
           filled(address.connect_tokens, limits_.connects, address.connect_at, now) >=
               limits_.connects.burst;
  });
}

DatagramGate::Address& DatagramGate::find(std::uint32_t key, TimePoint now) {
  const auto it = addresses_.find(key);
  if (it != addresses_.end()) return it->second;
  if (addresses_.size() >= limits_.max_addresses) forget_idle(now);
  if (addresses_.size() >= limits_.max_addresses) return crowd_;
  return remember(key, now);
}

DatagramGate::Address& DatagramGate::remember(std::uint32_t key, TimePoint now) {
  const auto [it, fresh] = addresses_.try_emplace(key);
  auto& address = it->second;
  if (!fresh) return address;
  address.tokens = limits_.stranger.burst;
  address.connect_tokens = limits_.connects.burst;
  address.at = address.connect_at = now;
  return address;
}

bool DatagramGate::take(Address& address, TimePoint now) const {
  const auto clients = static_cast<double>(address.clients);
  refill(address.tokens,
         {limits_.stranger.per_second + clients * limits_.client.per_second,
          limits_.stranger.burst + clients * limits_.client.burst},
         address.at, now);
  return spend(address.tokens);
}

bool DatagramGate::take_connect(Address& address, TimePoint now) const {
  refill(address.connect_tokens, limits_.connects, address.connect_at, now);
  return spend(address.connect_tokens);
}

std::size_t& DatagramGate::half_open_of(Address& address) const {
  if (address.round != round_) {
    address.round = round_;
    address.half_open = 0;
  }
  return address.half_open;
}

DatagramVerdict DatagramGate::judge(DatagramHead::Kind kind, std::uint32_t key, TimePoint now) {
  if (kind == DatagramHead::Kind::junk) return DatagramVerdict::junk;
  auto& address = find(key, now);
  if (!take(address, now)) return DatagramVerdict::address_rate;
  if (kind != DatagramHead::Kind::connect) return DatagramVerdict::pass;
  if (!take_connect(address, now)) return DatagramVerdict::connect_rate;
  auto& half_open = half_open_of(address);
  if (half_open >= limits_.half_open_per_address) return DatagramVerdict::half_open_address;
  if (room_ == 0) return DatagramVerdict::half_open;
  --room_;
  ++half_open;
  asked_ = true;
  return DatagramVerdict::pass;
}

void DatagramGate::client_came(std::uint32_t address, TimePoint now) {
  ++remember(address, now).clients;
}

void DatagramGate::client_left(std::uint32_t key) {
  const auto it = addresses_.find(key);
  if (it != addresses_.end() && it->second.clients > 0) --it->second.clients;
}

void DatagramGate::begin_round(std::size_t room) {
  ++round_;
  room_ = room;
  asked_ = false;
}

void DatagramGate::half_open_at(std::uint32_t key) {
  const auto it = addresses_.find(key);
  ++half_open_of(it == addresses_.end() ? crowd_ : it->second);
}

}  // namespace troupe::udp
