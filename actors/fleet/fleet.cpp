#include "actors/fleet/fleet.hpp"

#include <boost/json.hpp>

#include "base/metrics.hpp"
#include "schemas/game_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"

namespace troupe::fleet {
namespace {

using storage::Family;

/// Holds run out without anybody saying so: who waits looks this often.
constexpr std::chrono::milliseconds kLookAgain{200};

std::string host_key(std::string_view id) {
  return storage::KeyBuilder("fleethost").text(id).take();
}

std::uint64_t steady_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

std::string draining_record(const std::string& host, const std::string& by, std::uint64_t now_ms) {
  flatbuffers::FlatBufferBuilder builder(128);
  const auto id = builder.CreateString(host);
  const auto who = builder.CreateString(by);
  return storage::finish_record(builder, fbs::CreateFleetHost(builder, id, true, who, now_ms));
}

/// For the audit: who changed what, and when.
storage::Event event_of(const std::string& entity, bool draining, const std::string& by,
                        std::uint64_t now_ms) {
  return {
      "fleet/" + entity, draining ? "troupe.fleet.draining.v1" : "troupe.fleet.opened.v1",
      boost::json::serialize(boost::json::object{{"host", entity}, {"by", by}, {"at_ms", now_ms}})};
}

}  // namespace

Fleet::Fleet(Metrics& metrics, storage::Writer& writer, FleetOptions options)
    : metrics_(metrics), writer_(writer), options_(std::move(options)) {}

Result<void> Fleet::add(HostSpec spec, const storage::Store& store) {
  const auto stored = store.get(Family::match, host_key(spec.id));
  if (!stored.ok()) return stored.error();
  bool draining = false;
  if (*stored) {
    const auto* record = storage::verified_record<fbs::FleetHost>(**stored);
    if (record == nullptr) return error(ErrorCode::corrupt, "host " + spec.id);
    draining = record->draining();
  }
  const std::lock_guard lock(mutex_);
  const auto id = spec.id;
  inventory_.add(std::move(spec));
  if (draining) {
    if (auto done = inventory_.set_draining(id); !done.ok()) return done;
  }
  show();
  return {};
}

Wanted Fleet::wanted(const match::MatchInfo& match) const {
  // Regions that this process does not serve: its hosts are all there are.
  return {match.id, static_cast<std::size_t>(match.max_players),
          inventory_.has_region(match.region) ? match.region : std::string(), match.host};
}

void Fleet::refused(const Error& why) {
  metrics_
      .counter("troupe_fleet_refused_total", "Matches that no host took",
               {{"reason", std::string(troupe::to_string(why.code))}})
      .Increment();
}

Result<std::string> Fleet::place(const match::MatchInfo& match) {
  const std::lock_guard lock(mutex_);
  const auto now = steady_ms();
  auto placed = draining_ ? Result<std::string>(error(ErrorCode::unavailable, "the server drains"))
                          : inventory_.place(wanted(match), now, now + options_.created_hold_ms);
  if (!placed.ok()) refused(placed.error());
  show();
  return placed;
}

std::string Fleet::playing(const match::MatchInfo& match) {
  const std::lock_guard lock(mutex_);
  auto host = inventory_.playing(wanted(match), steady_ms());
  show();
  return host.ok() ? *host : std::string();
}

void Fleet::rest(const std::string& match) {
  {
    const std::lock_guard lock(mutex_);
    inventory_.rest(match);
    show();
  }
  rested_.notify_all();
}

Result<HostSpec> Fleet::join(const match::MatchInfo& match) {
  const std::lock_guard lock(mutex_);
  const auto now = steady_ms();
  const auto placed = inventory_.place(wanted(match), now, now + options_.joined_hold_ms);
  show();
  if (!placed.ok()) {
    refused(placed.error());
    return placed.error();
  }
  return inventory_.find(*placed)->spec;
}

FleetStatus Fleet::look() const {
  FleetStatus out{{}, draining_, inventory_.matches()};
  for (const auto& [id, host] : inventory_.hosts()) out.hosts.push_back(host);
  return out;
}

FleetStatus Fleet::status() const {
  const std::lock_guard lock(mutex_);
  return look();
}

bool Fleet::has_region(const std::string& region) const {
  const std::lock_guard lock(mutex_);
  return inventory_.has_region(region);
}

bool Fleet::knows(const std::string& host) const {
  const std::lock_guard lock(mutex_);
  return inventory_.find(host) != nullptr;
}

bool Fleet::draining() const {
  const std::lock_guard lock(mutex_);
  return draining_;
}

void Fleet::change(const std::string& host, HostState state, const std::string& by, Done done) {
  const auto now_ms = options_.now_ms();
  const bool draining = state == HostState::draining;
  if (!knows(host)) return done(error(ErrorCode::not_found, "no such host"));
  storage::Batch batch;
  if (draining) {
    batch.put(Family::match, host_key(host), draining_record(host, by, now_ms));
  } else {
    batch.erase(Family::match, host_key(host));
  }
  batch.append(event_of(host, draining, by, now_ms));
  const auto submitted = writer_.submit(
      std::move(batch), [self = shared_from_this(), host, draining, done](const auto& written) {
        if (!written.ok()) return done(written.error());
        auto changed = Result<Host>(Host{});
        {
          const std::lock_guard lock(self->mutex_);
          const auto set =
              draining ? self->inventory_.set_draining(host) : self->inventory_.set_open(host);
          changed = set.ok() ? Result<Host>(*self->inventory_.find(host)) : set.error();
          self->show();
        }
        done(changed);
      });
  if (!submitted.ok()) done(submitted.error());
}

void Fleet::drain(const std::string& host, const std::string& by, Done done) {
  change(host, HostState::draining, by, std::move(done));
}
void Fleet::reopen(const std::string& host, const std::string& by, Done done) {
  change(host, HostState::open, by, std::move(done));
}

void Fleet::change_all(bool draining, const std::string& by, DoneAll done) {
  storage::Batch batch;
  batch.append(event_of("all", draining, by, options_.now_ms()));
  const auto submitted = writer_.submit(
      std::move(batch), [self = shared_from_this(), draining, done](const auto& written) {
        if (!written.ok()) return done(written.error());
        FleetStatus status;
        {
          const std::lock_guard lock(self->mutex_);
          self->draining_ = draining;
          self->show();
          status = self->look();
        }
        done(status);
      });
  if (!submitted.ok()) done(submitted.error());
}

void Fleet::drain_all(const std::string& by, DoneAll done) {
  change_all(true, by, std::move(done));
}
void Fleet::reopen_all(const std::string& by, DoneAll done) {
  change_all(false, by, std::move(done));
}

bool Fleet::wait_until_empty(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  std::unique_lock lock(mutex_);
  while (true) {
    inventory_.expire(steady_ms());
    show();
    if (inventory_.matches() == 0) return true;
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return false;
    rested_.wait_until(lock, std::min(until, now + kLookAgain));
  }
}

void Fleet::show() {
  metrics_.gauge("troupe_fleet_draining", "Whether all hosts drain, as before a stop")
      .Set(draining_ ? 1 : 0);
  for (const auto& [id, host] : inventory_.hosts()) {
    const Labels labels{{"host", id}};
    metrics_.gauge("troupe_fleet_host_open", "Whether the host takes matches", labels)
        .Set(host.state == HostState::open && !draining_ ? 1 : 0);
    metrics_.gauge("troupe_fleet_matches", "Matches that are played, or about to be", labels)
        .Set(static_cast<double>(host.matches));
    metrics_.gauge("troupe_fleet_players", "Seats of these matches, taken or not", labels)
        .Set(static_cast<double>(host.players));
  }
}

void add_record_checks(storage::RecordChecks& checks) {
  checks.add(Family::match, "fleethost", [](auto, auto value) {
    return storage::verified_record<fbs::FleetHost>(value) != nullptr;
  });
}

}  // namespace troupe::fleet
