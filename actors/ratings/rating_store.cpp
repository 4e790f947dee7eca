#include "actors/ratings/rating_store.hpp"

#include "actors/ratings/made_match.hpp"
#include "schemas/ranking_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace troupe::ratings {
namespace {

using storage::Family;
using storage::KeyBuilder;

/// More modes than one player ever has.
constexpr std::size_t kMaxModes = 1'000;

std::string rating_key(std::string_view player, std::string_view mode) {
  return KeyBuilder("rating").text(player).text(mode).take();
}

std::optional<StoredRating> decode(std::string_view bytes) {
  const auto* r = storage::verified_record<fbs::RatingRecord>(bytes);
  if (r == nullptr || r->system() > static_cast<std::uint8_t>(System::elo)) return std::nullopt;
  return StoredRating{
      static_cast<System>(r->system()),
      {r->rating(), r->deviation(), r->volatility(), r->matches(), r->wins(), r->updated_ms()}};
}

}  // namespace

void put_rating(storage::Batch& batch, std::string_view player, std::string_view mode,
                const StoredRating& stored) {
  const auto& r = stored.rating;
  flatbuffers::FlatBufferBuilder builder(96);
  const auto record = storage::finish_record(
      builder, fbs::CreateRatingRecord(builder, static_cast<std::uint8_t>(stored.system), r.rating,
                                       r.deviation, r.volatility, r.matches, r.wins, r.updated_ms));
  batch.put(Family::match, rating_key(player, mode), record);
}

Result<PlayerRating> read_rating(const storage::Store& store, std::string_view player,
                                 std::string_view mode, System system) {
  auto bytes = store.get(Family::match, rating_key(player, mode));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return initial(system);
  const auto stored = decode(**bytes);
  if (!stored) return error(ErrorCode::corrupt, "a rating does not verify");
  return stored->system == system ? stored->rating : initial(system);
}

Result<std::map<std::string, StoredRating>> read_ratings(const storage::Store& store,
                                                         std::string_view player) {
  const auto prefix = KeyBuilder("rating").text(player).take();
  std::map<std::string, StoredRating> out;
  bool corrupt = false;
  auto scanned = store.scan(Family::match, prefix, storage::prefix_end(prefix), kMaxModes,
                            [&](std::string_view key, std::string_view value) {
                              storage::KeyReader reader(key, "rating");
                              reader.text();
                              auto mode = reader.text();
                              const auto stored = decode(value);
                              corrupt = corrupt || !stored || !reader.at_end();
                              if (!corrupt) out.emplace(std::move(mode), *stored);
                              return !corrupt;
                            });
  if (!scanned.ok()) return scanned.error();
  if (corrupt) return error(ErrorCode::corrupt, "a rating does not verify");
  return out;
}

void add_record_checks(storage::RecordChecks& checks) {
  checks.add(Family::match, "rating", [](auto, auto value) { return decode(value).has_value(); });
  checks.add(Family::match, "made",
             [](auto, auto value) { return decode_made(value).has_value(); });
}

}  // namespace troupe::ratings
