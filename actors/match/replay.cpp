#include "actors/match/replay.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "storage/store.hpp"

namespace troupe::match {
namespace {

/// The last tick of which there is a record; 0: none.
Result<std::uint32_t> last_logged(const storage::Store& store, const std::string& id) {
  std::uint32_t last = 0;
  const auto begin = storage::KeyBuilder("log").text(id).take();
  const auto scanned = store.scan_reverse(storage::Family::match, begin, storage::prefix_end(begin),
                                          1, [&](auto key, auto) {
                                            storage::KeyReader reader(key, "log");
                                            static_cast<void>(reader.text());
                                            last = reader.u32();
                                            return false;
                                          });
  if (!scanned.ok()) return scanned.error();
  return last;
}

/// Plays up to `until`. Stops, without an error, where the log does.
Result<void> play_until(const storage::Store& store, Checkpoint& at, std::uint32_t until) {
  std::optional<Error> wrong;
  auto verified = at.state->tick();
  const auto corrupt = [&](const char* what) {
    wrong = error(ErrorCode::corrupt,
                  "tick " + std::to_string(verified + 1) + " of the match: " + what);
    return false;
  };
  const auto end = storage::prefix_end(storage::KeyBuilder("log").text(at.info.id).view());
  const auto scanned = store.scan(
      storage::Family::match, log_key(at.info.id, verified + 1), end,
      std::numeric_limits<std::size_t>::max(), [&](std::string_view key, std::string_view value) {
        if (verified >= until || key != log_key(at.info.id, verified + 1)) return false;
        const auto record = decode_log(value);
        if (!record) return corrupt("its log record does not verify");
        play(at, record->tick, at.pending.size());
        if (at.state->hash() != record->hash)
          return corrupt("it does not lead to the logged state");
        ++verified;
        return true;
      });
  if (!scanned.ok()) return scanned.error();
  if (wrong) return *wrong;
  return {};
}

}  // namespace

Result<void> play_on(const storage::Store& store, Checkpoint& at) {
  return play_until(store, at, std::numeric_limits<std::uint32_t>::max());
}

Result<Replay> replay(const storage::Store& store, const std::string& id, std::uint32_t tick,
                      bool also_running) {
  const auto stored = store.get(storage::Family::match, match_key(id));
  if (!stored.ok()) return stored.error();
  if (!*stored) return error(ErrorCode::not_found, "no such match");
  const auto now = decode_checkpoint(**stored);
  if (!now) return error(ErrorCode::corrupt, "the match does not verify");
  if (now->info.ended_ms == 0 && !also_running)
    return error(ErrorCode::conflict, "the match goes on");
  Replay out;
  const auto logged = last_logged(store, id);
  if (!logged.ok()) return logged.error();
  out.last_tick = std::max(now->state->tick(), *logged);
  out.at = first_checkpoint(now->info);
  tick = std::min(tick, out.last_tick);
  if (tick > kMostReplayTicks) {
    return error(ErrorCode::too_large,
                 "tick: at most " + std::to_string(kMostReplayTicks) + " of this match");
  }
  if (auto played = play_until(store, out.at, tick); !played.ok()) return played.error();
  out.verified = out.at.state->tick();
  if (out.verified == 0 && tick > 0)
    return error(ErrorCode::not_found, "the log of the match is not kept any more");
  if (out.verified < tick) {
    return error(ErrorCode::unavailable,
                 "the log of the match has a gap after tick " + std::to_string(out.verified));
  }
  out.at.info.tick = tick;
  out.hash = out.at.state->hash();
  return out;
}

}  // namespace troupe::match
