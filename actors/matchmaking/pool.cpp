#include "actors/matchmaking/pool.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "actors/matchmaking/balance.hpp"

namespace troupe::matchmaking {
namespace {

/// Candidates that one ticket looks at in one region and run; more when it is about to expire.
constexpr int kCandidates = 96;
constexpr int kUrgentCandidates = 1'024;

double seconds(std::uint64_t since_ms, std::uint64_t now_ms) {
  return now_ms <= since_ms ? 0 : static_cast<double>(now_ms - since_ms) / 1000;
}

}  // namespace

Pool::Pool(Mode mode, Widening widening, std::size_t regions)
    : mode_(std::move(mode)), widening_(widening), regions_(regions), lists_(regions) {
  assert(regions >= 1 && regions <= kMaxRegions);
}

void Pool::add(const Ticket& ticket) {
  assert(ticket.size >= 1 && ticket.size <= std::min(kMaxParty, mode_.team_size));
  Slot slot = 0;
  if (free_.empty()) {
    slot = static_cast<Slot>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot] = {ticket, true, 0, 0};
  added_.push_back(slot);
  assert(by_arrival_.empty() || slots_[by_arrival_.back()].ticket.id < ticket.id ||
         !slots_[by_arrival_.back()].alive);
  by_arrival_.push_back(slot);
  ++alive_;
}

bool Pool::remove(std::uint64_t id) {
  const auto at =
      std::ranges::lower_bound(by_arrival_, id, {}, [this](Slot s) { return slots_[s].ticket.id; });
  if (at == by_arrival_.end() || slots_[*at].ticket.id != id || !slots_[*at].alive) return false;
  drop(*at);
  return true;
}

/// The slot is given out again only after the next run has taken it out of its lists.
void Pool::drop(Slot slot) {
  slots_[slot].alive = false;
  freed_.push_back(slot);
  --alive_;
}

bool Pool::urgent(const Ticket& ticket, std::uint64_t now_ms) const noexcept {
  return now_ms >= ticket.since_ms + widening_.max_wait_ms * 3 / 4;
}

void Pool::widen(Waiting& waiting, std::uint64_t now_ms) const noexcept {
  const auto& ticket = waiting.ticket;
  const auto waited = seconds(ticket.since_ms, now_ms);
  waiting.range = widening_.range_points + widening_.range_per_second * waited +
                  widening_.range_per_deviation * ticket.deviation;
  const auto ping = widening_.ping_ms + widening_.ping_per_second * waited;
  std::size_t best = kMaxRegions;
  waiting.regions = 0;
  for (std::size_t r = 0; r < regions_; ++r) {
    if (ticket.ping_ms[r] == 0) continue;
    if (best == kMaxRegions || ticket.ping_ms[r] < ticket.ping_ms[best]) best = r;
    if (ticket.ping_ms[r] <= ping || urgent(ticket, now_ms))
      waiting.regions = static_cast<std::uint8_t>(waiting.regions | (1U << r));
  }
  if (best < kMaxRegions)
    waiting.regions = static_cast<std::uint8_t>(waiting.regions | (1U << best));
}

void Pool::prepare(std::uint64_t now_ms) {
  const auto dead = [this](Slot slot) { return !slots_[slot].alive; };
  const auto before = [this](Slot a, Slot b) {
    const auto &x = slots_[a].ticket, &y = slots_[b].ticket;
    return x.rating != y.rating ? x.rating < y.rating : x.id < y.id;
  };
  std::erase_if(by_rating_, dead);
  std::erase_if(by_arrival_, dead);
  std::erase_if(added_, dead);
  std::ranges::sort(added_, before);
  const auto middle = static_cast<std::ptrdiff_t>(by_rating_.size());
  by_rating_.insert(by_rating_.end(), added_.begin(), added_.end());
  std::inplace_merge(by_rating_.begin(), by_rating_.begin() + middle, by_rating_.end(), before);
  added_.clear();
  free_.insert(free_.end(), freed_.begin(), freed_.end());
  freed_.clear();
  for (auto& list : lists_) {
    list.slots.clear();
    list.position.resize(slots_.size());
  }
  for (const auto slot : by_rating_) {
    widen(slots_[slot], now_ms);
    for (std::size_t r = 0; r < regions_; ++r) {
      if (((slots_[slot].regions >> r) & 1) == 0) continue;
      lists_[r].position[slot] = static_cast<std::uint32_t>(lists_[r].slots.size());
      lists_[r].slots.push_back(slot);
    }
  }
  for (auto& list : lists_) {
    list.up.resize(list.slots.size());
    list.down.resize(list.slots.size());
    for (std::uint32_t i = 0; i < list.slots.size(); ++i) list.up[i] = list.down[i] = i;
  }
}

/// The first at or beyond `at` that still waits; kNone at the end. Shortens the path behind it, so
/// that those who are gone cost nothing the next time.
std::uint32_t Pool::next(RegionList& list, std::uint32_t at, bool upwards) noexcept {
  auto& link = upwards ? list.up : list.down;
  const auto count = static_cast<std::uint32_t>(list.slots.size());
  auto found = at;
  while (found < count && !slots_[list.slots[found]].alive) {
    if (link[found] == found) link[found] = upwards ? found + 1 : found - 1;  // wraps to kNone
    found = link[found];
  }
  const auto end = found < count ? found : kNone;
  for (auto i = at; i < count && i != found;) {
    const auto then = link[i];
    link[i] = end;
    i = then;
  }
  return end;
}

bool Pool::fits(const Team& team, Slot slot) const {
  if (team.free < slots_[slot].ticket.size) return false;
  if (mode_.roles.empty()) return true;
  std::vector<RoleMask> players;
  const auto add_roles = [&](Slot one) {
    const auto& ticket = slots_[one].ticket;
    players.insert(players.end(), ticket.roles.begin(), ticket.roles.begin() + ticket.size);
  };
  for (const auto one : team.tickets) add_roles(one);
  add_roles(slot);
  return roles_fit(mode_, players);
}

/// Into the team with the most places, so that large parties still find one together.
bool Pool::place(Slot slot) {
  Team* best = nullptr;
  for (auto& team : teams_) {
    if ((best == nullptr || team.free > best->free) && fits(team, slot)) best = &team;
  }
  if (best == nullptr) return false;
  best->tickets.push_back(slot);
  best->free -= slots_[slot].ticket.size;
  return true;
}

bool Pool::may_begin(const Ticket& seed, std::uint64_t now_ms) const noexcept {
  if (seconds(seed.since_ms, now_ms) * 2000 < static_cast<double>(widening_.max_wait_ms))
    return false;
  int players = 0, least = mode_.team_size, most = 0;
  for (const auto& team : teams_) {
    const auto size = mode_.team_size - team.free;
    players += size;
    least = std::min(least, size);
    most = std::max(most, size);
  }
  // Everybody for themselves: empty places are no team. Teams must be about equal.
  return players >= mode_.least_players &&
         (mode_.team_size == 1 || (least > 0 && most - least <= 1));
}

bool Pool::gather(Slot seed, std::size_t region, std::uint64_t now_ms) {
  auto& list = lists_[region];
  const auto& own = slots_[seed];
  const bool any = urgent(own.ticket, now_ms);
  teams_.assign(static_cast<std::size_t>(mode_.teams), Team{{}, mode_.team_size});
  if (!place(seed)) return false;
  int missing = mode_.players() - own.ticket.size;
  const auto at = list.position[seed];
  auto up = next(list, at + 1, true), down = at == 0 ? kNone : next(list, at - 1, false);
  const auto distance = [&](std::uint32_t position) {
    if (position == kNone) return std::numeric_limits<double>::infinity();
    return std::abs(slots_[list.slots[position]].ticket.rating - own.ticket.rating);
  };
  for (int looked = any ? kUrgentCandidates : kCandidates; looked > 0 && missing > 0; --looked) {
    const bool upwards = distance(up) <= distance(down);
    const auto position = upwards ? up : down;
    const auto far = distance(position);
    if (position == kNone || (!any && far > own.range)) break;
    const auto slot = list.slots[position];
    if ((any || far <= slots_[slot].range) && place(slot)) missing -= slots_[slot].ticket.size;
    if (upwards)
      up = next(list, up + 1, true);
    else
      down = down == 0 ? kNone : next(list, down - 1, false);
  }
  return missing == 0 || may_begin(own.ticket, now_ms);
}

Proposal Pool::propose(std::size_t region) {
  std::erase_if(teams_, [](const Team& team) { return team.tickets.empty(); });
  std::vector<Member> members;
  std::vector<Slot> slots;
  Teams teams;
  Proposal out;
  out.region = region;
  double least = std::numeric_limits<double>::max(), most = std::numeric_limits<double>::lowest();
  for (const auto& team : teams_) {
    auto& indices = teams.emplace_back();
    for (const auto slot : team.tickets) {
      const auto& ticket = slots_[slot].ticket;
      indices.push_back(members.size());
      members.push_back({ticket.rating, ticket.size});
      slots.push_back(slot);
      out.players += ticket.size;
      least = std::min(least, ticket.rating);
      most = std::max(most, ticket.rating);
    }
  }
  std::function<bool(const std::vector<std::size_t>&)> allowed;
  if (!mode_.roles.empty()) {
    allowed = [&](const std::vector<std::size_t>& team) {
      std::vector<RoleMask> players;
      for (const auto one : team) {
        const auto& ticket = slots_[slots[one]].ticket;
        players.insert(players.end(), ticket.roles.begin(), ticket.roles.begin() + ticket.size);
      }
      return roles_fit(mode_, players);
    };
  }
  if (mode_.team_size > 1) balance(members, teams, allowed);
  out.spread = most - least;
  out.imbalance = imbalance(members, teams);
  for (const auto& team : teams) {
    auto& ids = out.teams.emplace_back();
    for (const auto one : team) ids.push_back(slots_[slots[one]].ticket.id);
  }
  return out;
}

bool Pool::try_seed(Slot seed, std::uint64_t now_ms, Batch& out) {
  std::array<std::size_t, kMaxRegions> order{};
  std::size_t count = 0;
  for (std::size_t r = 0; r < regions_; ++r) {
    if (((slots_[seed].regions >> r) & 1) != 0) order[count++] = r;
  }
  const auto& ping = slots_[seed].ticket.ping_ms;
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(order.begin(), end, [&](std::size_t a, std::size_t b) {
    return ping[a] != ping[b] ? ping[a] < ping[b] : a < b;
  });
  for (auto region = order.begin(); region != end; ++region) {
    if (!gather(seed, *region, now_ms)) continue;
    out.proposals.push_back(propose(*region));
    for (const auto& team : teams_) {
      for (const auto slot : team.tickets) drop(slot);
    }
    return true;
  }
  return false;
}

void Pool::fill(const Opening& opening, std::uint64_t now_ms, Batch& out) {
  auto& list = lists_[opening.region];
  const auto rating_of = [this](Slot slot) { return slots_[slot].ticket.rating; };
  const auto at = static_cast<std::uint32_t>(
      std::ranges::lower_bound(list.slots, opening.rating, {}, rating_of) - list.slots.begin());
  auto up = next(list, at, true), down = at == 0 ? kNone : next(list, at - 1, false);
  const auto distance = [&](std::uint32_t position) {
    if (position == kNone) return std::numeric_limits<double>::infinity();
    return std::abs(rating_of(list.slots[position]) - opening.rating);
  };
  auto free = opening.free;
  for (int looked = kCandidates; looked > 0 && free > 0; --looked) {
    const bool upwards = distance(up) <= distance(down);
    const auto position = upwards ? up : down;
    if (position == kNone) return;
    const auto slot = list.slots[position];
    const auto& waiting = slots_[slot];
    const bool near = distance(position) <= waiting.range || urgent(waiting.ticket, now_ms);
    if (near && waiting.ticket.size <= free) {
      free -= waiting.ticket.size;
      out.refills.push_back({opening.id, waiting.ticket.id});
      drop(slot);
    }
    if (upwards)
      up = next(list, up + 1, true);
    else
      down = down == 0 ? kNone : next(list, down - 1, false);
  }
}

Batch Pool::run(std::uint64_t now_ms, std::span<const Opening> openings) {
  prepare(now_ms);
  Batch out;
  for (const auto& opening : openings) fill(opening, now_ms, out);
  for (const auto slot : by_arrival_) {
    if (slots_[slot].alive) try_seed(slot, now_ms, out);
  }
  for (const auto slot : by_arrival_) {
    const auto& waiting = slots_[slot];
    if (!waiting.alive || now_ms < waiting.ticket.since_ms + widening_.max_wait_ms) continue;
    out.expired.push_back(waiting.ticket.id);
    drop(slot);
  }
  return out;
}

}  // namespace troupe::matchmaking
