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

void Audience::add(Watch how, const Endpoint& endpoint, const std::string& session, Tap tap) {
  auto& loop = *loops_[added_++ % loops_.size()];
  std::promise<ViewerTotals*> totals;  // the map is the loop's
  boost::asio::post(loop.context, [&] { totals.set_value(&loop.totals[session]); });
  loop.viewers.push_back(
      how(loop.context, endpoint, session, *totals.get_future().get(), std::move(tap)));
}

ViewerTotals Audience::totals() {
  ViewerTotals sum;
  on_each([&sum](const Loop& loop) {
    for (const auto& [session, one] : loop.totals) sum.merge(one);
  });
  return sum;
}

std::map<std::string, ViewerTotals> Audience::totals_by_session() {
  std::map<std::string, ViewerTotals> sums;
  on_each([&sums](const Loop& loop) {
    for (const auto& [session, one] : loop.totals) sums[session].merge(one);
  });
  return sums;
}

void Audience::forget_delays() {
  on_each([](Loop& loop) {
    for (auto& [session, one] : loop.totals) one.delay = {};
  });
}

void Audience::stop() {
  for (auto& loop : loops_) {
    if (!loop->thread.joinable()) continue;
    loop->context.stop();
    loop->thread.join();
    loop->viewers.clear();
  }
}

}  // namespace troupe::sim
