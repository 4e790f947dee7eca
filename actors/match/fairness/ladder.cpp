#include "actors/match/fairness/ladder.hpp"

#include <algorithm>
#include <array>

namespace troupe::fairness {
namespace {
constexpr std::array<std::string_view, 6> kNames = {"none", "flag", "shadow",
                                                    "kick", "ban",  "clear"};
}  // namespace

std::string_view to_string(Action action) noexcept {
  return kNames[static_cast<std::size_t>(action)];
}

std::optional<Action> parse_action(std::string_view name) noexcept {
  const auto it = std::ranges::find(kNames, name);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<Action>(it - kNames.begin());
}

Action next_action(const Standing& standing, const LadderOptions& options) noexcept {
  const auto strikes = standing.strikes + 1;
  const auto due = [strikes](std::uint32_t at) { return at != 0 && strikes >= at; };
  if (due(options.ban_strikes)) return Action::ban;
  if (due(options.kick_strikes)) return Action::kick;
  if (due(options.shadow_strikes)) return Action::shadow;
  return Action::flag;
}

Standing apply(Standing standing, Action action, const LadderOptions& options,
               std::uint64_t now_ms) noexcept {
  switch (action) {
    case Action::none:
      return standing;
    case Action::flag:
      break;
    case Action::shadow:
      standing.shadow = true;
      break;
    case Action::kick:
      standing.barred_until_ms =
          std::max(standing.barred_until_ms, now_ms + std::uint64_t{options.kick_s} * 1'000);
      break;
    case Action::ban:
      standing.barred_until_ms = kForEver;
      break;
    case Action::clear:
      return {.strikes = 0, .last = Action::clear};
  }
  standing.last = action;
  return standing;
}

}  // namespace troupe::fairness
