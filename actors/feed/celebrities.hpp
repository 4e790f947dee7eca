// Accounts with very many followers: their posts are merged at read instead of pushed to every
// timeline.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"

namespace troupe::storage {
class Batch;
class Store;
}  // namespace troupe::storage

namespace troupe::feed {

/// Thread-safe. Few by nature: an account joins when it first posts to more followers than the
/// threshold, and stays.
class Celebrities {
 public:
  /// Reads what is stored. Blocks: at start.
  Result<void> load(const storage::Store& store);
  [[nodiscard]] bool contains(const std::string& user) const;
  /// Adds to the set, and to `batch` so that it lasts.
  void add(const std::string& user, storage::Batch& batch);
  /// Those whose author_hash is in the sorted `following`.
  [[nodiscard]] std::vector<std::string> among(const std::vector<std::uint64_t>& following) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::string> users_;
};

}  // namespace troupe::feed
