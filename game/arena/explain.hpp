// A shot judged again, with all that it was judged by, for people.
#pragma once

#include <string>

#include "game/arena/world.hpp"

namespace troupe::game::arena {

/// A JSON object. `world` is the state after the tick that judged it; its history still has what
/// was shown then. `same`: judging again comes to the same verdict.
[[nodiscard]] std::string explain(const World& world, const Verdict& verdict);

}  // namespace troupe::game::arena
