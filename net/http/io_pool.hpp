// The I/O threads: one event loop each, so that what lives on one loop needs no lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace troupe::http {

class IoPool {
 public:
  explicit IoPool(std::size_t threads);
  ~IoPool();  ///< Stops the loops and joins.

  [[nodiscard]] std::size_t size() const noexcept { return loops_.size(); }
  [[nodiscard]] boost::asio::io_context& at(std::size_t index) noexcept {
    return loops_[index]->context;
  }
  /// The loops in turn.
  boost::asio::io_context& next() noexcept { return at(turn_++ % size()); }
  void stop();

 private:
  struct Loop {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
        context.get_executor()};
    std::thread thread;
  };
  std::vector<std::unique_ptr<Loop>> loops_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace troupe::http
