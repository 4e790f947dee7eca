#include "actors/system/ticker.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "base/metrics.hpp"

namespace troupe::actors {
namespace {

using Clock = std::chrono::steady_clock;

/// The period is cut into this many slots; a subscriber belongs to one.
constexpr std::size_t kSlots = 16;
constexpr int kMaxPending = 2;

struct Subscriber {
  std::uint64_t token = 0;
  caf::actor_addr address;
  int pending = 0;
};

}  // namespace

struct Ticker::Impl {
  Impl(std::chrono::nanoseconds period_in, Metrics& metrics)
      : period(period_in),
        skipped_total(metrics.counter("troupe_ticker_skipped_total",
                                      "Ticks not sent, the subscriber was behind")),
        late_seconds(metrics.histogram("troupe_ticker_late_seconds",
                                       "How late the ticker thread woke", latency_buckets())) {}

  void run();
  void fire(std::vector<Subscriber>& slot, Clock::time_point due);

  const std::chrono::nanoseconds period;
  prometheus::Counter& skipped_total;
  prometheus::Histogram& late_seconds;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::vector<Subscriber> slots[kSlots];
  std::uint64_t next_token = 1;
  std::thread thread;
};

void Ticker::Impl::fire(std::vector<Subscriber>& slot, Clock::time_point due) {
  const auto due_ns = static_cast<std::uint64_t>(due.time_since_epoch().count());
  std::erase_if(slot, [&](Subscriber& subscriber) {
    const auto actor = caf::actor_cast<caf::actor>(subscriber.address);
    if (!actor) return true;
    if (subscriber.pending >= kMaxPending) {
      skipped_total.Increment();
      return false;
    }
    ++subscriber.pending;
    caf::anon_send(actor, tick_atom::value, due_ns);
    return false;
  });
}

void Ticker::Impl::run() {
  const auto step = period / kSlots;
  auto due = Clock::now() + step;
  std::unique_lock lock(mutex);
  for (std::size_t slot = 0; !stopping; slot = (slot + 1) % kSlots) {
    wake.wait_until(lock, due, [this] { return stopping; });
    if (stopping) return;
    const auto late = Clock::now() - due;
    late_seconds.Observe(std::chrono::duration<double>(late).count());
    fire(slots[slot], due);
    due += step;
    // After a stall of the whole process the missed ticks are not made up for: that would only
    // prolong the overload.
    if (late > period * 2) due = Clock::now() + step;
  }
}

Ticker::Ticker(std::chrono::nanoseconds period, Metrics& metrics)
    : impl_(std::make_unique<Impl>(period, metrics)) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Ticker::~Ticker() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

std::uint64_t Ticker::subscribe(const caf::actor& actor) {
  const std::lock_guard lock(impl_->mutex);
  // Token = number * slots + slot: the token alone finds the subscriber's slot.
  auto* emptiest =
      std::min_element(std::begin(impl_->slots), std::end(impl_->slots),
                       [](const auto& a, const auto& b) { return a.size() < b.size(); });
  const auto slot = static_cast<std::uint64_t>(emptiest - impl_->slots);
  const auto token = impl_->next_token++ * kSlots + slot;
  emptiest->push_back({token, caf::actor_cast<caf::actor_addr>(actor), 0});
  return token;
}

void Ticker::unsubscribe(std::uint64_t token) {
  const std::lock_guard lock(impl_->mutex);
  std::erase_if(impl_->slots[token % kSlots],
                [&](const Subscriber& s) { return s.token == token; });
}

void Ticker::done(std::uint64_t token) {
  const std::lock_guard lock(impl_->mutex);
  for (auto& subscriber : impl_->slots[token % kSlots]) {
    if (subscriber.token == token) {
      subscriber.pending = std::max(0, subscriber.pending - 1);
      return;
    }
  }
}

std::chrono::nanoseconds Ticker::period() const noexcept {
  return impl_->period;
}

}  // namespace troupe::actors
