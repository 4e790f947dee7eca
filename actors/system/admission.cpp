#include "actors/system/admission.hpp"

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>

#include "base/metrics.hpp"

namespace troupe::actors {
namespace {

using probe_atom = caf::atom_constant<caf::atom("probe")>;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kProbeEvery{25};

}  // namespace

void OverloadDetector::observe(Duration delay, TimePoint now) {
  if (now >= interval_end_) {
    if (smallest_ != Duration::max()) close_interval();
    smallest_ = Duration::max();
    interval_end_ = now + limits_.interval;
  }
  smallest_ = std::min(smallest_, delay);
}

void OverloadDetector::close_interval() {
  const auto over = [&](std::chrono::milliseconds limit) {
    return limit.count() > 0 && smallest_ > limit;
  };
  const auto wanted = over(limits_.normal_delay) ? Priority::vital
                      : over(limits_.bulk_delay) ? Priority::normal
                                                 : Priority::bulk;
  if (wanted <= lowest_) {
    lowest_ = wanted;
    return;
  }
  // Half the limit before anybody is let in again, so that it does not flap.
  const auto limit = lowest_ == Priority::vital ? limits_.normal_delay : limits_.bulk_delay;
  if (smallest_ <= limit / 2)
    lowest_ = static_cast<Priority>(static_cast<std::uint8_t>(lowest_) + 1);
}

struct Admission::Impl {
  Impl(Metrics& metrics, AdmissionLimits limits)
      : detector(limits),
        delay_gauge(metrics.gauge("troupe_actor_queue_delay_seconds",
                                  "Time that a message last waited for a thread")) {
    for (const auto* name : {"vital", "normal", "bulk"}) {
      refused.push_back(&metrics.counter("troupe_admission_refused_total",
                                         "Requests refused because the actors cannot follow",
                                         {{"priority", name}}));
    }
  }

  void observe(Clock::duration delay) {
    delay_gauge.Set(std::chrono::duration<double>(delay).count());
    const std::lock_guard lock(mutex);
    const auto before = detector.lowest_admitted();
    detector.observe(delay, Clock::now());
    const auto now = detector.lowest_admitted();
    lowest.store(now, std::memory_order_relaxed);
    if (now == before) return;
    spdlog::warn("admission: {}", now == Priority::bulk     ? "everything is let in again"
                                  : now == Priority::normal ? "bulk work is refused"
                                                            : "only vital work is let in");
  }

  std::mutex mutex;
  OverloadDetector detector;
  std::atomic<Priority> lowest{Priority::bulk};
  prometheus::Gauge& delay_gauge;
  std::vector<prometheus::Counter*> refused;  ///< by priority
  std::atomic<Clock::rep> sent{0};            ///< of the probe that is under way; 0: none
  std::condition_variable wake;
  bool stopping = false;
  caf::actor actor;
  std::thread thread;

  void probe() {
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, kProbeEvery, [this] { return stopping; })) {
      lock.unlock();
      const auto now = Clock::now();
      const auto before = sent.load();
      if (before == 0) {
        sent = now.time_since_epoch().count();
        caf::anon_send(actor, probe_atom::value);
      } else {
        observe(now.time_since_epoch() - Clock::duration(before));  // it still waits
      }
      lock.lock();
    }
  }
};

Admission::Admission(caf::actor_system& system, Metrics& metrics, AdmissionLimits limits)
    : impl_(std::make_unique<Impl>(metrics, limits)) {
  auto* impl = impl_.get();
  impl->actor = system.spawn([impl]() -> caf::behavior {
    return {[impl](probe_atom) {
      const auto sent = impl->sent.exchange(0);
      if (sent != 0) impl->observe(Clock::now().time_since_epoch() - Clock::duration(sent));
    }};
  });
  impl->thread = std::thread([impl] { impl->probe(); });
}

Admission::~Admission() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
  // A probe may be running: it must not outlive what it writes to.
  caf::scoped_actor self(impl_->actor->home_system());
  self->monitor(impl_->actor);
  self->send_exit(impl_->actor, caf::exit_reason::user_shutdown);
  self->receive([](const caf::down_msg&) {});
}

bool Admission::admit(Priority priority) noexcept {
  if (priority <= impl_->lowest.load(std::memory_order_relaxed)) return true;
  impl_->refused[static_cast<std::size_t>(priority)]->Increment();
  return false;
}

}  // namespace troupe::actors
