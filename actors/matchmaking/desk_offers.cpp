// The second half of the desk: matches on offer, from the proposal to the start.
#include <algorithm>
#include <cassert>

#include "actors/matchmaking/desk.hpp"

namespace troupe::matchmaking {

void Desk::withdraw(std::uint64_t proposal) {
  const auto node = offers_.extract(proposal);
  if (node.empty()) return;
  const auto& offer = node.mapped();
  for (const auto& team : offer.teams) {
    for (const auto& ticket : team) {
      const auto it = tickets_.find(ticket);
      if (it == tickets_.end() || it->second.proposal != proposal) continue;
      it->second.view.deadline_ms = 0;
      enqueue(it->second);
    }
  }
  // The match is taken for closed: who declined would else be asked again by the next batch.
  if (offer.refills != 0) open_matches_.erase(offer.refills);
}

void Desk::offer_to(const std::string& ticket, std::uint64_t number, std::size_t team,
                    std::uint64_t now_ms, DeskRun& out) {
  auto& held = tickets_.at(ticket);
  held.number = 0;
  held.proposal = number;
  held.view.state = State::proposed;
  held.view.deadline_ms = offers_.at(number).deadline_ms;
  held.view.team = team;
  for (auto& one : held.view.party) one.accepted = one.auto_accept;
  out.waited_s.push_back(static_cast<double>(now_ms - held.view.since_ms) / 1000);
}

void Desk::propose(const std::string& pool, const Proposal& proposal, std::uint64_t now_ms,
                   DeskRun& out) {
  const auto number = ++last_proposal_;
  auto& offer = offers_[number];
  offer.pool = pool;
  offer.region = options_.regions[proposal.region];
  offer.deadline_ms = now_ms + options_.accept_ms;
  for (std::size_t team = 0; team < proposal.teams.size(); ++team) {
    auto& tickets = offer.teams.emplace_back();
    for (const auto id : proposal.teams[team]) {
      tickets.push_back(std::move(numbers_.extract(id).mapped()));
      offer_to(tickets.back(), number, team, now_ms, out);
    }
  }
  begin_if_accepted(number);
}

void Desk::propose_refill(const std::string& pool, const Refill& refill, std::uint64_t now_ms,
                          DeskRun& out) {
  auto& open = open_matches_.at(refill.opening);
  const auto number = ++last_proposal_;
  auto& offer = offers_[number];
  offer.pool = pool;
  offer.region = options_.regions[open.opening.region];
  offer.deadline_ms = now_ms + options_.accept_ms;
  offer.refills = refill.opening;
  const auto ticket = std::move(numbers_.extract(refill.ticket).mapped());
  offer.teams = {{ticket}};
  open.opening.free -= static_cast<int>(tickets_.at(ticket).view.party.size());
  offer_to(ticket, number, 0, now_ms, out);
  begin_if_accepted(number);
}

void Desk::begin_if_accepted(std::uint64_t proposal) {
  auto& offer = offers_.at(proposal);
  if (offer.starting) return;
  for (const auto& team : offer.teams) {
    for (const auto& ticket : team) {
      if (!all_accepted(tickets_.at(ticket))) return;
    }
  }
  offer.starting = true;
  for (const auto& team : offer.teams) {
    for (const auto& ticket : team) {
      tickets_.at(ticket).view.state = State::starting;
      tickets_.at(ticket).view.deadline_ms = 0;
    }
  }
  ready_.push_back(proposal);
}

std::vector<std::vector<std::string>> Desk::sides_of(const Offer& offer) const {
  std::vector<std::vector<std::string>> out;
  for (const auto& team : offer.teams) {
    auto& side = out.emplace_back();
    for (const auto& ticket : team) {
      for (const auto& one : tickets_.at(ticket).view.party) side.push_back(one.player);
    }
  }
  return out;
}

ToStart Desk::to_start(std::uint64_t number) {
  const auto& offer = offers_.at(number);
  const auto& mode = pools_.at(offer.pool).mode();
  ToStart out{number, mode.name, offer.region, {}, sides_of(offer), 0, mode.game};
  for (const auto& side : out.sides) out.places += static_cast<int>(side.size());
  if (mode.team_size == 1) out.places = mode.players();
  const auto open = open_matches_.find(offer.refills);
  if (open == open_matches_.end()) return out;
  auto& match = open->second;
  match.joining = true;
  tickets_.at(offer.teams[0][0]).view.team = match.sides.size();
  out.match = match.match;
  out.sides.insert(out.sides.begin(), match.sides.begin(), match.sides.end());
  return out;
}

DeskRun Desk::run(std::uint64_t now_ms) {
  DeskRun out;
  expire(now_ms);
  for (auto& [name, pool] : pools_) {
    std::vector<Opening> openings;
    for (const auto& [number, open] : open_matches_) {
      if (open.pool == name && open.opening.free > 0) openings.push_back(open.opening);
    }
    const auto batch = pool.run(now_ms, openings);
    for (const auto& refill : batch.refills) propose_refill(name, refill, now_ms, out);
    for (const auto& proposal : batch.proposals) propose(name, proposal, now_ms, out);
    for (const auto number : batch.expired) {
      auto& held = tickets_.at(numbers_.at(number));
      numbers_.erase(number);
      held.number = 0;
      end(held, Reason::expired, now_ms);
      ++out.expired;
    }
  }
  for (const auto number : std::exchange(ready_, {})) {
    const auto refills = offers_.at(number).refills;
    const auto open = open_matches_.find(refills);
    if (refills == 0 || (open != open_matches_.end() && !open->second.joining))
      out.to_start.push_back(to_start(number));
    else if (open == open_matches_.end())
      withdraw(number);  // the match was closed since its newcomer was asked
    else
      ready_.push_back(number);  // one after the other, so that each knows who is there
  }
  return out;
}

void Desk::started(std::uint64_t proposal, const std::string& match, std::uint64_t now_ms) {
  const auto node = offers_.extract(proposal);
  assert(!node.empty());
  const auto& offer = node.mapped();
  if (const auto open = open_matches_.find(offer.refills); open != open_matches_.end()) {
    open->second.joining = false;
    open->second.sides.push_back(sides_of(offer).front());
  } else if (offer.refills == 0) {
    keep_open(proposal, offer, match, now_ms);
  }
  for (const auto& team : offer.teams) {
    for (const auto& ticket : team) {
      auto& held = tickets_.at(ticket);
      held.view.state = State::matched;
      held.view.match = match;
      held.view.region = offer.region;
      forget(held);
      done_.emplace_back(now_ms + options_.keep_ms, ticket);
    }
  }
}

/// Everybody for themselves and places left: others may join.
void Desk::keep_open(std::uint64_t number, const Offer& offer, const std::string& match,
                     std::uint64_t now_ms) {
  const auto& mode = pools_.at(offer.pool).mode();
  const auto free = mode.players() - static_cast<int>(offer.teams.size());
  if (mode.team_size != 1 || free <= 0) return;
  OpenMatch open{offer.pool, match, {}, sides_of(offer), now_ms + options_.refill_ms};
  const auto region = std::ranges::find(options_.regions, offer.region);
  open.opening = {number, static_cast<std::size_t>(region - options_.regions.begin()), free, 0};
  for (const auto& team : offer.teams)
    open.opening.rating += tickets_.at(team[0]).rating / static_cast<double>(offer.teams.size());
  open_matches_.emplace(number, std::move(open));
}

void Desk::failed(std::uint64_t proposal) {
  withdraw(proposal);
}

}  // namespace troupe::matchmaking
