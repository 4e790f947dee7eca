#include "actors/matchmaking/desk.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <set>

namespace troupe::matchmaking {
namespace {

constexpr std::array<std::string_view, 6> kStates{"forming",  "queued",  "proposed",
                                                  "starting", "matched", "ended"};
constexpr std::array<std::string_view, 6> kReasons{
    "", "cancelled", "declined", "not_accepted", "expired", "barred"};

bool is_member(const TicketView& view, const std::string& player) {
  return std::ranges::find(view.party, player, &PartyMember::player) != view.party.end();
}
PartyMember& member(TicketView& view, const std::string& player) {
  return *std::ranges::find(view.party, player, &PartyMember::player);
}

bool is_open(State state) {
  return state != State::matched && state != State::ended;
}

std::string pool_name(const std::string& mode, Light light) {
  return light == Light::open ? mode : mode + "/shadow";
}

}  // namespace

std::string_view to_string(State state) noexcept {
  return kStates[static_cast<std::size_t>(state)];
}
std::string_view to_string(Reason reason) noexcept {
  return kReasons[static_cast<std::size_t>(reason)];
}

Desk::Desk(DeskOptions options) : options_(std::move(options)) {
  for (const auto& mode : options_.modes) {
    for (const auto light : {Light::open, Light::shadow})
      pools_.emplace(pool_name(mode.name, light),
                     Pool(mode, options_.widening, options_.regions.size()));
  }
}

bool Desk::all_accepted(const Held& held) noexcept {
  return std::ranges::all_of(held.view.party, &PartyMember::accepted);
}

Result<void> Desk::check(const Wish& wish) const {
  const auto pool = pools_.find(wish.mode);
  if (pool == pools_.end() || pool->second.mode().name != wish.mode)
    return error(ErrorCode::invalid_argument, "mode: there is no such mode");
  const auto& mode = pool->second.mode();
  const auto most = std::min(kMaxParty, mode.team_size);
  if (wish.party.empty() || wish.party.size() > static_cast<std::size_t>(most))
    return error(ErrorCode::invalid_argument,
                 "party: at most " + std::to_string(most) + " players in this mode");
  std::set<std::string> players;
  for (const auto& one : wish.party) {
    if (!players.insert(one.player).second)
      return error(ErrorCode::invalid_argument, "party: names a player twice");
  }
  if (!roles_fit(mode, {&wish.party.front().roles, 1}))
    return error(ErrorCode::invalid_argument, "roles: not of this mode");
  if (std::ranges::all_of(wish.ping_ms, [](auto ping) { return ping == 0; }))
    return error(ErrorCode::invalid_argument, "regions: none that is known");
  return {};
}

Result<TicketView> Desk::enter(const std::string& ticket, Wish wish, std::uint64_t now_ms) {
  if (auto fine = check(wish); !fine.ok()) return fine.error();
  const auto& leader = wish.party.front().player;
  if (const auto held = ticket_of(leader); !held.empty())
    return error(ErrorCode::conflict, "already in the queue: ticket " + held);
  if (open_ >= options_.max_tickets) return error(ErrorCode::overloaded, "the queue is full");
  auto& held = tickets_[ticket];
  held.view.id = ticket;
  held.view.mode = wish.mode;
  held.view.since_ms = now_ms;
  held.view.party = std::move(wish.party);
  held.ping_ms = wish.ping_ms;
  auto& first = held.view.party.front();
  first.joined = true;
  ticket_of_[first.player] = ticket;
  ++open_;
  if (held.view.party.size() == 1) {
    held.view.state = State::queued;
    unrated_.push_back(ticket);
  } else {
    held.view.deadline_ms = now_ms + options_.form_ms;
    forming_.emplace_back(held.view.deadline_ms, ticket);
  }
  return held.view;
}

Result<Desk::Held*> Desk::held_by(const std::string& ticket, const std::string& player) {
  const auto it = tickets_.find(ticket);
  if (it == tickets_.end()) return error(ErrorCode::not_found, "no such ticket");
  if (!is_member(it->second.view, player))
    return error(ErrorCode::forbidden, "the ticket is another party's");
  return &it->second;
}

Result<TicketView> Desk::look(const std::string& ticket, const std::string& player) const {
  const auto it = tickets_.find(ticket);
  if (it == tickets_.end()) return error(ErrorCode::not_found, "no such ticket");
  if (!is_member(it->second.view, player))
    return error(ErrorCode::forbidden, "the ticket is another party's");
  return it->second.view;
}

std::string Desk::ticket_of(const std::string& player) const {
  const auto it = ticket_of_.find(player);
  return it == ticket_of_.end() ? std::string() : it->second;
}

Result<TicketView> Desk::accept(const std::string& ticket, const std::string& player,
                                const PartyMember& as, std::uint64_t now_ms) {
  auto found = held_by(ticket, player);
  if (!found.ok()) return found.error();
  auto& held = **found;
  auto& self = member(held.view, player);
  if (held.view.state == State::forming) {
    if (self.joined) return held.view;
    if (!ticket_of(player).empty())
      return error(ErrorCode::conflict, "already in the queue: ticket " + ticket_of(player));
    std::vector<RoleMask> roles{as.roles};
    for (const auto& one : held.view.party) {
      if (one.joined) roles.push_back(one.roles);
    }
    if (!roles_fit(pools_.at(held.view.mode).mode(), roles))
      return error(ErrorCode::invalid_argument, "roles: do not fit with those of the party");
    self.joined = true;
    self.roles = as.roles;
    self.auto_accept = as.auto_accept;
    ticket_of_[player] = ticket;
    if (std::ranges::all_of(held.view.party, &PartyMember::joined)) {
      held.view.state = State::queued;
      held.view.since_ms = now_ms;
      held.view.deadline_ms = 0;
      unrated_.push_back(ticket);
    }
    return held.view;
  }
  if (held.view.state != State::proposed) {
    if (self.accepted) return held.view;
    return error(ErrorCode::conflict, "there is nothing to accept");
  }
  self.accepted = true;
  begin_if_accepted(held.proposal);
  return held.view;
}

Result<TicketView> Desk::leave(const std::string& ticket, const std::string& player,
                               std::uint64_t now_ms) {
  auto found = held_by(ticket, player);
  if (!found.ok()) return found.error();
  auto& held = **found;
  switch (held.view.state) {
    case State::starting:
    case State::matched:
      return error(ErrorCode::conflict, "the match is made");
    case State::ended:
      break;
    case State::forming:
      end(held, member(held.view, player).joined ? Reason::cancelled : Reason::declined, now_ms);
      break;
    case State::queued:
      end(held, Reason::cancelled, now_ms);
      break;
    case State::proposed: {
      const auto proposal = held.proposal;
      end(held, Reason::declined, now_ms);
      withdraw(proposal);
    }
  }
  return held.view;
}

void Desk::end(Held& held, Reason reason, std::uint64_t now_ms) {
  assert(is_open(held.view.state));
  if (held.number != 0) {
    pools_.at(held.pool).remove(held.number);
    numbers_.erase(held.number);
    held.number = 0;
  }
  held.view.state = State::ended;
  held.view.reason = reason;
  held.view.deadline_ms = 0;
  held.proposal = 0;
  forget(held);
  done_.emplace_back(now_ms + options_.keep_ms, held.view.id);
}

/// Its members may enter again.
void Desk::forget(const Held& held) {
  --open_;
  for (const auto& one : held.view.party) {
    const auto it = ticket_of_.find(one.player);
    if (it != ticket_of_.end() && it->second == held.view.id) ticket_of_.erase(it);
  }
}

std::vector<ToRate> Desk::take_unrated() {
  std::vector<ToRate> out;
  for (const auto& ticket : std::exchange(unrated_, {})) {
    const auto it = tickets_.find(ticket);
    if (it == tickets_.end() || it->second.view.state != State::queued) continue;
    ToRate one{ticket, it->second.view.mode, {}};
    for (const auto& each : it->second.view.party) one.players.push_back(each.player);
    out.push_back(std::move(one));
  }
  return out;
}

void Desk::rated(const std::string& ticket, double rating, double deviation, Light light) {
  const auto it = tickets_.find(ticket);
  if (it == tickets_.end() || it->second.view.state != State::queued || it->second.number != 0)
    return;
  it->second.rating = rating;
  it->second.deviation = deviation;
  it->second.pool = pool_name(it->second.view.mode, light);
  enqueue(it->second);
}

void Desk::refuse(const std::string& ticket, std::uint64_t now_ms) {
  const auto it = tickets_.find(ticket);
  if (it == tickets_.end() || it->second.view.state != State::queued || it->second.number != 0)
    return;
  end(it->second, Reason::barred, now_ms);
}

void Desk::enqueue(Held& held) {
  Ticket ticket;
  ticket.id = held.number = ++last_number_;
  ticket.since_ms = held.view.since_ms;
  ticket.rating = held.rating;
  ticket.deviation = held.deviation;
  ticket.size = static_cast<int>(held.view.party.size());
  ticket.ping_ms = held.ping_ms;
  for (std::size_t i = 0; i < held.view.party.size(); ++i)
    ticket.roles[i] = held.view.party[i].roles;
  held.view.state = State::queued;
  held.proposal = 0;
  for (auto& one : held.view.party) one.accepted = false;
  numbers_.emplace(held.number, held.view.id);
  pools_.at(held.pool).add(ticket);
}

/// What nobody answered in time, and what nobody needs to see any more.
void Desk::expire(std::uint64_t now_ms) {
  while (!forming_.empty() && forming_.front().first <= now_ms) {
    const auto it = tickets_.find(forming_.front().second);
    if (it != tickets_.end() && it->second.view.state == State::forming)
      end(it->second, Reason::not_accepted, now_ms);
    forming_.pop_front();
  }
  std::erase_if(open_matches_,
                [now_ms](const auto& entry) { return entry.second.until_ms <= now_ms; });
  // Numbers ascend with their deadlines.
  while (!offers_.empty()) {
    const auto late =
        std::ranges::find_if(offers_, [](const auto& entry) { return !entry.second.starting; });
    if (late == offers_.end() || late->second.deadline_ms > now_ms) break;
    const auto number = late->first;
    for (const auto& team : late->second.teams) {
      for (const auto& ticket : team) {
        auto& held = tickets_.at(ticket);
        if (held.proposal == number && !all_accepted(held)) end(held, Reason::not_accepted, now_ms);
      }
    }
    withdraw(number);
  }
  while (!done_.empty() &&
         (done_.front().first <= now_ms || done_.size() > 2 * options_.max_tickets)) {
    tickets_.erase(done_.front().second);
    done_.pop_front();
  }
}

std::size_t Desk::waiting(const std::string& mode) const {
  std::size_t out = 0;
  for (const auto light : {Light::open, Light::shadow}) {
    const auto it = pools_.find(pool_name(mode, light));
    out += it == pools_.end() ? 0 : it->second.size();
  }
  return out;
}

}  // namespace troupe::matchmaking
