#include "game/tables.hpp"

#include <algorithm>
#include <cassert>

#include "game/pack_bits.hpp"

namespace troupe::game {
namespace {

const SnapshotModel& empty_model() {
  static const SnapshotModel kEmpty;
  return kEmpty;
}

}  // namespace

std::string pack_model(const SnapshotModel& model) {
  return pack_bits(model);
}

std::optional<SnapshotModel> unpack_model(std::string_view bytes) {
  SnapshotModel model;
  if (!unpack_bits(bytes, model)) return std::nullopt;
  return model;
}

std::uint32_t checksum(const PackedTables& tables) noexcept {
  std::uint32_t hash = 2'166'136'261U;  // FNV-1a
  const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 16'777'619U; };
  mix(tables.epoch);
  for (int i = 0; i < 4; ++i) mix(static_cast<unsigned char>(tables.version >> (8 * i)));
  for (const char byte : tables.bytes) mix(static_cast<unsigned char>(byte));
  return hash;
}

bool TablesAuthor::learn(const Snapshot& from, const Snapshot& to) {
  auto told = model(packed_.version);
  const auto sent = encode_snapshot(told, from, to).size();
  const auto best = encode_snapshot(learning_, from, to).size();
  wasted_ += (static_cast<std::int64_t>(sent) - static_cast<std::int64_t>(best)) * kLearnEvery;
  wasted_ = std::max<std::int64_t>(wasted_, 0);
  // Cheap first: tables are never smaller than this.
  constexpr std::int64_t kLeastBytes = 64;
  if (wasted_ < kLeastBytes) return false;
  auto bytes = pack_model(learning_);
  if (wasted_ < static_cast<std::int64_t>(bytes.size())) return false;
  wasted_ = 0;
  // What the clients will unpack, not what was packed: the two differ by rounding.
  auto model = unpack_model(bytes);
  assert(model);
  known_.push_back({++packed_.version, std::move(*model)});
  if (known_.size() > kKnownTables) known_.pop_front();
  packed_.bytes = std::move(bytes);
  packed_.checksum = checksum(packed_);
  return true;
}

TablesVersion TablesAuthor::usable(TablesVersion acknowledged) const noexcept {
  const bool known = !known_.empty() && acknowledged >= known_.front().version &&
                     acknowledged <= known_.back().version;
  return known ? acknowledged : 0;
}

const SnapshotModel& TablesAuthor::model(TablesVersion version) const {
  if (version == 0) return empty_model();
  assert(usable(version) == version);
  return known_[version - known_.front().version].model;
}

void TablesReader::take(const PackedTables& tables) {
  if (tables.version == 0 || checksum(tables) != tables.checksum) return;
  auto model = unpack_model(tables.bytes);
  if (!model) return;
  if (tables.epoch != epoch_) known_.clear();
  epoch_ = tables.epoch;
  if (!known_.empty() && tables.version <= known_.back().version) return;
  known_.push_back({tables.version, std::move(*model)});
  // By number, not by count: damaged ones leave gaps.
  while (known_.front().version + kKnownTables <= tables.version) known_.pop_front();
}

const SnapshotModel* TablesReader::find(std::uint8_t epoch, std::uint8_t version) const {
  if (version == 0) return &empty_model();
  if (epoch != epoch_) return nullptr;
  for (const auto& known : known_) {
    if (short_version(known.version) == version) return &known.model;
  }
  return nullptr;
}

TablesVersion TablesReader::newest(std::uint8_t epoch) const noexcept {
  return epoch == epoch_ && !known_.empty() ? known_.back().version : 0;
}

}  // namespace troupe::game
