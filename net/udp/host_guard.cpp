#include "net/udp/host_guard.hpp"

#include <algorithm>

#include "base/metrics.hpp"

namespace troupe::udp {
namespace {

/// Of the places that a host has, so many may be half open; the rest is left to who comes slowly.
constexpr std::size_t kHalfOpenShare = 4, kLeastHalfOpen = 16, kMostHalfOpen = 1'024;
/// Not ended for others' sake before: a round trip over a bad network.
constexpr std::chrono::milliseconds kHandshake{250};
/// ENet waits up to 30 s for the answer to its part of the handshake, and repeats it meanwhile.
constexpr std::uint32_t kHandshakeLeastMs = 2'000, kHandshakeMostMs = 5'000;

/// ENet's callback has no argument of ours; a host is served by one thread.
thread_local HostGuard* serving = nullptr;

bool is_half_open(const ENetPeer& peer) {
  return peer.state == ENET_PEER_STATE_ACKNOWLEDGING_CONNECT ||
         peer.state == ENET_PEER_STATE_CONNECTION_PENDING;
}

}  // namespace

HostGuard::HostGuard(Metrics& metrics, ENetHost& host, const std::string& name, GateLimits limits)
    : host_(host),
      gate_(limits),
      max_half_open_(std::clamp(host.peerCount / kHalfOpenShare, kLeastHalfOpen, kMostHalfOpen)),
      begun_(host.peerCount),
      received_(metrics.counter("troupe_udp_datagrams_total", "Datagrams at the game port",
                                {{"host", name}})),
      ended_(metrics.counter("troupe_udp_half_open_ended_total",
                             "Unfinished connections that made room", {{"host", name}})),
      half_open_gauge_(
          metrics.gauge("troupe_udp_half_open", "Unfinished connections", {{"host", name}})) {
  for (std::size_t i = 1; i < kDatagramVerdicts; ++i) {
    const auto reason = to_string(static_cast<DatagramVerdict>(i));
    dropped_[i] =
        &metrics.counter("troupe_udp_dropped_datagrams_total", "Datagrams that ENet did not see",
                         {{"host", name}, {"reason", std::string(reason)}});
  }
  host.intercept = intercept;
  gate_.begin_round(max_half_open_);
}

int ENET_CALLBACK HostGuard::intercept(ENetHost*, ENetEvent*) {
  constexpr int kTake = 0, kDrop = 1;
  const auto verdict = serving->judge();
  if (verdict == DatagramVerdict::pass) return kTake;
  serving->dropped_[static_cast<std::size_t>(verdict)]->Increment();
  return kDrop;
}

DatagramVerdict HostGuard::judge_session(const DatagramHead& head) const {
  if (head.peer >= host_.peerCount) return DatagramVerdict::no_session;
  const auto& peer = host_.peers[head.peer];
  if (peer.state == ENET_PEER_STATE_DISCONNECTED || peer.state == ENET_PEER_STATE_ZOMBIE)
    return DatagramVerdict::no_session;
  if (peer.address.host != host_.receivedAddress.host ||
      peer.address.port != host_.receivedAddress.port)
    return DatagramVerdict::others_session;
  return DatagramVerdict::pass;
}

DatagramVerdict HostGuard::judge() {
  const auto head = read_datagram_head({host_.receivedData, host_.receivedDataLength});
  if (head.kind == DatagramHead::Kind::session) {
    const auto verdict = judge_session(head);
    if (verdict != DatagramVerdict::pass) return verdict;
  }
  return gate_.judge(head.kind, host_.receivedAddress.host, now_);
}

void HostGuard::begin_round(TimePoint now) {
  serving = this;
  now_ = now;
  received_.Increment(static_cast<double>(host_.totalReceivedPackets - counted_));
  counted_ = host_.totalReceivedPackets;
  if (!gate_.asked() && half_open_.empty()) return;
  half_open_.clear();
  for (std::size_t i = 0; i < host_.peerCount; ++i) {
    auto& peer = host_.peers[i];
    auto& begun = begun_[i];
    if (!is_half_open(peer)) {
      begun = {};  // ENet gives one up without a word; the next may have the same number
      continue;
    }
    half_open_.push_back(&peer);
    if (begun.since != TimePoint{} && begun.connect_id == peer.connectID) continue;
    begun = {peer.connectID, now};
    enet_peer_timeout(&peer, 0, kHandshakeLeastMs, kHandshakeMostMs);
  }
  const auto reserve = max_half_open_ / 8;
  if (half_open_.size() + reserve > max_half_open_)
    end_oldest(half_open_.size() + reserve - max_half_open_);
  half_open_gauge_.Set(static_cast<double>(half_open_.size()));
  gate_.begin_round(max_half_open_ - std::min(max_half_open_, half_open_.size()));
  for (const auto* peer : half_open_) gate_.half_open_at(peer->address.host);
}

void HostGuard::end_oldest(std::size_t wanted) {
  const auto since = [this](const ENetPeer* peer) { return begun_[peer->incomingPeerID].since; };
  std::ranges::sort(half_open_, {}, since);
  std::size_t ended = 0;
  while (ended < std::min(wanted, half_open_.size()) &&
         now_ - since(half_open_[ended]) >= kHandshake) {
    begun_[half_open_[ended]->incomingPeerID] = {};
    enet_peer_reset(half_open_[ended]);
    ++ended;
  }
  half_open_.erase(half_open_.begin(), half_open_.begin() + static_cast<std::ptrdiff_t>(ended));
  ended_.Increment(static_cast<double>(ended));
}

void HostGuard::came(ENetPeer& peer) {
  begun_[peer.incomingPeerID] = {};
  enet_peer_timeout(&peer, 0, 0, 0);  // ENet's own again
  gate_.client_came(peer.address.host, now_);
}

void HostGuard::left(const ENetPeer& peer) {
  gate_.client_left(peer.address.host);
}

}  // namespace troupe::udp
