#include "actors/match/adjudicate.hpp"

#include "actors/match/replay.hpp"
#include "storage/store.hpp"

namespace troupe::match {

Result<Adjudication> adjudicate(const storage::Store& store, const std::string& match,
                                std::uint32_t tick, int slot) {
  auto played = replay(store, match, tick);
  if (!played.ok()) return played.error();
  auto& at = played->at;
  if (at.state->tick() != tick || tick == 0)
    return error(ErrorCode::not_found, "the match has no tick " + std::to_string(tick));
  Adjudication out{.match = match, .player = {}, .tick = tick, .slot = slot};
  for (const auto& [player, place] : at.places) {
    if (place == slot) out.player = player;
  }
  if (out.player.empty())
    return error(ErrorCode::not_found, "nobody plays in slot " + std::to_string(slot));
  const auto bytes = store.get(storage::Family::match, log_key(match, tick));
  if (!bytes.ok()) return bytes.error();
  const auto record = *bytes ? decode_log(**bytes) : std::optional<LogRecord>();
  if (!record) return error(ErrorCode::corrupt, "the tick's log record does not verify");
  out.logged_hash = record->hash;
  out.replayed_hash = at.state->hash();
  out.shot = at.game->explain_shot(*at.state, slot);
  if (out.shot.empty())
    return error(ErrorCode::not_found, "no hitscan shot of slot " + std::to_string(slot) +
                                           " at tick " + std::to_string(tick));
  return out;
}

}  // namespace troupe::match
