#include "sim/live_audience.hpp"

#include <algorithm>
#include <future>

#include <boost/asio/post.hpp>

namespace troupe::sim {

template <class Task>
void Audience::on_each(const Task& task) {
  for (auto& loop : loops_) {
    if (!loop->thread.joinable()) {
      task(*loop);
      continue;
    }
    std::promise<void> done;
    boost::asio::post(loop->context, [&] {
      task(*loop);
      done.set_value();
    });
    done.get_future().wait();
  }
}

Audience::Audience(int loops) {
  for (int i = 0; i < std::max(loops, 1); ++i) {
    auto loop = std::make_unique<Loop>();
    loop->thread = std::thread([raw = loop.get()] { raw->context.run(); });
    loops_.push_back(std::move(loop));
  }
}

Audience::~Audience() {
  stop();
}

void Audience::add(const Endpoint& endpoint, const std::string& id,
                   std::function<void(std::string_view)> tap) {
  auto& loop = *loops_[added_++ % loops_.size()];
  loop.viewers.push_back(watch(loop.context, endpoint, id, loop.totals, std::move(tap)));
}

ViewerTotals Audience::totals() {
  ViewerTotals sum;
  on_each([&sum](const Loop& loop) {
    const auto& one = loop.totals;
    sum.delay.merge(one.delay);
    sum.start.merge(one.start);
    sum.bytes += one.bytes;
    sum.messages += one.messages;
    sum.skipped += one.skipped;
    sum.gaps += one.gaps;
    sum.corrupt += one.corrupt;
    sum.closed += one.closed;
    sum.hellos += one.hellos;
    sum.viewer_count = std::max(sum.viewer_count, one.viewer_count);
    for (const auto& [reason, count] : one.close_reasons) sum.close_reasons[reason] += count;
  });
  return sum;
}

void Audience::forget_delays() {
  on_each([](Loop& loop) { loop.totals.delay = {}; });
}

void Audience::stop() {
  for (auto& loop : loops_) {
    if (!loop->thread.joinable()) continue;
    loop->viewers.clear();
    loop->guard.reset();
    loop->thread.join();
  }
}

}  // namespace troupe::sim
