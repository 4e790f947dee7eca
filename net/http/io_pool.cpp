#include "net/http/io_pool.hpp"

namespace troupe::http {

IoPool::IoPool(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    loops_.push_back(std::make_unique<Loop>());
    loops_.back()->thread = std::thread([loop = loops_.back().get()] { loop->context.run(); });
  }
}

IoPool::~IoPool() {
  stop();
}

void IoPool::stop() {
  for (auto& loop : loops_) {
    loop->guard.reset();
    loop->context.stop();
  }
  for (auto& loop : loops_) {
    if (loop->thread.joinable()) loop->thread.join();
  }
}

}  // namespace troupe::http
