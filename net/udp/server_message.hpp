// What the server says to game clients on the reliable channel.
#pragma once

#include <string>
#include <vector>

#include "actors/match/result.hpp"
#include "game/tables.hpp"

namespace troupe::udp {

[[nodiscard]] std::string encode_welcome(int slot, int tick_hz, const std::string& match);
[[nodiscard]] std::string encode_ended(const std::vector<match::Placement>& result);
[[nodiscard]] std::string encode_tables(const game::PackedTables& tables);

}  // namespace troupe::udp
