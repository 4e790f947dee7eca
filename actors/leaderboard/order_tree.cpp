#include "actors/leaderboard/order_tree.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>
#include <vector>

namespace troupe::leaderboard {
namespace {

// A leaf's keys are 2 KiB: a binary search in it touches few cache lines, and shifting half of it
// is one short memmove. Below a quarter full a node is merged with its neighbour or takes from it.
constexpr std::size_t kLeafItems = 128;
constexpr std::size_t kInnerItems = 64;

constexpr std::size_t least(std::size_t capacity) {
  return capacity / 4;
}

template <class T, std::size_t N>
void open_gap(std::array<T, N>& items, std::size_t count, std::size_t at) {
  std::move_backward(items.begin() + static_cast<std::ptrdiff_t>(at),
                     items.begin() + static_cast<std::ptrdiff_t>(count),
                     items.begin() + static_cast<std::ptrdiff_t>(count + 1));
}

template <class T, std::size_t N>
void close_gap(std::array<T, N>& items, std::size_t count, std::size_t at) {
  std::move(items.begin() + static_cast<std::ptrdiff_t>(at + 1),
            items.begin() + static_cast<std::ptrdiff_t>(count),
            items.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Moves items [from, from + count) of `source` to [to, …) of `target`.
template <class T, std::size_t N>
void carry(std::array<T, N>& source, std::size_t from, std::size_t count, std::array<T, N>& target,
           std::size_t to) {
  const auto begin = source.begin() + static_cast<std::ptrdiff_t>(from);
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  const auto out = target.begin() + static_cast<std::ptrdiff_t>(to);
  if (&source == &target && to > from)
    std::move_backward(begin, end, out + static_cast<std::ptrdiff_t>(count));
  else
    std::move(begin, end, out);
}

}  // namespace

struct OrderTree::Node {
  explicit Node(bool leaf) : is_leaf(leaf) {}
  bool is_leaf;
  std::uint32_t count = 0;  ///< items in this node

  [[nodiscard]] std::size_t capacity() const noexcept { return is_leaf ? kLeafItems : kInnerItems; }
  Leaf& leaf() noexcept;
  [[nodiscard]] const Leaf& leaf() const noexcept;
  Inner& inner() noexcept;
  [[nodiscard]] const Inner& inner() const noexcept;
  [[nodiscard]] std::uint32_t total() const noexcept;  ///< entries below
  [[nodiscard]] OrderKey first() const noexcept;
  /// Moves `amount` items from the end of `left` to the front of `right`, or the other way.
  static void shift_right(Node& left, Node& right, std::uint32_t amount);
  static void shift_left(Node& left, Node& right, std::uint32_t amount);
};

struct OrderTree::Leaf : Node {
  Leaf() : Node(true) {}
  std::array<OrderKey, kLeafItems> keys;
  std::array<std::uint32_t, kLeafItems> slots;

  [[nodiscard]] std::size_t lower_bound(OrderKey key) const noexcept {
    const auto end = keys.begin() + static_cast<std::ptrdiff_t>(count);
    return static_cast<std::size_t>(std::lower_bound(keys.begin(), end, key) - keys.begin());
  }
};

struct OrderTree::Inner : Node {
  Inner() : Node(false) {}
  /// Not greater than any key of the child, greater than all of the child before.
  std::array<OrderKey, kInnerItems> lows;
  std::array<std::uint32_t, kInnerItems> totals;
  std::array<Node*, kInnerItems> children;

  /// The child that holds `key` if any does.
  [[nodiscard]] std::size_t child_of(OrderKey key) const noexcept {
    const auto begin = lows.begin() + 1, end = lows.begin() + static_cast<std::ptrdiff_t>(count);
    return static_cast<std::size_t>(std::upper_bound(begin, end, key) - lows.begin()) - 1;
  }
  void refresh(std::size_t at) noexcept {
    lows[at] = children[at]->first();
    totals[at] = children[at]->total();
  }
  void put(std::size_t at, Node* child) {
    open_gap(lows, count, at);
    open_gap(totals, count, at);
    open_gap(children, count, at);
    ++count;
    children[at] = child;
    refresh(at);
  }
  void drop(std::size_t at) {
    close_gap(lows, count, at);
    close_gap(totals, count, at);
    close_gap(children, count, at);
    --count;
  }
};

OrderTree::Leaf& OrderTree::Node::leaf() noexcept {
  return static_cast<Leaf&>(*this);
}
const OrderTree::Leaf& OrderTree::Node::leaf() const noexcept {
  return static_cast<const Leaf&>(*this);
}
OrderTree::Inner& OrderTree::Node::inner() noexcept {
  return static_cast<Inner&>(*this);
}
const OrderTree::Inner& OrderTree::Node::inner() const noexcept {
  return static_cast<const Inner&>(*this);
}

std::uint32_t OrderTree::Node::total() const noexcept {
  if (is_leaf) return count;
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < count; ++i) sum += inner().totals[i];
  return sum;
}

OrderKey OrderTree::Node::first() const noexcept {
  return is_leaf ? leaf().keys[0] : inner().lows[0];
}

void OrderTree::Node::shift_right(Node& left, Node& right, std::uint32_t amount) {
  const auto move = [&](auto& from, auto& to) {
    carry(to, 0, right.count, to, amount);
    carry(from, left.count - amount, amount, to, 0);
  };
  if (left.is_leaf) {
    move(left.leaf().keys, right.leaf().keys);
    move(left.leaf().slots, right.leaf().slots);
  } else {
    move(left.inner().lows, right.inner().lows);
    move(left.inner().totals, right.inner().totals);
    move(left.inner().children, right.inner().children);
  }
  left.count -= amount;
  right.count += amount;
}

void OrderTree::Node::shift_left(Node& left, Node& right, std::uint32_t amount) {
  const auto move = [&](auto& to, auto& from) {
    carry(from, 0, amount, to, left.count);
    carry(from, amount, right.count - amount, from, 0);
  };
  if (left.is_leaf) {
    move(left.leaf().keys, right.leaf().keys);
    move(left.leaf().slots, right.leaf().slots);
  } else {
    move(left.inner().lows, right.inner().lows);
    move(left.inner().totals, right.inner().totals);
    move(left.inner().children, right.inner().children);
  }
  left.count += amount;
  right.count -= amount;
}

OrderTree::OrderTree() = default;
OrderTree::~OrderTree() {
  destroy(root_);
}
OrderTree::OrderTree(OrderTree&& other) noexcept
    : root_(std::exchange(other.root_, nullptr)), size_(std::exchange(other.size_, 0)) {}
OrderTree& OrderTree::operator=(OrderTree&& other) noexcept {
  std::swap(root_, other.root_);
  std::swap(size_, other.size_);
  return *this;
}

void OrderTree::destroy(Node* node) noexcept {
  if (node == nullptr) return;
  if (node->is_leaf) {
    delete &node->leaf();
    return;
  }
  auto& inner = node->inner();
  for (std::uint32_t i = 0; i < inner.count; ++i) destroy(inner.children[i]);
  delete &inner;
}

/// Inserts; a node that was full is split first, its right half is returned.
OrderTree::Node* OrderTree::insert_below(Node& node, OrderKey key, std::uint32_t slot) {
  Node* right = nullptr;
  auto* target = &node;
  if (node.count == node.capacity()) {
    right = node.is_leaf ? static_cast<Node*>(new Leaf) : static_cast<Node*>(new Inner);
    Node::shift_right(node, *right, node.count / 2);
    if (key > right->first()) target = right;
  }
  if (target->is_leaf) {
    auto& leaf = target->leaf();
    const auto at = leaf.lower_bound(key);
    assert(at == leaf.count || leaf.keys[at] != key);
    open_gap(leaf.keys, leaf.count, at);
    open_gap(leaf.slots, leaf.count, at);
    leaf.keys[at] = key;
    leaf.slots[at] = slot;
    ++leaf.count;
    return right;
  }
  auto& inner = target->inner();
  const auto at = inner.child_of(key);
  auto* split = insert_below(*inner.children[at], key, slot);
  if (split == nullptr) {
    ++inner.totals[at];
    inner.lows[at] = std::min(inner.lows[at], key);
  } else {
    inner.refresh(at);
    inner.put(at + 1, split);
  }
  return right;
}

void OrderTree::insert(OrderKey key, std::uint32_t slot) {
  if (root_ == nullptr) root_ = new Leaf;
  if (auto* split = insert_below(*root_, key, slot); split != nullptr) {
    auto* root = new Inner;
    root->put(0, root_);
    root->put(1, split);
    root_ = root;
  }
  ++size_;
}

/// Brings a child that is less than a quarter full back to that, with a neighbour's help.
void OrderTree::mend(Inner& parent, std::size_t child) {
  if (parent.count < 2) return;
  const auto left_at = child + 1 < parent.count ? child : child - 1;
  auto& left = *parent.children[left_at];
  auto& right = *parent.children[left_at + 1];
  const auto both = left.count + right.count;
  if (both <= left.capacity() * 3 / 4) {
    Node::shift_left(left, right, right.count);
    right.is_leaf ? delete &right.leaf() : delete &right.inner();
    parent.drop(left_at + 1);
    return parent.refresh(left_at);
  }
  if (left.count < both / 2)
    Node::shift_left(left, right, both / 2 - left.count);
  else
    Node::shift_right(left, right, left.count - both / 2);
  parent.refresh(left_at);
  parent.refresh(left_at + 1);
}

void OrderTree::erase_below(Node& node, OrderKey key) {
  if (node.is_leaf) {
    auto& leaf = node.leaf();
    const auto at = leaf.lower_bound(key);
    assert(at < leaf.count && leaf.keys[at] == key && "erasing a key that is not there");
    close_gap(leaf.keys, leaf.count, at);
    close_gap(leaf.slots, leaf.count, at);
    --leaf.count;
    return;
  }
  auto& inner = node.inner();
  const auto at = inner.child_of(key);
  auto& child = *inner.children[at];
  erase_below(child, key);
  --inner.totals[at];
  if (child.count < least(child.capacity())) mend(inner, at);
}

void OrderTree::erase(OrderKey key) {
  assert(root_ != nullptr && "erasing from an empty tree");
  erase_below(*root_, key);
  --size_;
  while (!root_->is_leaf && root_->count == 1) {
    auto* only = root_->inner().children[0];
    delete &root_->inner();
    root_ = only;
  }
}

void OrderTree::build(std::span<const Item> sorted) {
  destroy(std::exchange(root_, nullptr));
  size_ = sorted.size();
  if (sorted.empty()) return;
  // Seven eighths full: the first insertions after the start do not split every node.
  const auto spread = [](std::size_t items, std::size_t capacity) {
    const auto fill = capacity * 7 / 8;
    return (items + fill - 1) / fill;
  };
  std::vector<Node*> level(spread(sorted.size(), kLeafItems));
  for (std::size_t n = 0; n < level.size(); ++n) {
    auto* leaf = new Leaf;
    const auto from = sorted.size() * n / level.size();
    const auto to = sorted.size() * (n + 1) / level.size();
    for (auto i = from; i < to; ++i) {
      assert(i == 0 || sorted[i - 1].key < sorted[i].key);
      leaf->keys[i - from] = sorted[i].key;
      leaf->slots[i - from] = sorted[i].slot;
    }
    leaf->count = static_cast<std::uint32_t>(to - from);
    level[n] = leaf;
  }
  while (level.size() > 1) {
    std::vector<Node*> above(spread(level.size(), kInnerItems));
    for (std::size_t n = 0; n < above.size(); ++n) {
      auto* inner = new Inner;
      const auto from = level.size() * n / above.size(), to = level.size() * (n + 1) / above.size();
      for (auto i = from; i < to; ++i) inner->put(i - from, level[i]);
      above[n] = inner;
    }
    level = std::move(above);
  }
  root_ = level.front();
}

/// Goes down to the leaf that holds `key` if any does, adding up what lies before it; null in an
/// empty tree.
const OrderTree::Leaf* OrderTree::descend(OrderKey key, std::size_t& before) const noexcept {
  const auto* node = root_;
  while (node != nullptr && !node->is_leaf) {
    const auto& inner = node->inner();
    const auto at = inner.child_of(key);
    for (std::size_t i = 0; i < at; ++i) before += inner.totals[i];
    node = inner.children[at];
  }
  return node == nullptr ? nullptr : &node->leaf();
}

std::size_t OrderTree::count_below(OrderKey key) const noexcept {
  std::size_t before = 0;
  const auto* leaf = descend(key, before);
  return leaf == nullptr ? 0 : before + leaf->lower_bound(key);
}

OrderTree::Below OrderTree::below(OrderKey key) const noexcept {
  std::size_t before = 0;
  const auto* leaf = descend(key, before);
  if (leaf == nullptr) return {};
  const auto at = leaf->lower_bound(key);
  const bool first = at > 0 && leaf->keys[at - 1].weight < key.weight;
  return {before + at, first ? before + at : count_below({key.weight, 0})};
}

void OrderTree::visit(std::size_t position, std::size_t count,
                      const std::function<void(const Item&)>& visitor) const {
  struct Walk {
    std::size_t skip, left;
    const std::function<void(const Item&)>& visitor;

    void below(const Node& node) {
      if (node.is_leaf) {
        const auto& leaf = node.leaf();
        for (auto i = std::exchange(skip, 0); i < leaf.count && left > 0; ++i, --left)
          visitor({leaf.keys[i], leaf.slots[i]});
        return;
      }
      const auto& inner = node.inner();
      for (std::size_t i = 0; i < inner.count && left > 0; ++i) {
        if (skip >= inner.totals[i])
          skip -= inner.totals[i];
        else
          below(*inner.children[i]);
      }
    }
  };
  if (root_ == nullptr || position >= size_) return;
  Walk{position, count, visitor}.below(*root_);
}

std::size_t OrderTree::bytes() const noexcept {
  struct Sum {
    static std::size_t below(const Node& node) {
      if (node.is_leaf) return sizeof(Leaf);
      std::size_t sum = sizeof(Inner);
      for (std::uint32_t i = 0; i < node.count; ++i) sum += below(*node.inner().children[i]);
      return sum;
    }
  };
  return root_ == nullptr ? 0 : Sum::below(*root_);
}

bool OrderTree::valid_below(const Node& node, bool is_root, OrderKey& last, bool& first) {
  if (!is_root && node.count < least(node.capacity())) return false;
  if (node.is_leaf) {
    for (std::uint32_t i = 0; i < node.count; ++i) {
      const auto key = node.leaf().keys[i];
      if (!std::exchange(first, false) && key <= last) return false;
      last = key;
    }
    return true;
  }
  const auto& inner = node.inner();
  for (std::uint32_t i = 0; i < inner.count; ++i) {
    const bool leftmost = first;
    if (i > 0 && !leftmost && inner.lows[i] <= last) return false;
    if (inner.totals[i] != inner.children[i]->total()) return false;
    if (inner.lows[i] > inner.children[i]->first()) return false;
    if (!valid_below(*inner.children[i], false, last, first)) return false;
  }
  return true;
}

bool OrderTree::valid() const {
  if (root_ == nullptr) return size_ == 0;
  OrderKey last;
  bool first = true;
  return root_->total() == size_ && valid_below(*root_, true, last, first);
}

}  // namespace troupe::leaderboard
