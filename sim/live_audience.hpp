// Event loops full of viewers, and what all of them saw.
#pragma once

#include <map>
#include <memory>
#include <string>
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

  void add(Watch how, const Endpoint& endpoint, const std::string& session, Tap tap = {});
  [[nodiscard]] std::size_t size() const noexcept { return added_; }

  /// The sum over all loops and sessions, taken on each of them.
  [[nodiscard]] ViewerTotals totals();
  [[nodiscard]] std::map<std::string, ViewerTotals> totals_by_session();
  /// Delays count anew from here.
  void forget_delays();
  /// Closes no connection before its destruction.
  void stop();

 private:
  struct Loop {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
        context.get_executor()};
    std::map<std::string, ViewerTotals> totals;  ///< by session
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
