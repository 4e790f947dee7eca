#include "actors/system/entity_router.hpp"

#include <chrono>

#include <caf/behavior.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>

#include "actors/system/ask.hpp"

namespace troupe::actors {
namespace {

/// A sweep looks at one slice of the buckets, so that a million entities never cost one long pause.
constexpr std::size_t kSweepSlices = 64;
/// Approximate LRU: the longest idle of this many is passivated when the kind is at its bound.
constexpr int kEvictionSamples = 16;

std::uint64_t now_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}
std::uint32_t now_s() {
  return static_cast<std::uint32_t>(now_ms() / 1000);
}

using Entry = RouterState::Entry;
using Trouble = RouterState::Trouble;

Trouble& trouble_of(Entry& entry) {
  if (!entry.trouble) entry.trouble = std::make_unique<Trouble>();
  return *entry.trouble;
}

void refuse(RouterState& state, caf::response_promise& promise, ErrorCode code,
            const char* detail) {
  state.stats->dropped_total->Increment();
  promise.deliver(to_caf(error(code, detail)));
}

void wait_in(RouterState& state, Entry& entry, caf::response_promise promise,
             caf::message payload) {
  auto& waiting = trouble_of(entry).waiting;
  if (waiting.size() >= state.kind->max_waiting_per_entity) {
    return refuse(state, promise, ErrorCode::overloaded, "too many messages wait for this entity");
  }
  waiting.push_back({std::move(promise), std::move(payload)});
}

void begin_passivation(RouterActor* self, Entry& entry) {
  entry.passivating = true;
  self->send(entry.actor, passivate_atom::value);
}

void set_active(RouterState& state, std::int64_t change) {
  state.stats->active.fetch_add(static_cast<std::uint64_t>(change), std::memory_order_relaxed);
  state.stats->active_gauge->Increment(static_cast<double>(change));
}

/// Brings the entity up and hands it what waited.
void activate(RouterActor* self, const std::string& key, Entry& entry) {
  auto& state = self->state;
  entry.actor = state.kind->activate(self->system(), key);
  entry.passivating = false;
  entry.last_used_s = now_s();
  self->monitor(entry.actor);
  state.by_actor[entry.actor.id()] = &key;
  state.stats->activations.fetch_add(1, std::memory_order_relaxed);
  state.stats->activations_total->Increment();
  set_active(state, 1);
  if (!entry.trouble) return;
  entry.trouble->revive_at_ms = 0;
  entry.trouble->failed = false;
  for (auto& one : entry.trouble->waiting)
    one.promise.delegate(entry.actor, std::move(one.payload));
  entry.trouble->waiting.clear();
}

void make_room(RouterActor* self) {
  auto& state = self->state;
  auto& entries = state.entries;
  if (entries.bucket_count() == 0 || entries.empty()) return;
  Entry* oldest = nullptr;
  int seen = 0;
  const auto start = state.random() % entries.bucket_count();
  for (std::size_t i = 0; i < entries.bucket_count() && seen < kEvictionSamples; ++i) {
    const auto bucket = (start + i) % entries.bucket_count();
    for (auto it = entries.begin(bucket); it != entries.end(bucket); ++it) {
      auto& entry = it->second;
      if (!entry.actor || entry.passivating) continue;
      ++seen;
      if (oldest == nullptr || entry.last_used_s < oldest->last_used_s) oldest = &entry;
    }
  }
  if (oldest != nullptr) begin_passivation(self, *oldest);
}

std::size_t shard_bound(const EntityKind& kind) {
  return std::max<std::size_t>(1, kind.max_active / kind.shards);
}

void route(RouterActor* self, const std::string& id, caf::message& payload) {
  auto& state = self->state;
  auto promise = self->make_response_promise();
  if (state.stopping)
    return refuse(state, promise, ErrorCode::unavailable, "the server is stopping");
  if (!state.awaited.empty())
    return refuse(state, promise, ErrorCode::unavailable, "these entities start again");
  auto it = state.entries.find(id);
  if (it == state.entries.end()) {
    const auto bound = shard_bound(*state.kind);
    if (state.by_actor.size() >= bound) make_room(self);
    // Passivation takes a moment; a tenth over the bound is the slack that it gets.
    if (state.by_actor.size() >= bound + bound / 10 + 1) {
      return refuse(state, promise, ErrorCode::overloaded, "too many active entities");
    }
    it = state.entries.try_emplace(id).first;
    activate(self, it->first, it->second);
  }
  auto& entry = it->second;
  if (entry.trouble && entry.trouble->failed) {
    return refuse(state, promise, ErrorCode::unavailable, "the entity crashed too often");
  }
  if (!entry.actor || entry.passivating)
    return wait_in(state, entry, std::move(promise), std::move(payload));
  entry.last_used_s = now_s();
  promise.delegate(entry.actor, std::move(payload));
}

void revive(RouterActor* self, const std::string& id) {
  auto& state = self->state;
  auto it = state.entries.find(id);
  if (it == state.entries.end() || it->second.actor || state.stopping) return;
  auto& trouble = trouble_of(it->second);
  if (trouble.failed && trouble.waiting.empty() && !state.kind->restart_eagerly) {
    state.entries.erase(it);  // forgiven: the window has passed
    return;
  }
  activate(self, it->first, it->second);
}

void on_crash(RouterActor* self, const std::string& id, Entry& entry, const caf::error& reason) {
  auto& state = self->state;
  state.stats->crashes.fetch_add(1, std::memory_order_relaxed);
  state.stats->crashes_total->Increment();
  auto& trouble = trouble_of(entry);
  const RestartLimits limits{state.kind->backoff_min, state.kind->backoff_max,
                             state.kind->max_restarts, state.kind->restart_window};
  const auto decision = trouble.history.crashed(now_ms(), limits, state.random());
  spdlog::warn("entity {}/{} crashed ({}); {} in {} ms", state.kind->name, id,
               self->system().render(reason), decision.failed ? "failed, again" : "restarts",
               decision.delay.count());
  trouble.failed = decision.failed;
  trouble.revive_at_ms = now_ms() + static_cast<std::uint64_t>(decision.delay.count());
  if (decision.failed) {
    for (auto& one : trouble.waiting)
      refuse(state, one.promise, ErrorCode::unavailable, "the entity crashed too often");
    trouble.waiting.clear();
  }
  self->delayed_send(self, decision.delay, revive_atom::value, id);
}

void finish_stop_if_empty(RouterState& state) {
  if (state.stopping && state.by_actor.empty() && state.stopped.pending())
    state.stopped.deliver(std::uint64_t{0});
}

void on_down(RouterActor* self, const caf::down_msg& down) {
  auto& state = self->state;
  if (state.awaited.erase(down.source.id()) > 0) return;
  const auto found = state.by_actor.find(down.source.id());
  if (found == state.by_actor.end()) return;
  const auto it = state.entries.find(*found->second);
  state.by_actor.erase(found);
  set_active(state, -1);
  auto& entry = it->second;
  entry.actor = nullptr;
  const bool orderly = !down.reason || down.reason == caf::exit_reason::normal;
  if (state.stopping) {
    if (entry.trouble) {
      for (auto& one : entry.trouble->waiting)
        refuse(state, one.promise, ErrorCode::unavailable, "the server is stopping");
    }
    state.entries.erase(it);
    return finish_stop_if_empty(state);
  }
  if (!orderly) {
    entry.passivating = false;
    return on_crash(self, it->first, entry, down.reason);
  }
  state.stats->passivations.fetch_add(1, std::memory_order_relaxed);
  if (entry.trouble && !entry.trouble->waiting.empty()) return activate(self, it->first, entry);
  state.entries.erase(it);
}

void sweep(RouterActor* self) {
  auto& state = self->state;
  const auto idle_s = static_cast<std::uint32_t>((state.kind->idle_after.count() + 999) / 1000);
  const auto buckets = state.entries.bucket_count();
  const auto now = now_s();
  for (std::size_t i = 0; i < buckets / kSweepSlices + 1 && buckets > 0; ++i) {
    state.sweep_bucket = (state.sweep_bucket + 1) % buckets;
    for (auto it = state.entries.begin(state.sweep_bucket);
         it != state.entries.end(state.sweep_bucket); ++it) {
      auto& entry = it->second;
      if (entry.actor && !entry.passivating && now - entry.last_used_s > idle_s)
        begin_passivation(self, entry);
    }
  }
  // One round over all slices takes a quarter of the idle time, at most 15 s.
  const auto round =
      std::min<std::chrono::milliseconds>(state.kind->idle_after / 4, std::chrono::seconds(15));
  self->delayed_send(
      self, std::max<std::chrono::milliseconds>(round / kSweepSlices, std::chrono::milliseconds(5)),
      sweep_atom::value);
}

caf::result<std::uint64_t> stop(RouterActor* self) {
  auto& state = self->state;
  state.stopping = true;
  state.stopped = self->make_response_promise();
  for (auto& [id, entry] : state.entries) {
    if (entry.actor && !entry.passivating) begin_passivation(self, entry);
    if (entry.actor || !entry.trouble) continue;
    // Backing off: there is nobody to wait for.
    for (auto& one : entry.trouble->waiting)
      refuse(state, one.promise, ErrorCode::unavailable, "the server is stopping");
    entry.trouble->waiting.clear();
  }
  auto promise = state.stopped;
  finish_stop_if_empty(state);
  return promise;
}

void nudge(RouterActor* self, const std::string& id, caf::message& payload) {
  const auto it = self->state.entries.find(id);
  if (it == self->state.entries.end() || !it->second.actor || it->second.passivating) return;
  it->second.actor->enqueue(nullptr, caf::make_message_id(), std::move(payload), self->context());
}

void crash(RouterState& state, RouterActor* self, const std::string& id) {
  const auto it = state.entries.find(id);
  if (it != state.entries.end() && it->second.actor)
    self->send_exit(it->second.actor, caf::exit_reason::kill);
}

/// Waits for what a crashed predecessor left behind.
void await_orphans(RouterActor* self) {
  auto& state = self->state;
  const std::lock_guard lock(state.orphans->mutex);
  for (const auto& orphan : state.orphans->actors) {
    state.awaited.insert(orphan.id());
    self->monitor(orphan);
  }
  state.orphans->actors.clear();
}

}  // namespace

RouterState::~RouterState() {
  if (!orphans || by_actor.empty()) return;
  const std::lock_guard lock(orphans->mutex);
  for (auto& [id, entry] : entries) {
    if (!entry.actor) continue;
    caf::anon_send_exit(entry.actor, caf::exit_reason::kill);
    orphans->actors.push_back(std::move(entry.actor));
  }
  stats->active.fetch_sub(by_actor.size(), std::memory_order_relaxed);
  stats->active_gauge->Decrement(static_cast<double>(by_actor.size()));
}

caf::behavior entity_router(RouterActor* self, std::shared_ptr<const EntityKind> kind,
                            std::shared_ptr<KindStats> stats, std::shared_ptr<Orphans> orphans) {
  self->state.orphans = std::move(orphans);
  self->state.kind = std::move(kind);
  self->state.stats = std::move(stats);
  self->set_down_handler([self](caf::down_msg& down) { on_down(self, down); });
  await_orphans(self);
  if (self->state.kind->idle_after.count() > 0) self->send(self, sweep_atom::value);
  return {
      [self](route_atom, const std::string& id, caf::message& payload) {
        route(self, id, payload);
      },
      [self](nudge_atom, const std::string& id, caf::message& payload) {
        nudge(self, id, payload);
      },
      [self](revive_atom, const std::string& id) { revive(self, id); },
      [self](sweep_atom) { sweep(self); },
      [self](stop_atom) { return stop(self); },
      [self](crash_atom, const std::string& id) { crash(self->state, self, id); },
  };
}

}  // namespace troupe::actors
