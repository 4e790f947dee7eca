// What kind of match a queue makes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace troupe::matchmaking {

inline constexpr int kMaxParty = 8;
inline constexpr int kMaxTeams = 64;
inline constexpr int kMaxTeamSize = 16;
inline constexpr std::size_t kMaxRoles = 8;

/// A role and how many of a team play it.
struct Role {
  std::string name;
  int count = 1;
  friend bool operator==(const Role&, const Role&) = default;
};

struct Mode {
  std::string name;
  int teams = 2;
  int team_size = 1;
  /// After half of the longest wait a match may begin with so many; equal to players(): never.
  int least_players = 2;
  std::vector<Role> roles;  ///< of each team, their counts sum to team_size; empty: none
  std::string game = "arena";
  [[nodiscard]] int players() const noexcept { return teams * team_size; }
  friend bool operator==(const Mode&, const Mode&) = default;
};

/// "name[@game]:TEAMSxSIZE[:LEAST[:role=count/…]]", several by comma:
/// "duel:2x1,raid:2x3:6:tank=1/any=2,cup@ball:2x3".
/// Errors: invalid_argument.
[[nodiscard]] Result<std::vector<Mode>> parse_modes(std::string_view text);

/// Which roles a player takes, one bit each in the order of the mode; 0: all.
using RoleMask = std::uint16_t;

/// Whether `players` (at most a team) can be given roles so that everybody has one of theirs.
[[nodiscard]] bool roles_fit(const Mode& mode, std::span<const RoleMask> players) noexcept;

}  // namespace troupe::matchmaking
