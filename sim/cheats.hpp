// Cheats of each kind in a match with honest players: each is to be caught, or to have no effect.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "sim/endpoint.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"

namespace troupe::sim {

enum class Cheat : std::uint8_t {
  none,      ///< all are honest: nobody may be flagged
  aimbot,    ///< aims at once and does not miss: flagged
  wallhack,  ///< shows all that it is sent, walls or not: there is nothing behind them
  speed,     ///< sends commands twice as fast: goes no faster, and is flagged
  spam,      ///< sends as many packets as it can: sent away
  replay,    ///< uses tokens and commands again: the token is refused, the commands do nothing
  forged,    ///< forges tokens, messages, commands and what it claims to have seen
};
[[nodiscard]] std::optional<Cheat> parse_cheat(std::string_view name) noexcept;

struct CheatOptions {
  Cheat cheat = Cheat::aimbot;
  int honest = 5;
  std::chrono::seconds duration{60};  ///< at most; it ends when the cheat is caught
  std::uint64_t seed = 1;
};

/// One match. Fails where a cheat got through, or an honest player was flagged. Rows: what the
/// cheat did and got. Errors: what kept it from starting.
Result<Section> run_cheat(const Endpoint& endpoint, const CheatOptions& options, Progress& progress,
                          const std::atomic<bool>& stop);

}  // namespace troupe::sim
