#include "actors/tournament/bracket.hpp"

#include <bit>
#include <cassert>

namespace troupe::tournament {

std::vector<Seed> seed_order(std::size_t size) {
  assert(std::has_single_bit(size));
  std::vector<Seed> order{0};
  // Each round of a larger bracket pairs everybody with the one who completes the sum.
  while (order.size() < size) {
    const auto sum = static_cast<Seed>(order.size() * 2 - 1);
    std::vector<Seed> next;
    for (std::size_t i = 0; i < order.size(); ++i) {
      // Every other pairing upside down keeps the best seeds at the outer ends.
      const auto other = sum - order[i];
      next.push_back(i % 2 == 0 ? order[i] : other);
      next.push_back(i % 2 == 0 ? other : order[i]);
    }
    order = std::move(next);
  }
  return order;
}

Bracket::Bracket(std::size_t entrants) : entrants_(entrants), gone_(entrants, false) {
  assert(entrants >= 2 && entrants <= kMaxEntrants);
  const auto size = std::bit_ceil(entrants);
  for (auto pairings = size / 2; pairings >= 1; pairings /= 2) rounds_.emplace_back(pairings);
  const auto order = seed_order(size);
  for (std::size_t i = 0; i < size / 2; ++i) {
    auto& pairing = rounds_[0][i];
    if (order[2 * i] < entrants) pairing.first = order[2 * i];
    if (order[2 * i + 1] < entrants) pairing.second = order[2 * i + 1];
  }
  settle_byes();
}

bool Bracket::playable(Place place) const noexcept {
  const auto& pairing = rounds_[place.round][place.pairing];
  return pairing.first && pairing.second && !pairing.winner;
}

std::vector<Place> Bracket::playable() const {
  std::vector<Place> out;
  for (std::size_t round = 0; round < rounds_.size(); ++round) {
    for (std::size_t i = 0; i < rounds_[round].size(); ++i) {
      if (playable({round, i})) out.push_back({round, i});
    }
  }
  return out;
}

Result<void> Bracket::report(Place place, Seed winner) {
  if (place.round >= rounds_.size() || place.pairing >= rounds_[place.round].size())
    return error(ErrorCode::not_found, "no such pairing");
  const auto& pairing = rounds_[place.round][place.pairing];
  if (pairing.first != winner && pairing.second != winner)
    return error(ErrorCode::invalid_argument, "the winner is not in the pairing");
  if (pairing.winner == winner) return {};
  if (!playable(place)) return error(ErrorCode::conflict, "the pairing cannot be played now");
  advance(place, winner);
  settle_byes();
  return {};
}

void Bracket::advance(Place place, Seed winner) {
  rounds_[place.round][place.pairing].winner = winner;
  if (place.round + 1 == rounds_.size()) return;
  auto& next = rounds_[place.round + 1][place.pairing / 2];
  (place.pairing % 2 == 0 ? next.first : next.second) = winner;
}

Result<void> Bracket::withdraw(Seed seed) {
  if (seed >= entrants_) return error(ErrorCode::not_found, "no such entrant");
  gone_[seed] = true;
  settle_byes();
  return {};
}

/// In rounds' order, so that a walkover in one decides the next in the same pass. No pairing of the
/// first round is empty, so that somebody comes to every later side. Where both have left, one goes
/// on in name, and the next opponent has the walkover.
void Bracket::settle_byes() {
  for (std::size_t round = 0; round < rounds_.size(); ++round) {
    for (std::size_t i = 0; i < rounds_[round].size(); ++i) {
      const auto& pairing = rounds_[round][i];
      if (pairing.winner) continue;
      if (pairing.first && pairing.second) {
        if (gone_[*pairing.second])
          advance({round, i}, *pairing.first);
        else if (gone_[*pairing.first])
          advance({round, i}, *pairing.second);
      } else if (round == 0) {
        advance({round, i}, pairing.first ? *pairing.first : *pairing.second);
      }
    }
  }
}

std::vector<std::size_t> Bracket::places() const {
  std::vector<std::size_t> out(entrants_, 0);
  for (const auto& round : rounds_) {
    for (const auto& pairing : round) {
      if (!pairing.winner || !pairing.first || !pairing.second) continue;
      const auto loser = pairing.winner == pairing.first ? *pairing.second : *pairing.first;
      out[loser] = round.size() + 1;
    }
  }
  if (champion()) out[*champion()] = 1;
  return out;
}

}  // namespace troupe::tournament
