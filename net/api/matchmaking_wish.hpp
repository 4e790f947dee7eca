// What a player wants of matchmaking, checked: the same over HTTP and in the lobby. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/matchmaking/desk.hpp"
#include "base/result.hpp"

namespace troupe::api {

/// As it came.
struct WishFields {
  std::string mode;
  std::vector<std::string> party;  ///< the others
  std::vector<std::string> roles;
  std::vector<std::pair<std::string, std::int64_t>> pings;  ///< region, ms; none: not measured
  bool auto_accept = false;
};

/// Errors: invalid_argument, which names the field.
[[nodiscard]] Result<matchmaking::Wish> make_wish(const WishFields& fields,
                                                  const std::string& player,
                                                  const std::vector<matchmaking::Mode>& modes,
                                                  const std::vector<std::string>& regions);
/// Errors: invalid_argument.
[[nodiscard]] Result<matchmaking::RoleMask> make_roles(const std::vector<std::string>& names,
                                                       const std::vector<matchmaking::Role>& roles);
/// Whether a user can be a player.
[[nodiscard]] bool is_player(std::string_view id);
/// `field`: why.
[[nodiscard]] Error bad_field(std::string_view field, std::string_view why);

}  // namespace troupe::api
