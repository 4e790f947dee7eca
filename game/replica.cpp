#include "game/replica.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::game {
namespace {

const Baseline& nothing() {
  static const Baseline kNothing;
  return kNothing;
}

const Baseline* find(const std::deque<Baseline>& all, std::uint32_t tick) {
  const auto it = std::ranges::lower_bound(
      all, tick, {}, [](const Baseline& baseline) { return baseline.snapshot.tick; });
  return it != all.end() && it->snapshot.tick == tick ? &*it : nullptr;
}

}  // namespace

ReplicaSender::Packet ReplicaSender::send(Snapshot view) {
  assert(sent_.empty() || view.tick > sent_.back().snapshot.tick);
  const auto* from = acknowledged_ == 0 ? nullptr : find(sent_, acknowledged_);
  if (from != nullptr && view.tick - acknowledged_ > kMaxBaselineDistance) from = nullptr;
  if (from == nullptr) acknowledged_ = 0;
  const auto& baseline = from != nullptr ? *from : nothing();
  Packet out{.baseline = acknowledged_, .checksum = checksum(view), .bytes = {}};
  auto model = baseline.model;
  out.bytes = encode_snapshot(model, baseline.snapshot, view);
  sent_.push_back({std::move(view), std::move(model)});
  if (sent_.size() > kMaxBaselines) sent_.pop_front();
  return out;
}

void ReplicaSender::acknowledge(std::uint32_t tick) {
  if (tick <= acknowledged_ || tick <= ignore_until_ || find(sent_, tick) == nullptr) return;
  acknowledged_ = tick;
  while (sent_.front().snapshot.tick < tick) sent_.pop_front();
}

void ReplicaSender::start_over() {
  acknowledged_ = 0;
  if (!sent_.empty()) ignore_until_ = sent_.back().snapshot.tick;
}

const Snapshot* ReplicaSender::sent(std::uint32_t tick) const {
  const auto* found = find(sent_, tick);
  return found != nullptr ? &found->snapshot : nullptr;
}

const Snapshot* ReplicaSender::acknowledged() const {
  return acknowledged_ == 0 ? nullptr : sent(acknowledged_);
}

ReplicaReader::Outcome ReplicaReader::read(std::string_view packet, std::uint32_t near_sequence) {
  const auto newest = history_.empty() ? 0 : history_.back().snapshot.tick;
  const auto head = take_head(packet, newest, near_sequence);
  if (!head) return Outcome::malformed;
  const bool another = head->epoch != head_.epoch;
  if (another ? head->baseline != 0 : head->tick <= newest) return Outcome::late;
  const auto* from = head->baseline == 0 ? &nothing() : find(history_, head->baseline);
  if (from == nullptr) return Outcome::no_baseline;
  auto model = from->model;
  auto snapshot = decode_snapshot(model, from->snapshot, head->tick, packet);
  if (!snapshot) return Outcome::malformed;
  if (checksum(*snapshot) != head->checksum) {
    mismatch_ = {head->tick, view_hash(*snapshot)};
    return Outcome::mismatch;
  }
  if (another) history_.clear();
  if (head->baseline == 0) mismatch_.reset();
  head_ = *head;
  // The server's baselines only go forward.
  while (!history_.empty() && history_.front().snapshot.tick < head->baseline) history_.pop_front();
  history_.push_back({std::move(*snapshot), std::move(model)});
  if (history_.size() > kMaxBaselines) history_.pop_front();
  return Outcome::taken;
}

}  // namespace troupe::game
