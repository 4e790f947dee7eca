// What the server says to game clients on the reliable channel.
#pragma once

#include <string>
#include <vector>

#include "actors/match/output.hpp"
#include "actors/match/result.hpp"
#include "game/tables.hpp"

namespace troupe::udp {

[[nodiscard]] std::string encode_welcome(const match::Welcome& place);
[[nodiscard]] std::string encode_ended(const std::vector<match::Placement>& result);
[[nodiscard]] std::string encode_tables(const game::PackedTables& tables);

}  // namespace troupe::udp
