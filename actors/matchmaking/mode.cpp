#include "actors/matchmaking/mode.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe::matchmaking {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

/// 0 when `text` is not a number from 1 to `most`.
int number(std::string_view text, int most) {
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc() && end == text.data() + text.size() && value >= 1 && value <= most
             ? value
             : 0;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
}

Error bad(std::string_view text, std::string_view why) {
  return error(ErrorCode::invalid_argument,
               "mode '" + std::string(text) + "': " + std::string(why));
}

Result<std::vector<Role>> parse_roles(std::string_view text, int team_size) {
  std::vector<Role> out;
  int sum = 0;
  for (const auto part : split(text, '/')) {
    const auto equals = part.find('=');
    const auto count =
        equals == std::string_view::npos ? 0 : number(part.substr(equals + 1), kMaxTeamSize);
    if (count == 0 || !is_name(part.substr(0, equals))) return bad(text, "roles are name=count");
    out.push_back({std::string(part.substr(0, equals)), count});
    sum += count;
  }
  if (out.size() > kMaxRoles || sum != team_size)
    return bad(text, "at most 8 roles, together one for each player of a team");
  return out;
}

Result<Mode> parse_mode(std::string_view text) {
  const auto parts = split(text, ':');
  const auto at = parts[0].find('@');
  if (parts.size() < 2 || parts.size() > 4 || !is_name(parts[0].substr(0, at)))
    return bad(text, "must be name[@game]:TEAMSxSIZE[:LEAST[:roles]]");
  const auto x = parts[1].find('x');
  Mode out;
  out.name = parts[0].substr(0, at);
  if (at != std::string_view::npos) out.game = parts[0].substr(at + 1);
  out.teams = number(parts[1].substr(0, x), kMaxTeams);
  out.team_size = x == std::string_view::npos ? 0 : number(parts[1].substr(x + 1), kMaxTeamSize);
  if (out.teams < 2 || out.team_size == 0) return bad(text, "2 to 64 teams of 1 to 16, as in 2x4");
  out.least_players = out.players();
  if (parts.size() > 2) out.least_players = number(parts[2], out.players());
  if (out.least_players < out.teams && out.team_size > 1)
    return bad(text, "there must be a player in each team");
  if (out.least_players < 2) return bad(text, "a match has two players at least");
  if (parts.size() > 3) {
    auto roles = parse_roles(parts[3], out.team_size);
    if (!roles.ok()) return roles.error();
    out.roles = std::move(*roles);
  }
  return out;
}

}  // namespace

Result<std::vector<Mode>> parse_modes(std::string_view text) {
  std::vector<Mode> out;
  for (const auto part : split(text, ',')) {
    auto mode = parse_mode(part);
    if (!mode.ok()) return mode.error();
    if (std::ranges::find(out, mode->name, &Mode::name) != out.end())
      return bad(part, "there is another one of that name");
    out.push_back(std::move(*mode));
  }
  return out;
}

namespace {

/// Bipartite matching by augmenting paths (Kuhn): players on one side, places of roles on the
/// other.
class RoleMatching {
 public:
  RoleMatching(const Mode& mode, std::span<const RoleMask> players) : players_(players) {
    for (std::size_t role = 0; role < mode.roles.size(); ++role) {
      for (int i = 0; i < mode.roles[role].count; ++i)
        role_of_[places_++] = static_cast<std::uint8_t>(role);
    }
    holder_.fill(-1);
  }

  bool seat(std::size_t player) {
    visited_ = 0;
    return find_place(player);
  }

 private:
  bool find_place(std::size_t player) {
    for (std::size_t place = 0; place < places_; ++place) {
      const bool takes = players_[player] == 0 || ((players_[player] >> role_of_[place]) & 1) != 0;
      if (!takes || ((visited_ >> place) & 1) != 0) continue;
      visited_ |= 1U << place;
      if (holder_[place] >= 0 && !find_place(static_cast<std::size_t>(holder_[place]))) continue;
      holder_[place] = static_cast<int>(player);
      return true;
    }
    return false;
  }

  std::span<const RoleMask> players_;
  std::array<std::uint8_t, kMaxTeamSize> role_of_{};
  std::array<int, kMaxTeamSize> holder_{};
  std::size_t places_ = 0;
  std::uint32_t visited_ = 0;
};

}  // namespace

bool roles_fit(const Mode& mode, std::span<const RoleMask> players) noexcept {
  if (players.size() > static_cast<std::size_t>(mode.team_size)) return false;
  if (mode.roles.empty()) return true;
  RoleMatching matching(mode, players);
  for (std::size_t i = 0; i < players.size(); ++i) {
    if (!matching.seat(i)) return false;
  }
  return true;
}

}  // namespace troupe::matchmaking
