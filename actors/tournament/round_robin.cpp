#include "actors/tournament/round_robin.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <tuple>

namespace troupe::tournament {
namespace {

constexpr int kWin = 3, kDraw = 1;

/// Points of the first and of the second.
std::pair<int, int> points(Outcome outcome) {
  switch (outcome) {
    case Outcome::first:
      return {kWin, 0};
    case Outcome::second:
      return {0, kWin};
    case Outcome::draw:
      return {kDraw, kDraw};
    case Outcome::open:
      break;
  }
  return {0, 0};
}

}  // namespace

RoundRobin::RoundRobin(std::size_t entrants) : entrants_(entrants), gone_(entrants, false) {
  assert(entrants >= 2 && entrants <= kMaxEntrants);
  const auto places = entrants + entrants % 2;  // an odd number plays against nobody in turn
  const auto turning = places - 1;
  for (std::size_t round = 0; round < turning; ++round) {
    auto& meetings = rounds_.emplace_back();
    // The last place stands still, the others turn around it by one each round.
    for (std::size_t i = 0; i < places / 2; ++i) {
      const auto a = (round + i) % turning;
      const auto b = i == 0 ? turning : (round + turning - i) % turning;
      if (a >= entrants || b >= entrants) continue;
      const bool turned = i == 0 ? round % 2 == 1 : i % 2 == 1;  // first and second take turns
      meetings.push_back({static_cast<Seed>(turned ? b : a), static_cast<Seed>(turned ? a : b)});
    }
  }
}

Result<void> RoundRobin::report(Place place, std::optional<Seed> winner) {
  if (place.round >= rounds_.size() || place.pairing >= rounds_[place.round].size())
    return error(ErrorCode::not_found, "no such pairing");
  auto& meeting = rounds_[place.round][place.pairing];
  if (winner && *winner != meeting.first && *winner != meeting.second)
    return error(ErrorCode::invalid_argument, "the winner is not in the pairing");
  const auto outcome = !winner                    ? Outcome::draw
                       : *winner == meeting.first ? Outcome::first
                                                  : Outcome::second;
  if (meeting.outcome == outcome) return {};
  if (meeting.outcome != Outcome::open)
    return error(ErrorCode::conflict, "the pairing has another outcome");
  meeting.outcome = outcome;
  return {};
}

Result<void> RoundRobin::withdraw(Seed seed) {
  if (seed >= entrants_) return error(ErrorCode::not_found, "no such entrant");
  gone_[seed] = true;
  for (auto& round : rounds_) {
    for (auto& meeting : round) {
      if (meeting.outcome != Outcome::open) continue;
      if (meeting.first == seed) meeting.outcome = Outcome::second;
      if (meeting.second == seed) meeting.outcome = Outcome::first;
    }
  }
  return {};
}

bool RoundRobin::finished() const noexcept {
  return std::ranges::all_of(rounds_, [](const auto& round) {
    return std::ranges::none_of(
        round, [](const Meeting& meeting) { return meeting.outcome == Outcome::open; });
  });
}

std::vector<Standing> RoundRobin::standings() const {
  std::vector<Standing> out(entrants_);
  for (std::size_t i = 0; i < entrants_; ++i) out[i].seed = static_cast<Seed>(i);
  const auto each = [&](const auto& visit) {
    for (const auto& round : rounds_) {
      for (const auto& meeting : round) {
        if (meeting.outcome != Outcome::open) visit(meeting);
      }
    }
  };
  each([&](const Meeting& meeting) {
    auto &a = out[meeting.first], &b = out[meeting.second];
    const auto [mine, theirs] = points(meeting.outcome);
    a.points += mine;
    b.points += theirs;
    a.wins += mine == kWin;
    b.wins += theirs == kWin;
    a.losses += theirs == kWin;
    b.losses += mine == kWin;
    a.draws += mine == kDraw;
    b.draws += mine == kDraw;
  });
  std::vector<int> among(entrants_, 0);
  each([&](const Meeting& meeting) {
    if (out[meeting.first].points != out[meeting.second].points) return;
    const auto [mine, theirs] = points(meeting.outcome);
    among[meeting.first] += mine;
    among[meeting.second] += theirs;
  });
  const auto key = [&](const Standing& one) {
    return std::tuple(-one.points, -among[one.seed], -one.wins);
  };
  std::ranges::stable_sort(out,
                           [&](const Standing& a, const Standing& b) { return key(a) < key(b); });
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i].rank = i > 0 && key(out[i]) == key(out[i - 1]) ? out[i - 1].rank : i + 1;
  return out;
}

}  // namespace troupe::tournament
