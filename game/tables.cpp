#include "game/tables.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::game {

std::uint32_t checksum(const PackedTables& tables) noexcept {
  std::uint32_t hash = 2'166'136'261U;  // FNV-1a
  const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 16'777'619U; };
  mix(tables.epoch);
  for (int i = 0; i < 4; ++i) mix(static_cast<unsigned char>(tables.version >> (8 * i)));
  for (const char byte : tables.bytes) mix(static_cast<unsigned char>(byte));
  return hash;
}

TablesAuthor::TablesAuthor(const Game& game, std::uint8_t epoch)
    : game_(game), empty_(game.model()), learning_(game.model()) {
  packed_.epoch = epoch;
}

bool TablesAuthor::learn(const View& from, const View& to) {
  const auto told = model(packed_.version).clone();
  const auto sent = game_.encode(*told, &from, to).size();
  const auto best = game_.encode(*learning_, &from, to).size();
  wasted_ += (static_cast<std::int64_t>(sent) - static_cast<std::int64_t>(best)) * kLearnEvery;
  wasted_ = std::max<std::int64_t>(wasted_, 0);
  // Cheap first: tables are never smaller than this.
  constexpr std::int64_t kLeastBytes = 64;
  if (wasted_ < kLeastBytes) return false;
  auto bytes = learning_->pack();
  if (wasted_ < static_cast<std::int64_t>(bytes.size())) return false;
  wasted_ = 0;
  // What the clients will unpack, not what was packed: the two differ by rounding.
  auto model = game_.model();
  [[maybe_unused]] const bool unpacked = model->unpack(bytes);
  assert(unpacked);
  known_.push_back({++packed_.version, std::move(model)});
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

const Model& TablesAuthor::model(TablesVersion version) const {
  if (version == 0) return *empty_;
  assert(usable(version) == version);
  return *known_[version - known_.front().version].model;
}

TablesReader::TablesReader(const Game& game) : game_(game), empty_(game.model()) {}

void TablesReader::take(const PackedTables& tables) {
  if (tables.version == 0 || checksum(tables) != tables.checksum) return;
  auto model = game_.model();
  if (!model->unpack(tables.bytes)) return;
  if (tables.epoch != epoch_) known_.clear();
  epoch_ = tables.epoch;
  if (!known_.empty() && tables.version <= known_.back().version) return;
  known_.push_back({tables.version, std::move(model)});
  // By number, not by count: damaged ones leave gaps.
  while (known_.front().version + kKnownTables <= tables.version) known_.pop_front();
}

const Model* TablesReader::find(std::uint8_t epoch, std::uint8_t version) const {
  if (version == 0) return empty_.get();
  if (epoch != epoch_) return nullptr;
  for (const auto& known : known_) {
    if (short_version(known.version) == version) return known.model.get();
  }
  return nullptr;
}

TablesVersion TablesReader::newest(std::uint8_t epoch) const noexcept {
  return epoch == epoch_ && !known_.empty() ? known_.back().version : 0;
}

}  // namespace troupe::game
