// Matches played again for those who ask: one at a time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "net/http/message.hpp"

namespace troupe::storage {
class ReadPool;
class Store;
}  // namespace troupe::storage

namespace troupe::api {

/// A replay takes seconds of a thread of the read pool, which has few: the others are for those who
/// wait for less. Copies share the one place. Thread-safe.
class OneReplay {
 public:
  /// `answer` runs on the pool. 503 with Retry-After while another one does.
  void run(storage::ReadPool& reads, const http::Responder& out,
           std::function<http::Response(const storage::Store&)> answer) const;

 private:
  std::shared_ptr<std::atomic<bool>> playing_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace troupe::api
