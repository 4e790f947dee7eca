// Who plays on which side, so that the sides are about equally strong. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace troupe::matchmaking {

struct Member {
  double rating = 0;  ///< mean of the party
  int size = 1;       ///< players
};

/// Teams as indices into `members`.
using Teams = std::vector<std::vector<std::size_t>>;

/// Moves parties between teams, whose sizes stay as they are, until the difference between the
/// strongest and the weakest team (sum of ratings) is least for two teams of up to 12 parties, and
/// for more until no exchange of parties of equal size makes it smaller. `allowed` may forbid a
/// team (roles); null: all are allowed. The given teams are.
void balance(const std::vector<Member>& members, Teams& teams,
             const std::function<bool(const std::vector<std::size_t>&)>& allowed);

/// The greatest less the least mean rating of a team.
[[nodiscard]] double imbalance(const std::vector<Member>& members, const Teams& teams) noexcept;

}  // namespace troupe::matchmaking
