#include "actors/match/match_store.hpp"

#include <algorithm>
#include <cassert>

#include "base/ids.hpp"
#include "game/registry.hpp"
#include "schemas/game_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"

namespace troupe::match {
std::string match_key(std::string_view id) {
  return storage::KeyBuilder("match").text(id).take();
}

std::string result_key(std::string_view id) {
  return storage::KeyBuilder("result").text(id).take();
}

std::string log_key(std::string_view id, std::uint32_t tick) {
  return storage::KeyBuilder("log").text(id).u32(tick).take();
}

void erase_log(storage::Batch& batch, std::string_view id, std::uint32_t begin, std::uint32_t end) {
  batch.erase_range(storage::Family::match, log_key(id, begin), log_key(id, end));
}

std::string ended_log_key(std::uint64_t ended_ms, std::string_view id) {
  return storage::KeyBuilder("logend").u64(ended_ms).text(id).take();
}

Result<std::vector<EndedLog>> ended_logs(const storage::Store& store, std::uint64_t before_ms,
                                         std::size_t most) {
  std::vector<EndedLog> out;
  const auto scanned =
      store.scan(storage::Family::match, storage::KeyBuilder("logend").take(),
                 ended_log_key(before_ms, ""), most, [&](std::string_view key, std::string_view) {
                   storage::KeyReader reader(key, "logend");
                   static_cast<void>(reader.u64());
                   out.push_back({std::string(key), reader.text()});
                   return true;
                 });
  if (!scanned.ok()) return scanned.error();
  return out;
}

void erase_ended_log(storage::Batch& batch, const EndedLog& log) {
  const auto begin = storage::KeyBuilder("log").text(log.id).take();
  batch.erase_range(storage::Family::match, begin, storage::prefix_end(begin));
  batch.erase(storage::Family::match, log.mark);
}

std::string encode_log(const LoggedTick& tick, std::uint64_t hash) {
  const auto bytes = encode_tick(tick);
  flatbuffers::FlatBufferBuilder builder(256);
  const auto made_by =
      builder.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return storage::finish_record(builder, fbs::CreateMatchLog(builder, made_by, hash));
}

std::optional<LogRecord> decode_log(std::string_view bytes) {
  const auto* stored = storage::verified_record<fbs::MatchLog>(bytes);
  if (stored == nullptr || stored->bytes() == nullptr) return std::nullopt;
  auto tick = decode_tick(
      {reinterpret_cast<const char*>(stored->bytes()->data()), stored->bytes()->size()});
  if (!tick) return std::nullopt;
  return LogRecord{std::move(*tick), stored->hash()};
}

Checkpoint first_checkpoint(MatchInfo info) {
  Checkpoint out;
  out.game = game::find_game(info.game);
  assert(out.game != nullptr);
  out.state = out.game->begin({.seed = parse_id(info.id)->time_ms() * 2'654'435'761ULL + 1,
                               .players = info.max_players,
                               .tick_hz = info.tick_hz});
  out.info = std::move(info);
  return out;
}

void play(Checkpoint& at, const LoggedTick& tick, std::size_t first_event) {
  for (auto i = first_event; i < tick.events.size(); ++i) {
    const auto& event = tick.events[i];
    at.sequences[event.slot] = 0;
    if (event.entered) {
      at.places[event.player] = event.slot;
      at.state->enter(event.slot);
    } else {
      at.places.erase(event.player);
      at.state->leave(event.slot);
    }
  }
  game::Commands commands{};
  for (const auto& used : tick.commands) {
    // What is on disk was verified before it was logged, or was damaged since.
    commands[used.slot] = at.game->verify(used.command.view());
    at.sequences[used.slot] = used.sequence;
  }
  at.state->step(commands);
  at.pending.clear();
}

std::string encode_checkpoint(const Checkpoint& c) {
  fbs::MatchRecordT record;
  record.id = c.info.id;
  record.owner = c.info.owner;
  record.created_ms = c.info.created_ms;
  record.max_players = static_cast<std::uint8_t>(c.info.max_players);
  record.game = c.info.game;
  record.tick_hz = static_cast<std::uint16_t>(c.info.tick_hz);
  record.tick = c.state->tick();
  record.epoch = c.epoch;
  for (const auto& [player, slot] : c.places) {
    auto place = std::make_unique<fbs::PlayerPlaceT>();
    place->player = player;
    place->slot = static_cast<std::uint8_t>(slot);
    record.places.push_back(std::move(place));
  }
  record.time_limit_ticks = c.info.rules.time_limit_ticks;
  record.score_limit = c.info.rules.score_limit;
  record.ended_ms = c.info.ended_ms;
  record.region = c.info.region;
  record.host = c.info.host;
  for (const auto& placement : c.info.result) {
    auto row = std::make_unique<fbs::MatchPlacementT>();
    row->player = placement.player;
    row->place = static_cast<std::uint8_t>(placement.place);
    row->score = placement.score;
    record.result.push_back(std::move(row));
  }
  record.sequences.assign(c.sequences.begin(), c.sequences.end());
  const auto pending = encode_tick({c.pending, {}});
  record.pending.assign(pending.begin(), pending.end());
  const auto state = c.state->encode();
  record.state.assign(state.begin(), state.end());
  flatbuffers::FlatBufferBuilder builder(2048);
  return storage::finish_record(builder, fbs::MatchRecord::Pack(builder, &record));
}

std::optional<Checkpoint> decode_checkpoint(std::string_view bytes) {
  const auto* stored = storage::verified_record<fbs::MatchRecord>(bytes);
  if (stored == nullptr) return std::nullopt;
  fbs::MatchRecordT record;
  stored->UnPackTo(&record);
  Checkpoint c;
  c.info.id = record.id;
  c.info.owner = record.owner;
  c.info.created_ms = record.created_ms;
  c.info.game = record.game;
  c.info.max_players = record.max_players;
  c.info.tick_hz = record.tick_hz;
  c.info.tick = record.tick;
  c.info.rules = {record.time_limit_ticks, record.score_limit};
  c.info.ended_ms = record.ended_ms;
  c.info.region = record.region;
  c.info.host = record.host;
  for (const auto& row : record.result)
    c.info.result.push_back({row->player, row->place, row->score});
  c.epoch = record.epoch;
  c.game = game::find_game(record.game);
  if (c.game == nullptr || record.max_players > c.game->limits().most_players) return std::nullopt;
  c.state = c.game->decode_state(
      {reinterpret_cast<const char*>(record.state.data()), record.state.size()});
  if (!c.state || c.state->tick() != record.tick) return std::nullopt;
  for (const auto& place : record.places) {
    if (place->slot >= game::kMaxPlayers || !c.state->taken(place->slot)) return std::nullopt;
    c.places[place->player] = place->slot;
  }
  const auto sequences = std::min(record.sequences.size(), c.sequences.size());
  std::copy_n(record.sequences.begin(), sequences, c.sequences.begin());
  // Records of before there was a log have none.
  if (record.pending.empty()) return c;
  auto pending =
      decode_tick({reinterpret_cast<const char*>(record.pending.data()), record.pending.size()});
  if (!pending) return std::nullopt;
  c.pending = std::move(pending->events);
  return c;
}

void add_record_checks(storage::RecordChecks& checks) {
  checks.add(storage::Family::match, "log",
             [](auto, auto value) { return decode_log(value).has_value(); });
  checks.add(storage::Family::match, "logend", [](auto, auto value) { return value.empty(); });
  for (const auto* kind : {"match", "result"}) {
    checks.add(storage::Family::match, kind,
               [](auto, auto value) { return decode_checkpoint(value).has_value(); });
  }
}

}  // namespace troupe::match
