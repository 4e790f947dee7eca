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

[[nodiscard]] std::string encode_probe(std::uint32_t number);

/// Where a ticket stands, as its player is told in the lobby.
struct QueueStanding {
  std::string state = "none";
  std::string reason, ticket, mode;
  std::uint64_t deadline_ms = 0;
  std::uint16_t ping_ms = 0;
  std::string region;
  // Once matched.
  std::string match;
  std::uint8_t team = 0;
  std::string host;
  std::uint16_t port = 0;
  std::string ws, token;
  friend bool operator==(const QueueStanding&, const QueueStanding&) = default;
};
[[nodiscard]] std::string encode_queue_state(const QueueStanding& standing);

}  // namespace troupe::udp
