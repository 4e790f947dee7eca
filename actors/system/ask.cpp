#include "actors/system/ask.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <caf/message_id.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/sec.hpp>

namespace troupe::actors {
namespace {

constexpr auto kCategory = caf::atom("troupe");
constexpr std::size_t kStripes = 16;
/// Coarse on purpose: deadlines are tens of milliseconds at least, and a scan costs per request in
/// flight.
constexpr auto kDeadlineScan = std::chrono::milliseconds(5);

using Clock = std::chrono::steady_clock;

struct Waiting {
  Asker::Done done;
  Clock::time_point deadline;
};

/// Requests in flight, striped by id so that threads rarely meet.
class Pending {
 public:
  void add(std::uint64_t id, Waiting waiting) {
    auto& stripe = stripes_[id % kStripes];
    const std::lock_guard lock(stripe.mutex);
    stripe.waiting.emplace(id, std::move(waiting));
  }

  /// Whoever takes it answers it: reply and deadline cannot both.
  std::optional<Waiting> take(std::uint64_t id) {
    auto& stripe = stripes_[id % kStripes];
    const std::lock_guard lock(stripe.mutex);
    auto it = stripe.waiting.find(id);
    if (it == stripe.waiting.end()) return std::nullopt;
    auto waiting = std::move(it->second);
    stripe.waiting.erase(it);
    return waiting;
  }

  std::vector<Waiting> take_expired(Clock::time_point now) {
    std::vector<Waiting> expired;
    for (auto& stripe : stripes_) {
      const std::lock_guard lock(stripe.mutex);
      for (auto it = stripe.waiting.begin(); it != stripe.waiting.end();) {
        if (it->second.deadline > now) {
          ++it;
          continue;
        }
        expired.push_back(std::move(it->second));
        it = stripe.waiting.erase(it);
      }
    }
    return expired;
  }

 private:
  struct Stripe {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, Waiting> waiting;
  };
  std::array<Stripe, kStripes> stripes_;
};

struct Shared {
  Pending pending;
  std::atomic<std::size_t> in_flight{0};
};

/// The sender of all requests: an actor without a mailbox, whose `enqueue` hands a reply on right
/// away, on the thread of the actor that answers. Saves a scheduler hop for each reply.
class ReplyPort final : public caf::monitorable_actor {
 public:
  ReplyPort(caf::actor_config& config, std::shared_ptr<Shared> shared)
      : caf::monitorable_actor(config), shared_(std::move(shared)) {}

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit*) override {
    if (!element || !element->mid.is_response()) return;
    auto waiting = shared_->pending.take(element->mid.request_id().integer_value());
    if (!waiting) return;  // its deadline came first
    shared_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    auto reply = element->move_content_to_message();
    if (reply.match_elements<caf::error>()) {
      waiting->done(from_caf(reply.get_as<caf::error>(0)));
    } else {
      waiting->done(std::move(reply));
    }
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

caf::error to_caf(const Error& e) {
  return caf::error(static_cast<std::uint8_t>(e.code), kCategory, caf::make_message(e.detail));
}

Error from_caf(const caf::error& e) {
  if (e.category() == kCategory) {
    const auto& context = e.context();
    auto detail =
        context.match_elements<std::string>() ? context.get_as<std::string>(0) : std::string();
    return error(static_cast<ErrorCode>(e.code()), std::move(detail));
  }
  if (e == caf::sec::request_timeout) return error(ErrorCode::timeout, "no answer in time");
  if (e == caf::sec::request_receiver_down || e.category() == caf::atom("exit")) {
    return error(ErrorCode::unavailable, "the entity went down before it answered");
  }
  if (e == caf::sec::unexpected_message)
    return error(ErrorCode::internal, "the entity does not know this message");
  return error(ErrorCode::internal, "actor error " + std::to_string(e.code()));
}

struct Asker::Impl {
  const EntityRegistry& entities;
  const std::size_t max_in_flight;
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  caf::strong_actor_ptr port;
  std::atomic<std::uint64_t> next_id{1};
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::thread deadlines;

  void watch_deadlines() {
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, kDeadlineScan, [this] { return stopping; })) {
      lock.unlock();
      if (shared->in_flight.load(std::memory_order_relaxed) > 0) expire(Clock::now());
      lock.lock();
    }
  }

  void expire(Clock::time_point now) {
    for (auto& waiting : shared->pending.take_expired(now)) {
      shared->in_flight.fetch_sub(1, std::memory_order_relaxed);
      waiting.done(error(ErrorCode::timeout, "no answer in time"));
    }
  }
};

Asker::Asker(caf::actor_system& system, const EntityRegistry& entities, std::size_t max_in_flight)
    : impl_(new Impl{entities, max_in_flight, {}, {}, {}, {}, {}, {}, {}}) {
  impl_->shared = std::make_shared<Shared>();
  impl_->next_id = 1;
  caf::actor_config config;
  impl_->port = caf::make_actor<ReplyPort, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, config, impl_->shared);
  impl_->deadlines = std::thread([this] { impl_->watch_deadlines(); });
}

Asker::~Asker() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->deadlines.join();
  impl_->expire(Clock::time_point::max());
}

void Asker::ask(const std::string& kind, const std::string& id, caf::message request,
                std::chrono::milliseconds timeout, Done done) const {
  const auto router = impl_->entities.router(kind, id);
  if (!router) return done(error(ErrorCode::unavailable, "no entities of kind " + kind));
  ask(router, caf::make_message(route_atom::value, id, std::move(request)), timeout,
      std::move(done));
}

void Asker::ask(const caf::actor& target, caf::message request, std::chrono::milliseconds timeout,
                Done done) const {
  auto& shared = *impl_->shared;
  if (shared.in_flight.fetch_add(1, std::memory_order_relaxed) >= impl_->max_in_flight) {
    shared.in_flight.fetch_sub(1, std::memory_order_relaxed);
    return done(error(ErrorCode::overloaded, "too many requests in flight"));
  }
  const auto id = impl_->next_id.fetch_add(1, std::memory_order_relaxed);
  shared.pending.add(id, {std::move(done), Clock::now() + timeout});
  const auto mid = caf::message_id(id).with_normal_priority();
  caf::actor_cast<caf::strong_actor_ptr>(target)->enqueue(impl_->port, mid, std::move(request),
                                                          nullptr);
}

}  // namespace troupe::actors
