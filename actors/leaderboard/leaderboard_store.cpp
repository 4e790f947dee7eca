#include "actors/leaderboard/leaderboard_store.hpp"

#include "schemas/ranking_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace troupe::leaderboard {
namespace {

using storage::Family;
using storage::KeyBuilder;

std::string score_prefix(std::string_view board, std::uint32_t season) {
  return KeyBuilder("score").text(board).u32(season).take();
}
std::string score_key(std::string_view board, std::uint32_t season, std::string_view player) {
  return KeyBuilder("score").text(board).u32(season).text(player).take();
}
std::string season_key(std::string_view board, std::uint32_t season) {
  return KeyBuilder("season").text(board).u32(season).take();
}

}  // namespace

std::string board_key(std::string_view board) {
  return KeyBuilder("board").text(board).take();
}

std::string encode_definition(const Definition& d) {
  flatbuffers::FlatBufferBuilder builder(128);
  const auto id = builder.CreateString(d.id);
  const auto mode = d.rated_mode.empty() ? flatbuffers::Offset<flatbuffers::String>()
                                         : builder.CreateString(d.rated_mode);
  return storage::finish_record(
      builder, fbs::CreateBoardRecord(builder, id, static_cast<std::uint8_t>(d.order),
                                      static_cast<std::uint8_t>(d.keep),
                                      static_cast<std::uint8_t>(d.schedule.reset), d.schedule.hour,
                                      d.keep_seasons, mode, d.created_ms));
}

std::optional<Definition> decode_definition(std::string_view bytes) {
  const auto* record = storage::verified_record<fbs::BoardRecord>(bytes);
  if (record == nullptr || record->order() > 1 || record->keep() > 2 || record->reset() > 3 ||
      record->reset_hour() > 23 || record->keep_seasons() == 0) {
    return std::nullopt;
  }
  return Definition{record->id()->str(),
                    static_cast<Order>(record->order()),
                    static_cast<Keep>(record->keep()),
                    {static_cast<Reset>(record->reset()), record->reset_hour()},
                    record->keep_seasons(),
                    storage::text_of(record->rated_mode()),
                    record->created_ms()};
}

void put_entry(storage::Batch& batch, std::string_view board, std::uint32_t season,
               const Entry& entry) {
  flatbuffers::FlatBufferBuilder builder(48);
  const auto record =
      storage::finish_record(builder, fbs::CreateScoreRecord(builder, entry.score, entry.sequence));
  batch.put(Family::match, score_key(board, season, entry.player), record);
}

void erase_entry(storage::Batch& batch, std::string_view board, std::uint32_t season,
                 std::string_view player) {
  batch.erase(Family::match, score_key(board, season, player));
}

void put_applied(storage::Batch& batch, std::string_view board, std::uint32_t season,
                 std::uint64_t offset) {
  flatbuffers::FlatBufferBuilder builder(32);
  const auto record = storage::finish_record(builder, fbs::CreateSeasonRecord(builder, offset));
  batch.put(Family::match, season_key(board, season), record);
}

void erase_seasons_before(storage::Batch& batch, std::string_view board, std::uint32_t first_kept) {
  for (const char* tag : {"score", "season"}) {
    batch.erase_range(Family::match, KeyBuilder(tag).text(board).u32(0).take(),
                      KeyBuilder(tag).text(board).u32(first_kept).take());
  }
}

Result<EntryPage> read_entries(const storage::Store& store, std::string_view board,
                               std::uint32_t season, std::string_view after, std::size_t limit) {
  const auto prefix = score_prefix(board, season);
  EntryPage page;
  page.entries.reserve(limit);
  bool corrupt = false;
  auto scanned = store.scan(
      Family::match, after.empty() ? prefix : storage::prefix_end(score_key(board, season, after)),
      storage::prefix_end(prefix), limit, [&](std::string_view key, std::string_view value) {
        storage::KeyReader reader(key, "score");
        reader.text();
        reader.u32();
        auto player = reader.text();
        const auto* record = storage::verified_record<fbs::ScoreRecord>(value);
        corrupt = !reader.at_end() || player.empty() || player.size() > kMaxPlayerBytes ||
                  record == nullptr;
        if (corrupt) return false;
        page.entries.push_back({std::move(player), record->score(), record->sequence()});
        return true;
      });
  if (!scanned.ok()) return scanned.error();
  if (corrupt) return error(ErrorCode::corrupt, "an entry does not verify");
  page.more = page.entries.size() == limit;
  return page;
}

Result<std::uint64_t> read_applied(const storage::Store& store, std::string_view board,
                                   std::uint32_t season) {
  auto bytes = store.get(Family::match, season_key(board, season));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::uint64_t{0};
  const auto* record = storage::verified_record<fbs::SeasonRecord>(**bytes);
  if (record == nullptr) return error(ErrorCode::corrupt, "a season does not verify");
  return record->applied_offset();
}

void add_record_checks(storage::RecordChecks& checks) {
  using flatbuffers::Verifier;
  checks.add(Family::match, "board",
             [](auto, auto value) { return decode_definition(value).has_value(); });
  checks.add(Family::match, "score", [](auto, auto value) {
    return storage::is_record<fbs::ScoreRecord, Verifier>(value);
  });
  checks.add(Family::match, "season", [](auto, auto value) {
    return storage::is_record<fbs::SeasonRecord, Verifier>(value);
  });
}

}  // namespace troupe::leaderboard
