// Keys and records of matches.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/match/command_log.hpp"
#include "actors/match/messages.hpp"
#include "game/game.hpp"
#include "storage/batch.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"

namespace troupe::match {

/// A checkpoint: all that a match needs to go on.
struct Checkpoint {
  MatchInfo info;
  std::map<std::string, int> places;  ///< player → slot
  const game::Game* game = nullptr;   ///< never null once it was begun or read
  game::StateValue state;
  std::uint8_t epoch = 0;
  std::array<std::uint32_t, game::kMaxPlayers> sequences{};  ///< newest commands used, by slot
  std::vector<LogEvent> pending;  ///< that this state has, but no logged tick yet
};

/// What a match begins with: `info` names its game, one that there is.
[[nodiscard]] Checkpoint first_checkpoint(MatchInfo info);
/// Plays a logged tick; of its events, those from `first_event` on.
void play(Checkpoint& at, const LoggedTick& tick, std::size_t first_event = 0);

[[nodiscard]] std::string match_key(std::string_view id);
/// The match as it ended: a checkpoint that nothing overwrites.
[[nodiscard]] std::string result_key(std::string_view id);
[[nodiscard]] std::string encode_checkpoint(const Checkpoint& checkpoint);
/// Nothing when the bytes fail verification, are of a game that there is not, or name places and
/// states that the rules do not have.
[[nodiscard]] std::optional<Checkpoint> decode_checkpoint(std::string_view bytes);
/// Ticks sort as they follow each other.
[[nodiscard]] std::string log_key(std::string_view id, std::uint32_t tick);
/// Erases the ticks before `end`, of which those before `begin` are gone already.
void erase_log(storage::Batch& batch, std::string_view id, std::uint32_t begin, std::uint32_t end);
/// Marks of ended matches whose log is to go some day, in the order of their ends.
[[nodiscard]] std::string ended_log_key(std::uint64_t ended_ms, std::string_view id);
/// The ids of up to `most` matches that ended before `before_ms` and still have a log, with their
/// marks.
struct EndedLog {
  std::string mark, id;
};
[[nodiscard]] Result<std::vector<EndedLog>> ended_logs(const storage::Store& store,
                                                       std::uint64_t before_ms, std::size_t most);
/// Erases a log and its mark.
void erase_ended_log(storage::Batch& batch, const EndedLog& log);
struct LogRecord {
  LoggedTick tick;
  std::uint64_t hash = 0;  ///< of the state after it
};
[[nodiscard]] std::string encode_log(const LoggedTick& tick, std::uint64_t hash);
[[nodiscard]] std::optional<LogRecord> decode_log(std::string_view bytes);
void add_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::match
