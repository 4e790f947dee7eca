#include "net/api/matchmaking_wish.hpp"

#include <algorithm>

namespace troupe::api {
namespace {

using namespace matchmaking;

constexpr std::size_t kMaxPlayerBytes = 64;
constexpr std::int64_t kMaxPingMs = 2'000;
/// Of a player who gives no pings: playable everywhere, good nowhere.
constexpr std::uint16_t kUnknownPingMs = 80;

Result<std::array<std::uint16_t, kMaxRegions>> make_pings(
    const std::vector<std::pair<std::string, std::int64_t>>& pings,
    const std::vector<std::string>& regions) {
  std::array<std::uint16_t, kMaxRegions> out{};
  if (pings.empty()) {
    std::fill_n(out.begin(), regions.size(), kUnknownPingMs);
    return out;
  }
  for (const auto& [name, ping] : pings) {
    const auto it = std::ranges::find(regions, name);
    if (it == regions.end()) return bad_field("regions", "there is no " + name);
    if (ping < 1 || ping > kMaxPingMs) return bad_field("regions", "pings are 1 to 2000 ms");
    out[static_cast<std::size_t>(it - regions.begin())] = static_cast<std::uint16_t>(ping);
  }
  return out;
}

}  // namespace

Error bad_field(std::string_view field, std::string_view why) {
  return error(ErrorCode::invalid_argument, std::string(field) + ": " + std::string(why));
}

bool is_player(std::string_view id) {
  return !id.empty() && id.size() <= kMaxPlayerBytes &&
         std::ranges::all_of(id, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '/'; });
}

Result<RoleMask> make_roles(const std::vector<std::string>& names, const std::vector<Role>& roles) {
  RoleMask mask = 0;
  for (const auto& name : names) {
    const auto it = std::ranges::find(roles, name, &Role::name);
    if (it == roles.end()) return bad_field("roles", "the mode has no such role");
    mask = static_cast<RoleMask>(mask | (1U << (it - roles.begin())));
  }
  return mask;
}

Result<Wish> make_wish(const WishFields& fields, const std::string& player,
                       const std::vector<Mode>& modes, const std::vector<std::string>& regions) {
  const auto mode = std::ranges::find(modes, fields.mode, &Mode::name);
  if (mode == modes.end()) return bad_field("mode", "there is no such mode");
  const auto roles = make_roles(fields.roles, mode->roles);
  if (!roles.ok()) return roles.error();
  const auto pings = make_pings(fields.pings, regions);
  if (!pings.ok()) return pings.error();
  if (!is_player(player)) return bad_field("sub", "the token's subject cannot be a player");
  if (fields.party.size() >= kMaxParty) return bad_field("party", "a list of at most 7 others");
  Wish out;
  out.mode = mode->name;
  out.ping_ms = *pings;
  out.party.push_back({player, *roles, false, false, fields.auto_accept});
  for (const auto& one : fields.party) {
    if (!is_player(one)) return bad_field("party", "1 to 64 printable characters each");
    out.party.push_back({one});
  }
  return out;
}

}  // namespace troupe::api
