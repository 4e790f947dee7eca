// One page of a feed, put together from memory, disk and celebrities. Blocking: runs in the read
// pool.
#pragma once

#include <string>
#include <vector>

#include "actors/feed/messages.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::feed {

struct PageJob {
  std::string user;
  PageQuery query;
  std::vector<Entry> in_memory;  ///< newest first
  bool complete = false;         ///< nothing older is on disk
  std::vector<std::uint64_t> following;
  std::vector<std::string> celebrities;  ///< of those followed
};

/// Posts of accounts that are no longer followed and deleted posts are left out; the page is filled
/// up behind them.
[[nodiscard]] Result<PagePtr> read_page(const storage::Store& store, const PageJob& job);

}  // namespace troupe::feed
