#include "game/replica.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::game {
namespace {

const ViewPtr* find(const std::deque<ViewPtr>& all, std::uint32_t tick) {
  const auto it =
      std::ranges::lower_bound(all, tick, {}, [](const ViewPtr& view) { return view->tick; });
  return it != all.end() && (*it)->tick == tick ? &*it : nullptr;
}

}  // namespace

std::shared_ptr<const std::string> Encodings::delta(const ViewPtr& from, const ViewPtr& to,
                                                    TablesVersion tables) {
  for (const auto& known : known_) {
    if (known.from == from && known.to == to && known.tables == tables) return known.bytes;
  }
  const auto model = tables_.model(tables).clone();
  auto bytes = std::make_shared<const std::string>(tables_.game().encode(*model, from.get(), *to));
  known_.push_back({from, to, tables, bytes});
  return bytes;
}

void ReplicaSender::Packet::describe(SnapshotHead& head) const {
  head.baseline = baseline ? baseline->tick : 0;
  head.tables = short_version(tables);
}

ReplicaSender::Packet ReplicaSender::send(const ViewPtr& view, Encodings& encodings) {
  const auto tick = view->tick;
  assert(sent_.empty() || tick > sent_.back()->tick);
  Packet out;
  if (const auto* from = acknowledged_ == 0 ? nullptr : find(sent_, acknowledged_);
      from != nullptr && tick - acknowledged_ <= kMaxBaselineDistance) {
    out.baseline = *from;
    out.tables = encodings.tables().usable(tables_);
  } else {
    acknowledged_ = 0;
  }
  out.bytes = encodings.delta(out.baseline, view, out.tables);
  sent_.push_back(view);
  if (sent_.size() > kMaxBaselines) sent_.pop_front();
  return out;
}

void ReplicaSender::acknowledge(std::uint32_t tick, TablesVersion tables) {
  tables_ = tables;
  if (tick <= acknowledged_ || tick <= ignore_until_ || find(sent_, tick) == nullptr) return;
  acknowledged_ = tick;
  while (sent_.front()->tick < tick) sent_.pop_front();
}

void ReplicaSender::start_over() {
  acknowledged_ = 0;
  if (!sent_.empty()) ignore_until_ = sent_.back()->tick;
}

ViewPtr ReplicaSender::baseline() const {
  return acknowledged_ == 0 ? nullptr : sent(acknowledged_);
}

ViewPtr ReplicaSender::sent(std::uint32_t tick) const {
  const auto* found = find(sent_, tick);
  return found != nullptr ? *found : nullptr;
}

ReplicaReader::Outcome ReplicaReader::read(std::string_view packet, std::uint32_t near_sequence) {
  const auto newest = history_.empty() ? 0 : history_.back()->tick;
  const auto head = take_head(packet, newest, near_sequence);
  if (!head) return Outcome::malformed;
  const bool another = head->epoch != head_.epoch;
  if (another ? head->baseline != 0 : head->tick <= newest) return Outcome::late;
  const auto* from = head->baseline == 0 ? nullptr : find(history_, head->baseline);
  const auto* tables = tables_.find(head->epoch, head->tables);
  if ((head->baseline != 0 && from == nullptr) || tables == nullptr) return Outcome::no_baseline;
  auto view =
      game_.decode(*tables->clone(), from != nullptr ? from->get() : nullptr, head->tick, packet);
  if (!view) return Outcome::malformed;
  if (const auto hash = game_.hash(*view); static_cast<std::uint32_t>(hash) != head->checksum) {
    mismatch_ = {head->tick, hash};
    return Outcome::mismatch;
  }
  if (another) history_.clear();
  if (head->baseline == 0) mismatch_.reset();
  head_ = *head;
  history_.push_back(std::move(view));
  if (history_.size() > kMaxBaselines) history_.pop_front();
  return Outcome::taken;
}

std::uint32_t ReplicaReader::taken() const noexcept {
  std::uint32_t out = 0;
  for (const auto& view : history_) {
    const auto before = history_.back()->tick - view->tick;
    if (before >= 1 && before <= 32) out |= 1U << (before - 1);
  }
  return out;
}

}  // namespace troupe::game
