// Event loops full of viewers, and what all of them saw.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "sim/live_viewer.hpp"

namespace troupe::sim {

/// Belongs to one thread; viewers live on the loops'.
class Audience {
 public:
  explicit Audience(int loops);
  ~Audience();

  void add(const Endpoint& endpoint, const std::string& id,
           std::function<void(std::string_view)> tap = {});
  [[nodiscard]] std::size_t size() const noexcept { return added_; }

  /// The sum over all loops, taken on each of them.
  [[nodiscard]] ViewerTotals totals();
  /// Delays count anew from here.
  void forget_delays();
  void stop();

 private:
  struct Loop {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
        context.get_executor()};
    ViewerTotals totals;
    std::vector<std::shared_ptr<LiveViewer>> viewers;
    std::thread thread;
  };
  /// Runs `task(loop)` on every loop that still runs, one after the other, and waits.
  template <class Task>
  void on_each(const Task& task);

  std::vector<std::unique_ptr<Loop>> loops_;
  std::size_t added_ = 0;
};

}  // namespace troupe::sim
