#include "actors/tournament/tournament_store.hpp"

#include "schemas/ranking_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace troupe::tournament {
namespace {

using storage::Family;
using storage::KeyBuilder;

enum class Kind : std::uint8_t { entered, left, started, reported, paired };

std::string definition_key(std::string_view id) {
  return KeyBuilder("tournament").text(id).take();
}
std::string steps_prefix(std::string_view id) {
  return KeyBuilder("tournament.step").text(id).take();
}

std::optional<Definition> decode_definition(std::string_view bytes) {
  const auto* r = storage::verified_record<fbs::TournamentRecord>(bytes);
  if (r == nullptr || r->format() > static_cast<std::uint8_t>(Format::round_robin))
    return std::nullopt;
  return Definition{r->id()->str(),
                    r->name()->str(),
                    storage::text_of(r->owner()),
                    storage::text_of(r->mode()),
                    static_cast<Format>(r->format()),
                    r->max_entrants(),
                    r->created_ms()};
}

std::string encode_step(const Step& step) {
  fbs::TournamentStepT record;
  record.kind = static_cast<std::uint8_t>(step.index());
  if (const auto* entered = std::get_if<Entered>(&step)) record.player = entered->player;
  if (const auto* left = std::get_if<Left>(&step)) record.player = left->player;
  if (const auto* started = std::get_if<Started>(&step)) record.seeds = started->seeds;
  if (const auto* reported = std::get_if<Reported>(&step)) {
    record.player = reported->winner;
    record.round = static_cast<std::uint32_t>(reported->place.round);
    record.pairing = static_cast<std::uint32_t>(reported->place.pairing);
  }
  if (const auto* paired = std::get_if<Paired>(&step)) {
    record.player = paired->match;
    record.round = static_cast<std::uint32_t>(paired->place.round);
    record.pairing = static_cast<std::uint32_t>(paired->place.pairing);
  }
  flatbuffers::FlatBufferBuilder builder(128);
  return storage::finish_record(builder, fbs::TournamentStep::Pack(builder, &record));
}

std::optional<Step> decode_step(std::string_view bytes) {
  const auto* stored = storage::verified_record<fbs::TournamentStep>(bytes);
  if (stored == nullptr) return std::nullopt;
  fbs::TournamentStepT record;
  stored->UnPackTo(&record);
  switch (static_cast<Kind>(record.kind)) {
    case Kind::entered:
      return Entered{record.player};
    case Kind::left:
      return Left{record.player};
    case Kind::started:
      return Started{record.seeds};
    case Kind::reported:
      return Reported{{record.round, record.pairing}, record.player};
    case Kind::paired:
      return Paired{{record.round, record.pairing}, record.player};
  }
  return std::nullopt;
}

std::string link_key(std::string_view match) {
  return KeyBuilder("tournament.match").text(match).take();
}

std::optional<MatchLink> decode_link(std::string_view bytes) {
  const auto* r = storage::verified_record<fbs::TournamentMatch>(bytes);
  if (r == nullptr) return std::nullopt;
  return MatchLink{r->tournament()->str(), {r->round(), r->pairing()}};
}

}  // namespace

void put_link(storage::Batch& batch, std::string_view match, const MatchLink& link) {
  flatbuffers::FlatBufferBuilder builder(96);
  const auto tournament = builder.CreateString(link.tournament);
  const auto record = storage::finish_record(
      builder,
      fbs::CreateTournamentMatch(builder, tournament, static_cast<std::uint32_t>(link.place.round),
                                 static_cast<std::uint32_t>(link.place.pairing)));
  batch.put(Family::match, link_key(match), record);
}

void erase_link(storage::Batch& batch, std::string_view match) {
  batch.erase(Family::match, link_key(match));
}

Result<std::optional<MatchLink>> read_link(const storage::Store& store, std::string_view match) {
  auto bytes = store.get(Family::match, link_key(match));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::optional<MatchLink>();
  auto link = decode_link(**bytes);
  if (!link) return error(ErrorCode::corrupt, "a tournament's match does not verify");
  return link;
}

void put_definition(storage::Batch& batch, const Definition& d) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto id = builder.CreateString(d.id), name = builder.CreateString(d.name),
             owner = builder.CreateString(d.owner), mode = builder.CreateString(d.mode);
  const auto record = storage::finish_record(
      builder, fbs::CreateTournamentRecord(
                   builder, id, name, owner, mode, static_cast<std::uint8_t>(d.format),
                   static_cast<std::uint32_t>(d.max_entrants), d.created_ms));
  batch.put(Family::match, definition_key(d.id), record);
}

void put_step(storage::Batch& batch, std::string_view tournament, std::uint32_t number,
              const Step& step) {
  batch.put(Family::match, KeyBuilder("tournament.step").text(tournament).u32(number).take(),
            encode_step(step));
}

Result<std::optional<Stored>> read_tournament(const storage::Store& store, std::string_view id) {
  auto bytes = store.get(Family::match, definition_key(id));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::optional<Stored>();
  auto definition = decode_definition(**bytes);
  if (!definition) return error(ErrorCode::corrupt, "a tournament does not verify");
  Stored out{Tournament(std::move(*definition)), 0};
  bool corrupt = false;
  const auto prefix = steps_prefix(id);
  auto scanned = store.scan(Family::match, prefix, storage::prefix_end(prefix), SIZE_MAX,
                            [&](std::string_view, std::string_view value) {
                              const auto step = decode_step(value);
                              corrupt = !step || !out.tournament.apply(*step).ok();
                              ++out.steps;
                              return !corrupt;
                            });
  if (!scanned.ok()) return scanned.error();
  if (corrupt) return error(ErrorCode::corrupt, "a tournament's step does not verify");
  return std::optional(std::move(out));
}

Result<std::vector<Definition>> read_definitions(const storage::Store& store,
                                                 std::string_view after, std::size_t limit) {
  const auto prefix = KeyBuilder("tournament").take();
  std::vector<Definition> out;
  bool corrupt = false;
  auto scanned =
      store.scan(Family::match, after.empty() ? prefix : storage::prefix_end(definition_key(after)),
                 storage::prefix_end(prefix), limit, [&](std::string_view, std::string_view value) {
                   auto definition = decode_definition(value);
                   corrupt = !definition;
                   if (definition) out.push_back(std::move(*definition));
                   return !corrupt;
                 });
  if (!scanned.ok()) return scanned.error();
  if (corrupt) return error(ErrorCode::corrupt, "a tournament does not verify");
  return out;
}

void add_record_checks(storage::RecordChecks& checks) {
  checks.add(Family::match, "tournament",
             [](auto, auto value) { return decode_definition(value).has_value(); });
  checks.add(Family::match, "tournament.step",
             [](auto, auto value) { return decode_step(value).has_value(); });
  checks.add(Family::match, "tournament.match",
             [](auto, auto value) { return decode_link(value).has_value(); });
}

}  // namespace troupe::tournament
