// Keys and records of matches.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "actors/match/messages.hpp"
#include "game/world.hpp"
#include "storage/verify.hpp"

namespace troupe::match {

/// A checkpoint: all that a match needs to go on.
struct Checkpoint {
  MatchInfo info;
  std::map<std::string, int> places;  ///< player → slot
  game::World world;
  std::uint8_t epoch = 0;
};

[[nodiscard]] std::string match_key(std::string_view id);
/// The match as it ended: a checkpoint that nothing overwrites.
[[nodiscard]] std::string result_key(std::string_view id);
[[nodiscard]] std::string encode_checkpoint(const Checkpoint& checkpoint);
/// Nothing when the bytes fail verification or name places and sizes that the rules do not have.
[[nodiscard]] std::optional<Checkpoint> decode_checkpoint(std::string_view bytes);
void add_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::match
