// What follows from findings: flag, shadow queue, kick, ban. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace troupe::fairness {

/// Values are stored: never renumber.
enum class Action : std::uint8_t {
  none = 0,
  flag = 1,    ///< said to operators; nothing else changes
  shadow = 2,  ///< is matched only with others of the shadow queue
  kick = 3,    ///< out of its match, and of all for a while
  ban = 4,     ///< out for good
  clear = 5,   ///< by an operator: everything is taken back
};
[[nodiscard]] std::string_view to_string(Action action) noexcept;
[[nodiscard]] std::optional<Action> parse_action(std::string_view name) noexcept;

/// Findings ("strikes") from which on a step is taken without an operator; 0: never.
struct LadderOptions {
  std::uint32_t shadow_strikes = 0;
  std::uint32_t kick_strikes = 0;
  std::uint32_t ban_strikes = 0;
  std::uint32_t kick_s = 600;
};

/// Where a player stands.
struct Standing {
  std::uint32_t strikes = 0;
  Action last = Action::none;  ///< the last step that was taken
  bool shadow = false;
  std::uint64_t barred_until_ms = 0;  ///< joins no match before
  friend bool operator==(const Standing&, const Standing&) = default;
};
inline constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();

/// The step that one more strike leads to: the hardest that is due.
[[nodiscard]] Action next_action(const Standing& standing, const LadderOptions& options) noexcept;
/// After `action`. A ban is not softened by less than clear.
[[nodiscard]] Standing apply(Standing standing, Action action, const LadderOptions& options,
                             std::uint64_t now_ms) noexcept;
[[nodiscard]] inline bool barred(const Standing& standing, std::uint64_t now_ms) noexcept {
  return now_ms < standing.barred_until_ms;
}

}  // namespace troupe::fairness
