#include "actors/match/match_store.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "game/arena/command.hpp"
#include "schemas/game_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"

namespace troupe::match {
namespace {

constexpr std::size_t kPlayerBytes = 16, kProjectileBytes = 16;

void put(std::vector<std::uint8_t>& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t get(const std::uint8_t*& at, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= static_cast<std::uint64_t>(*at++) << (8 * i);
  return value;
}

std::vector<std::uint8_t> pack_players(const game::World& world) {
  std::vector<std::uint8_t> out;
  for (const auto& p : world.players) {
    put(out, p.present ? 1 : 0, 1);
    put(out, static_cast<std::uint32_t>(p.x), 4);
    put(out, static_cast<std::uint32_t>(p.y), 4);
    put(out, p.aim, 1);
    put(out, p.health, 1);
    put(out, p.cooldown, 1);
    put(out, p.respawn, 1);
    put(out, p.score, 2);
    put(out, 0, 1);
  }
  return out;
}

std::vector<std::uint8_t> pack_projectiles(const game::World& world) {
  std::vector<std::uint8_t> out;
  for (const auto& p : world.projectiles) {
    put(out, p.id, 2);
    put(out, p.owner, 1);
    put(out, p.aim, 1);
    put(out, p.ticks_left, 1);
    put(out, 0, 3);
    put(out, static_cast<std::uint32_t>(p.x), 4);
    put(out, static_cast<std::uint32_t>(p.y), 4);
  }
  return out;
}

bool in_arena(game::Length value) {
  return value >= 0 && value < game::kArena;
}

bool unpack_players(const std::uint8_t* at, game::World& world) {
  for (auto& p : world.players) {
    p.present = get(at, 1) != 0;
    p.x = static_cast<game::Length>(get(at, 4));
    p.y = static_cast<game::Length>(get(at, 4));
    p.aim = static_cast<std::uint8_t>(get(at, 1));
    p.health = static_cast<std::uint8_t>(get(at, 1));
    p.cooldown = static_cast<std::uint8_t>(get(at, 1));
    p.respawn = static_cast<std::uint8_t>(get(at, 1));
    p.score = static_cast<std::uint16_t>(get(at, 2));
    ++at;
    if (!in_arena(p.x) || !in_arena(p.y) || p.health > game::kFullHealth) return false;
  }
  return true;
}

bool unpack_projectiles(const std::uint8_t* at, std::size_t count, game::World& world) {
  for (std::size_t i = 0; i < count; ++i) {
    game::Projectile p;
    p.id = static_cast<std::uint16_t>(get(at, 2));
    p.owner = static_cast<std::uint8_t>(get(at, 1));
    p.aim = static_cast<std::uint8_t>(get(at, 1));
    p.ticks_left = static_cast<std::uint8_t>(get(at, 1));
    at += 3;
    p.x = static_cast<game::Length>(get(at, 4));
    p.y = static_cast<game::Length>(get(at, 4));
    if (p.owner >= game::kMaxPlayers || p.ticks_left == 0 || !in_arena(p.x) || !in_arena(p.y))
      return false;
    world.projectiles.push_back(p);
  }
  return true;
}

}  // namespace

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

game::World first_world(std::string_view id) {
  return game::make_world(parse_id(id)->time_ms() * 2'654'435'761ULL + 1);
}

void play(Checkpoint& at, const LoggedTick& tick, std::size_t first_event) {
  for (auto i = first_event; i < tick.events.size(); ++i) {
    const auto& event = tick.events[i];
    at.sequences[event.slot] = 0;
    if (event.entered) {
      at.places[event.player] = event.slot;
      game::add_player(at.world, event.slot);
    } else {
      at.places.erase(event.player);
      game::remove_player(at.world, event.slot);
    }
  }
  std::array<std::optional<game::Command>, game::kMaxPlayers> commands{};
  for (const auto& used : tick.commands) {
    // What is on disk was verified before it was logged, or was damaged since.
    if (game::verify_command(used.command.view()))
      commands[used.slot] = game::unpack_command(used.command);
    at.sequences[used.slot] = used.sequence;
  }
  game::step(at.world, commands);
  at.pending.clear();
}

std::string encode_checkpoint(const Checkpoint& c) {
  fbs::MatchRecordT record;
  record.id = c.info.id;
  record.owner = c.info.owner;
  record.created_ms = c.info.created_ms;
  record.max_players = static_cast<std::uint8_t>(c.info.max_players);
  record.tick = c.world.tick;
  record.random = c.world.random;
  record.next_projectile = c.world.next_projectile;
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
  record.players = pack_players(c.world);
  record.projectiles = pack_projectiles(c.world);
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
  c.info.max_players = record.max_players;
  c.info.tick = record.tick;
  c.info.rules = {record.time_limit_ticks, record.score_limit};
  c.info.ended_ms = record.ended_ms;
  for (const auto& row : record.result)
    c.info.result.push_back({row->player, row->place, row->score});
  c.epoch = record.epoch;
  c.world.tick = record.tick;
  c.world.random = record.random == 0 ? 1 : record.random;
  c.world.next_projectile = record.next_projectile;
  const auto count = record.projectiles.size() / kProjectileBytes;
  if (record.players.size() != kPlayerBytes * game::kMaxPlayers ||
      record.projectiles.size() % kProjectileBytes != 0 || count > game::kMaxProjectiles ||
      record.max_players > game::kMaxPlayers) {
    return std::nullopt;
  }
  if (!unpack_players(record.players.data(), c.world)) return std::nullopt;
  if (!unpack_projectiles(record.projectiles.data(), count, c.world)) return std::nullopt;
  for (const auto& place : record.places) {
    if (place->slot >= game::kMaxPlayers) return std::nullopt;
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
