#include "actors/ratings/made_match.hpp"

#include "schemas/ranking_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace troupe::ratings {
namespace {

using storage::Family;

std::string made_key(std::string_view match) {
  return storage::KeyBuilder("made").text(match).take();
}

}  // namespace

std::string encode_made(const MadeMatch& made) {
  fbs::MadeMatchT record;
  record.mode = made.mode;
  record.made_ms = made.made_ms;
  for (const auto& players : made.sides) {
    auto side = std::make_unique<fbs::MadeSideT>();
    side->players = players;
    record.sides.push_back(std::move(side));
  }
  flatbuffers::FlatBufferBuilder builder(256);
  return storage::finish_record(builder, fbs::MadeMatch::Pack(builder, &record));
}

std::optional<MadeMatch> decode_made(std::string_view bytes) {
  const auto* stored = storage::verified_record<fbs::MadeMatch>(bytes);
  if (stored == nullptr) return std::nullopt;
  fbs::MadeMatchT record;
  stored->UnPackTo(&record);
  MadeMatch out{std::move(record.mode), {}, record.made_ms};
  for (const auto& side : record.sides) out.sides.push_back(side->players);
  return out;
}

void put_made(storage::Batch& batch, std::string_view match, const MadeMatch& made) {
  batch.put(Family::match, made_key(match), encode_made(made));
}

void erase_made(storage::Batch& batch, std::string_view match) {
  batch.erase(Family::match, made_key(match));
}

Result<std::optional<MadeMatch>> read_made(const storage::Store& store, std::string_view match) {
  auto bytes = store.get(Family::match, made_key(match));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::optional<MadeMatch>();
  auto made = decode_made(**bytes);
  if (!made) return error(ErrorCode::corrupt, "what matchmaking made does not verify");
  return made;
}

}  // namespace troupe::ratings
