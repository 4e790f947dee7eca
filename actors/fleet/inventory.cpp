#include "actors/fleet/inventory.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace troupe::fleet {
namespace {

bool has_room(const Host& host, std::size_t players) {
  return host.matches < host.spec.max_matches && host.players + players <= host.spec.max_players;
}

/// Begun hosts before empty ones, then the fullest.
auto fullness(const Host& host) {
  return std::tuple(host.matches > 0, host.players, host.matches);
}

}  // namespace

std::string_view to_string(HostState state) noexcept {
  switch (state) {
    case HostState::open:
      return "open";
    case HostState::draining:
      return "draining";
  }
  return "";
}

void Inventory::add(HostSpec spec) {
  hosts_[spec.id].spec = std::move(spec);
}

Result<void> Inventory::set_open(const std::string& id) {
  const auto it = hosts_.find(id);
  if (it == hosts_.end()) return error(ErrorCode::not_found, "no such host");
  it->second.state = HostState::open;
  return {};
}

Result<void> Inventory::set_draining(const std::string& id) {
  const auto it = hosts_.find(id);
  if (it == hosts_.end()) return error(ErrorCode::not_found, "no such host");
  it->second.state = HostState::draining;
  return {};
}

Host* Inventory::choose(const Wanted& wanted) {
  Host* best = nullptr;
  for (auto& [id, host] : hosts_) {
    if (host.state != HostState::open || !has_room(host, wanted.players)) continue;
    if (!wanted.region.empty() && host.spec.region != wanted.region) continue;
    if (id == wanted.last_host) return &host;
    if (best == nullptr || fullness(host) > fullness(*best)) best = &host;
  }
  return best;
}

void Inventory::assign(const Wanted& wanted, Host& host, bool playing,
                       std::uint64_t hold_until_ms) {
  assert(!assigned_.contains(wanted.match));
  assigned_[wanted.match] = {host.spec.id, wanted.players, playing, hold_until_ms};
  if (!playing) holds_.emplace(hold_until_ms, wanted.match);
  host.players += wanted.players;
  ++host.matches;
}

void Inventory::unassign(std::map<std::string, Assignment>::iterator at) {
  auto& host = hosts_.at(at->second.host);
  host.players -= at->second.players;
  --host.matches;
  if (!at->second.playing) holds_.erase({at->second.hold_until_ms, at->first});
  assigned_.erase(at);
}

Result<std::string> Inventory::place(const Wanted& wanted, std::uint64_t now_ms,
                                     std::uint64_t hold_until_ms) {
  expire(now_ms);
  if (const auto at = assigned_.find(wanted.match); at != assigned_.end()) {
    auto& held = at->second;
    if (!held.playing && hold_until_ms > held.hold_until_ms) {
      holds_.erase({held.hold_until_ms, wanted.match});
      holds_.emplace(held.hold_until_ms = hold_until_ms, wanted.match);
    }
    return held.host;
  }
  auto* host = choose(wanted);
  if (host == nullptr) {
    const auto last = hosts_.find(wanted.last_host);
    if (last != hosts_.end() && last->second.state == HostState::draining) host = &last->second;
  }
  if (host == nullptr) {
    const bool open = std::ranges::any_of(hosts_, [&](const auto& entry) {
      return entry.second.state == HostState::open &&
             (wanted.region.empty() || entry.second.spec.region == wanted.region);
    });
    return open ? error(ErrorCode::overloaded, "all game hosts are full")
                : error(ErrorCode::unavailable, "no game host takes matches");
  }
  assign(wanted, *host, false, hold_until_ms);
  return host->spec.id;
}

Result<std::string> Inventory::playing(const Wanted& wanted, std::uint64_t now_ms) {
  expire(now_ms);
  if (const auto at = assigned_.find(wanted.match); at != assigned_.end()) {
    if (!std::exchange(at->second.playing, true))
      holds_.erase({at->second.hold_until_ms, wanted.match});
    return at->second.host;
  }
  auto* host = choose(wanted);
  if (host == nullptr) {
    const auto last = hosts_.find(wanted.last_host);
    const auto any = last != hosts_.end() ? last : hosts_.begin();
    if (any != hosts_.end()) host = &any->second;
  }
  if (host == nullptr) return error(ErrorCode::unavailable, "there is no game host");
  assign(wanted, *host, true, 0);
  return host->spec.id;
}

void Inventory::rest(const std::string& match) {
  if (const auto at = assigned_.find(match); at != assigned_.end()) unassign(at);
}

void Inventory::expire(std::uint64_t now_ms) {
  while (!holds_.empty() && holds_.begin()->first <= now_ms)
    unassign(assigned_.find(holds_.begin()->second));
}

const Host* Inventory::find(const std::string& host) const {
  const auto it = hosts_.find(host);
  return it == hosts_.end() ? nullptr : &it->second;
}

std::string Inventory::host_of(const std::string& match) const {
  const auto it = assigned_.find(match);
  return it == assigned_.end() ? std::string() : it->second.host;
}

bool Inventory::has_region(const std::string& region) const {
  return std::ranges::any_of(hosts_,
                             [&](const auto& entry) { return entry.second.spec.region == region; });
}

}  // namespace troupe::fleet
