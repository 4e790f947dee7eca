// `troupe match adjudicate`: a shot judged again, for people.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::server {

struct AdjudicateOptions {
  std::string match;
  std::uint32_t tick = 0;
  int slot = 0;
  bool json = false;
};

/// What to print. Errors: those of match::adjudicate.
Result<std::string> adjudicate(const storage::Store& store, const AdjudicateOptions& options);

}  // namespace troupe::server
