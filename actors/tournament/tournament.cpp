#include "actors/tournament/tournament.hpp"

#include <algorithm>
#include <array>

namespace troupe::tournament {
namespace {

constexpr std::array<std::string_view, 2> kFormats{"single_elimination", "round_robin"};
constexpr std::array<std::string_view, 3> kPhases{"registering", "running", "finished"};

}  // namespace

std::string_view to_string(Format format) noexcept {
  return kFormats[static_cast<std::size_t>(format)];
}
std::optional<Format> parse_format(std::string_view name) noexcept {
  const auto it = std::ranges::find(kFormats, name);
  if (it == kFormats.end()) return std::nullopt;
  return static_cast<Format>(it - kFormats.begin());
}
std::size_t most_entrants(Format format) noexcept {
  return format == Format::round_robin ? RoundRobin::kMaxEntrants : Bracket::kMaxEntrants;
}
std::string_view to_string(Phase phase) noexcept {
  return kPhases[static_cast<std::size_t>(phase)];
}

Phase Tournament::phase() const noexcept {
  if (const auto* play = bracket()) return play->champion() ? Phase::finished : Phase::running;
  if (const auto* play = round_robin()) return play->finished() ? Phase::finished : Phase::running;
  return Phase::registering;
}

Result<void> Tournament::apply(const Step& step) {
  if (const auto* entered = std::get_if<Entered>(&step)) return enter(entered->player);
  if (const auto* left = std::get_if<Left>(&step)) return leave(left->player);
  if (const auto* started = std::get_if<Started>(&step)) return start(started->seeds);
  if (const auto* reported = std::get_if<Reported>(&step)) return report(*reported);
  const auto& paired = std::get<Paired>(step);
  if (const auto both = opponents(paired.place); !both.ok()) return both.error();
  matches_[paired.place] = paired.match;
  return {};
}

std::string Tournament::match(Place place) const {
  const auto it = matches_.find(place);
  return it == matches_.end() ? std::string() : it->second;
}

Result<std::pair<std::string, std::string>> Tournament::opponents(Place place) const {
  const auto missing = error(ErrorCode::not_found, "no such pairing");
  const auto closed = error(ErrorCode::conflict, "the pairing cannot be played now");
  if (const auto* play = bracket()) {
    if (place.round >= play->rounds().size() || place.pairing >= play->rounds()[place.round].size())
      return missing;
    const auto& pairing = play->rounds()[place.round][place.pairing];
    if (!play->playable(place)) return closed;
    return std::pair(entrants_[*pairing.first], entrants_[*pairing.second]);
  }
  if (const auto* play = round_robin()) {
    if (place.round >= play->rounds().size() || place.pairing >= play->rounds()[place.round].size())
      return missing;
    const auto& meeting = play->rounds()[place.round][place.pairing];
    if (meeting.outcome != Outcome::open) return closed;
    return std::pair(entrants_[meeting.first], entrants_[meeting.second]);
  }
  return error(ErrorCode::conflict, "the tournament has not begun");
}

Result<void> Tournament::enter(const std::string& player) {
  if (phase() != Phase::registering) return error(ErrorCode::conflict, "the tournament has begun");
  if (std::ranges::find(entrants_, player) != entrants_.end())
    return error(ErrorCode::conflict, "has entered already");
  if (entrants_.size() >= definition_.max_entrants)
    return error(ErrorCode::conflict, "the tournament is full");
  entrants_.push_back(player);
  return {};
}

Result<void> Tournament::leave(const std::string& player) {
  const auto at = std::ranges::find(entrants_, player);
  if (at == entrants_.end()) return error(ErrorCode::not_found, "is not in the tournament");
  switch (phase()) {
    case Phase::registering:
      entrants_.erase(at);
      return {};
    case Phase::running:
      break;
    case Phase::finished:
      return error(ErrorCode::conflict, "the tournament is over");
  }
  if (auto* play = std::get_if<Bracket>(&play_)) return play->withdraw(seeds_.at(player));
  return std::get<RoundRobin>(play_).withdraw(seeds_.at(player));
}

Result<void> Tournament::start(const std::vector<std::string>& seeds) {
  if (phase() != Phase::registering) return error(ErrorCode::conflict, "the tournament has begun");
  if (entrants_.size() < 2)
    return error(ErrorCode::conflict, "there must be two entrants at least");
  if (!std::ranges::is_permutation(seeds, entrants_))
    return error(ErrorCode::invalid_argument, "the seeds are not the entrants");
  entrants_ = seeds;
  for (std::size_t i = 0; i < seeds.size(); ++i) seeds_[seeds[i]] = static_cast<Seed>(i);
  if (definition_.format == Format::round_robin)
    play_.emplace<RoundRobin>(seeds.size());
  else
    play_.emplace<Bracket>(seeds.size());
  return {};
}

Result<void> Tournament::report(const Reported& result) {
  if (phase() == Phase::registering)
    return error(ErrorCode::conflict, "the tournament has not begun");
  std::optional<Seed> winner;
  if (!result.winner.empty()) {
    const auto it = seeds_.find(result.winner);
    if (it == seeds_.end()) return error(ErrorCode::not_found, "is not in the tournament");
    winner = it->second;
  }
  if (auto* play = std::get_if<RoundRobin>(&play_)) return play->report(result.place, winner);
  if (!winner) return error(ErrorCode::invalid_argument, "an elimination knows no draws");
  return std::get<Bracket>(play_).report(result.place, *winner);
}

}  // namespace troupe::tournament
