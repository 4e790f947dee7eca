// The order of a leaderboard: a B+ tree whose inner nodes count what is below them, so that
// positions are found as fast as keys.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace troupe::leaderboard {

/// Where an entry stands: ascending by weight, and among equal weights by sequence, which is
/// unique.
struct OrderKey {
  std::int64_t weight = 0;
  std::uint64_t sequence = 0;
  friend auto operator<=>(const OrderKey&, const OrderKey&) = default;
};

/// Insertion, removal, position of a key and key at a position: O(log n), four levels for five
/// million entries. Holds up to 2^32 - 1 entries. Not thread-safe.
class OrderTree {
 public:
  struct Item {
    OrderKey key;
    std::uint32_t slot = 0;  ///< whatever the owner keeps with the key
  };

  OrderTree();
  ~OrderTree();
  OrderTree(OrderTree&&) noexcept;
  OrderTree& operator=(OrderTree&&) noexcept;

  /// `key` must not be in the tree.
  void insert(OrderKey key, std::uint32_t slot);
  /// `key` must be in the tree.
  void erase(OrderKey key);
  /// Replaces all by `sorted` (ascending), in O(n): several times as fast as insertions.
  void build(std::span<const Item> sorted);

  /// The number of keys smaller than `key`, which need not be in the tree.
  [[nodiscard]] std::size_t count_below(OrderKey key) const noexcept;
  /// The same, and how many keys have a smaller weight: mostly in one descent.
  struct Below {
    std::size_t keys = 0, weights = 0;
  };
  [[nodiscard]] Below below(OrderKey key) const noexcept;
  /// Visits up to `count` items in order, from the one with `position` smaller ones before it.
  void visit(std::size_t position, std::size_t count,
             const std::function<void(const Item&)>& visitor) const;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Memory of the nodes.
  [[nodiscard]] std::size_t bytes() const noexcept;
  /// Whether order, counts and fill are as they must be. O(n): for tests.
  [[nodiscard]] bool valid() const;

 private:
  struct Node;
  struct Leaf;
  struct Inner;
  static Node* insert_below(Node& node, OrderKey key, std::uint32_t slot);
  static void erase_below(Node& node, OrderKey key);
  const Leaf* descend(OrderKey key, std::size_t& before) const noexcept;
  static void mend(Inner& parent, std::size_t child);
  static void destroy(Node* node) noexcept;
  static bool valid_below(const Node& node, bool is_root, OrderKey& last, bool& first);

  Node* root_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace troupe::leaderboard
