#include "actors/match/fairness/dossier.hpp"

#include "schemas/fairness_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace troupe::fairness {
namespace {

using storage::Family;
using Rows = std::vector<std::unique_ptr<fbs::EvidenceRowT>>;

std::string dossier_key(std::string_view player) {
  return storage::KeyBuilder("fairplay").text(player).take();
}

std::string flag_key(std::string_view id) {
  return storage::KeyBuilder("fairflag").text(id).take();
}

template <class Range>
Rows to_rows(const Range& evidence) {
  Rows out;
  for (const auto& one : evidence) {
    auto row = std::make_unique<fbs::EvidenceRowT>();
    row->match = one.match;
    row->tick = one.tick;
    row->slot = one.slot;
    row->value = one.value;
    row->suspicion = static_cast<std::uint8_t>(one.suspicion);
    out.push_back(std::move(row));
  }
  return out;
}

template <class Range>
bool from_rows(const Rows& rows, Range& out) {
  for (const auto& row : rows) {
    if (row->suspicion >= kSuspicions) return false;
    out.push_back(
        {row->match, row->tick, row->slot, row->value, static_cast<Suspicion>(row->suspicion)});
  }
  return true;
}

bool is_action(std::uint8_t value) {
  return value <= static_cast<std::uint8_t>(Action::clear);
}

}  // namespace

std::string encode_dossier(const Dossier& dossier) {
  fbs::DossierRecordT record;
  for (const auto& share : dossier.conduct.shares) {
    record.shares.push_back(share.of);
    record.shares.push_back(share.all);
  }
  record.evidence = to_rows(dossier.conduct.evidence);
  record.strikes = dossier.standing.strikes;
  record.last = static_cast<std::uint8_t>(dossier.standing.last);
  record.shadow = dossier.standing.shadow;
  record.barred_until_ms = dossier.standing.barred_until_ms;
  flatbuffers::FlatBufferBuilder builder(512);
  return storage::finish_record(builder, fbs::DossierRecord::Pack(builder, &record));
}

std::optional<Dossier> decode_dossier(std::string_view bytes) {
  const auto* stored = storage::verified_record<fbs::DossierRecord>(bytes);
  if (stored == nullptr) return std::nullopt;
  fbs::DossierRecordT record;
  stored->UnPackTo(&record);
  if (record.shares.size() != 2 * kSuspicions || !is_action(record.last)) return std::nullopt;
  Dossier out;
  for (std::size_t i = 0; i < kSuspicions; ++i)
    out.conduct.shares[i] = {record.shares[2 * i], record.shares[2 * i + 1]};
  if (!from_rows(record.evidence, out.conduct.evidence)) return std::nullopt;
  out.standing = {record.strikes, static_cast<Action>(record.last), record.shadow,
                  record.barred_until_ms};
  return out;
}

std::string encode_flag(const Flag& flag) {
  fbs::FlagRecordT record;
  record.player = flag.player;
  record.at_ms = flag.at_ms;
  record.suspicion = static_cast<std::uint8_t>(flag.finding.suspicion);
  record.of = flag.finding.share.of;
  record.all = flag.finding.share.all;
  record.lower = flag.finding.lower;
  record.limit = flag.finding.limit;
  record.action = static_cast<std::uint8_t>(flag.action);
  record.evidence = to_rows(flag.evidence);
  flatbuffers::FlatBufferBuilder builder(512);
  return storage::finish_record(builder, fbs::FlagRecord::Pack(builder, &record));
}

std::optional<Flag> decode_flag(std::string_view id, std::string_view bytes) {
  const auto* stored = storage::verified_record<fbs::FlagRecord>(bytes);
  if (stored == nullptr) return std::nullopt;
  fbs::FlagRecordT record;
  stored->UnPackTo(&record);
  if (record.suspicion >= kSuspicions || !is_action(record.action)) return std::nullopt;
  Flag out;
  out.id = id;
  out.player = std::move(record.player);
  out.at_ms = record.at_ms;
  out.finding = {static_cast<Suspicion>(record.suspicion),
                 {record.of, record.all},
                 record.lower,
                 record.limit};
  out.action = static_cast<Action>(record.action);
  if (!from_rows(record.evidence, out.evidence)) return std::nullopt;
  return out;
}

void put_dossier(storage::Batch& batch, std::string_view player, const Dossier& dossier) {
  batch.put(Family::match, dossier_key(player), encode_dossier(dossier));
}

void put_flag(storage::Batch& batch, const Flag& flag) {
  batch.put(Family::match, flag_key(flag.id), encode_flag(flag));
}

Result<Dossier> read_dossier(const storage::Store& store, std::string_view player) {
  const auto bytes = store.get(Family::match, dossier_key(player));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return Dossier{};
  auto found = decode_dossier(**bytes);
  if (!found) return error(ErrorCode::corrupt, "the player's dossier does not verify");
  return std::move(*found);
}

Result<std::vector<Flag>> read_flags(const storage::Store& store, std::string_view after,
                                     std::size_t most) {
  std::vector<Flag> out;
  const auto prefix = storage::KeyBuilder("fairflag").take();
  const auto scanned =
      store.scan(Family::match, after.empty() ? prefix : storage::prefix_end(flag_key(after)),
                 storage::prefix_end(prefix), most, [&](auto key, auto value) {
                   storage::KeyReader reader(key, "fairflag");
                   if (auto flag = decode_flag(reader.text(), value))
                     out.push_back(std::move(*flag));
                   return true;
                 });
  if (!scanned.ok()) return scanned.error();
  return out;
}

void add_record_checks(storage::RecordChecks& checks) {
  checks.add(Family::match, "fairplay",
             [](auto, auto value) { return decode_dossier(value).has_value(); });
  checks.add(Family::match, "fairflag",
             [](auto, auto value) { return decode_flag("", value).has_value(); });
}

}  // namespace troupe::fairness
