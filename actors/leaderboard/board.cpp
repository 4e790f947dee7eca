#include "actors/leaderboard/board.hpp"

#include <algorithm>

namespace troupe::leaderboard {

std::uint32_t Board::add(std::string_view player) {
  const auto slot = players_.add(player);
  if (slot / kKeysPerBlock == keys_.size())
    keys_.push_back(std::make_unique<std::array<OrderKey, kKeysPerBlock>>());
  return slot;
}

void Board::set(std::string_view player, std::int64_t score, std::uint64_t sequence) {
  const auto known = players_.find(player);
  sequence_ = std::max(sequence_, sequence);
  if (known) {
    if (key_of(*known).weight == weight(score)) return;
    tree_.erase(key_of(*known));
  }
  const auto slot = known ? *known : add(player);
  key_of(slot) = {weight(score), sequence};
  tree_.insert(key_of(slot), slot);
}

void Board::remove(std::string_view player) {
  const auto slot = players_.find(player);
  if (!slot) return;
  tree_.erase(key_of(*slot));
  players_.remove(*slot);
}

void Board::load(std::vector<Entry> entries) {
  players_ = PlayerIndex();
  keys_.clear();
  sequence_ = 0;
  std::vector<OrderTree::Item> items;
  items.reserve(entries.size());
  for (const auto& entry : entries) {
    const auto slot = add(entry.player);
    key_of(slot) = {weight(entry.score), entry.sequence};
    items.push_back({key_of(slot), slot});
    sequence_ = std::max(sequence_, entry.sequence);
  }
  entries = {};
  std::ranges::sort(items, {}, &OrderTree::Item::key);
  tree_.build(items);
}

std::optional<Entry> Board::entry(std::string_view player) const {
  const auto slot = players_.find(player);
  if (!slot) return std::nullopt;
  const auto& key = key_of(*slot);
  return Entry{std::string(player), weight(key.weight), key.sequence};
}

std::optional<Standing> Board::standing(std::string_view player) const {
  const auto slot = players_.find(player);
  if (!slot) return std::nullopt;
  const auto& key = key_of(*slot);
  const auto below = tree_.below(key);
  return Standing{std::string(player), weight(key.weight), below.weights + 1, below.keys};
}

std::vector<Standing> Board::list(std::uint64_t position, std::size_t count) const {
  std::vector<Standing> out;
  out.reserve(std::min<std::size_t>(count, size()));
  std::int64_t tied = 0;
  std::uint64_t rank = 0, at = position;
  tree_.visit(position, count, [&](const OrderTree::Item& item) {
    if (out.empty())
      rank = tree_.count_below({item.key.weight, 0}) + 1;
    else if (item.key.weight != tied)
      rank = at + 1;
    tied = item.key.weight;
    out.push_back({std::string(players_.name(item.slot)), weight(item.key.weight), rank, at++});
  });
  return out;
}

std::vector<Standing> Board::list_after(std::int64_t score, std::uint64_t sequence,
                                        std::size_t count) const {
  return list(tree_.count_below({weight(score), sequence + 1}), count);
}

std::vector<Standing> Board::around(std::string_view player, std::size_t side) const {
  const auto slot = players_.find(player);
  if (!slot) return {};
  const std::uint64_t position = tree_.count_below(key_of(*slot));
  const auto before = std::min<std::uint64_t>(position, side);
  return list(position - before, before + 1 + side);
}

std::size_t Board::bytes() const noexcept {
  return sizeof(*this) + players_.bytes() + tree_.bytes() +
         keys_.size() * kKeysPerBlock * sizeof(OrderKey);
}

std::optional<std::int64_t> kept(Keep keep, Order order, std::optional<std::int64_t> before,
                                 std::int64_t submitted) noexcept {
  if (keep == Keep::sum) {
    const auto sum = std::clamp(before.value_or(0) + submitted, -kMaxScore, kMaxScore);
    return before == sum ? std::nullopt : std::optional(sum);
  }
  if (!before) return submitted;
  if (keep == Keep::last) return *before == submitted ? std::nullopt : std::optional(submitted);
  const bool better = order == Order::high_first ? submitted > *before : submitted < *before;
  return better ? std::optional(submitted) : std::nullopt;
}

}  // namespace troupe::leaderboard
