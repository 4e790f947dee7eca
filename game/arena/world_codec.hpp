// The arena's whole state as bytes: for checkpoints.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "game/arena/world.hpp"

namespace troupe::game {

[[nodiscard]] std::string encode_world(const World& world);
/// Nothing when the bytes are not of encode_world, or say what the rules do not have.
[[nodiscard]] std::optional<World> decode_world(std::string_view bytes);

}  // namespace troupe::game
