#include "net/ingest/backup_door.hpp"

#include <spdlog/spdlog.h>

#include "base/metrics.hpp"

namespace troupe::ingest {
namespace {

using Clock = std::chrono::steady_clock;

Role role_of(const PublishRequest& request) {
  return request.backup ? Role::backup : Role::primary;
}

std::size_t index(Role role) {
  return static_cast<std::size_t>(role);
}

}  // namespace

/// One of the two publishers.
class BackupDoor::Sink final : public PublishSink {
 public:
  Sink(std::shared_ptr<BackupDoor> door, std::string session, std::shared_ptr<Shared> shared,
       Role role, std::uint64_t number)
      : door_(std::move(door)),
        session_(std::move(session)),
        shared_(std::move(shared)),
        role_(role),
        number_(number) {}
  ~Sink() override { door_->leave(session_, shared_, role_, number_); }

  void tracks(std::vector<media::Track> tracks) override {
    const std::lock_guard lock(shared_->mutex);
    if (!seated().ok()) return;
    shared_->air.tracks(role_, std::move(tracks), Clock::now());
  }
  Result<void> chunk(media::ChunkPtr chunk) override {
    const std::lock_guard lock(shared_->mutex);
    if (auto fine = seated(); !fine.ok()) return fine;
    const auto before = shared_->air.status().switches;
    auto verdict = shared_->air.chunk(role_, std::move(chunk), Clock::now());
    door_->count_switches(before, shared_->air.status());
    return verdict;
  }

 private:
  [[nodiscard]] Result<void> seated() const {
    const auto& seat = shared_->seats[index(role_)];
    if (seat.number == number_) return seat.key();
    return error(ErrorCode::forbidden, "the publish key was replaced");
  }

  const std::shared_ptr<BackupDoor> door_;
  const std::string session_;
  const std::shared_ptr<Shared> shared_;
  const Role role_;
  const std::uint64_t number_;
};

PublishDoor BackupDoor::door() {
  return {
      .may_publish =
          [self = shared_from_this()](const PublishRequest& r) { return self->may_publish(r); },
      .publish = [self = shared_from_this()](const PublishRequest& r) { return self->publish(r); }};
}

std::optional<AirStatus> BackupDoor::status(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(session);
  if (it == sessions_.end()) return std::nullopt;
  const std::lock_guard lock_air(it->second->mutex);
  return it->second->air.status();
}

std::shared_ptr<BackupDoor::Shared> BackupDoor::find(const std::string& session) const {
  const auto it = sessions_.find(session);
  if (it == sessions_.end()) return nullptr;
  const std::lock_guard lock(it->second->mutex);
  return it->second->air.closed() ? nullptr : it->second;
}

Result<void> BackupDoor::may_publish(const PublishRequest& request) const {
  const std::lock_guard lock(mutex_);
  const auto shared = find(request.session);
  if (!shared) return inner_.may_publish(request);
  if (auto key = inner_.key(request); !key.ok()) return key.error();
  const auto role = role_of(request);
  const std::lock_guard lock_air(shared->mutex);
  if (shared->seats[index(role)].lost()) return {};
  return shared->air.may_join(role);
}

std::shared_ptr<BackupDoor::Shared> BackupDoor::vacate(const std::string& session,
                                                       std::shared_ptr<Shared> shared, Role role) {
  const std::lock_guard lock_air(shared->mutex);
  auto& seat = shared->seats[index(role)];
  if (!seat.lost()) return shared;
  seat = {};
  const auto before = shared->air.status().switches;
  const bool empty = !shared->air.leave(role, Clock::now());
  count_switches(before, shared->air.status());
  if (!empty) return shared;
  sessions_.erase(session);
  return nullptr;
}

Result<std::unique_ptr<PublishSink>> BackupDoor::publish(const PublishRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto role = role_of(request);
  auto key = inner_.key(request);
  if (!key.ok()) return key.error();
  auto shared = find(request.session);
  if (shared) shared = vacate(request.session, shared, role);
  if (!shared) {
    // The place is the door's; who sits in it by what key is judged here.
    auto out = inner_.publish({.session = request.session, .key = {}, .trusted = true});
    if (!out.ok()) return out.error();
    shared = std::make_shared<Shared>(Air(std::move(*out), options_));
    sessions_[request.session] = shared;
  }
  const auto number = next_number_++;
  {
    const std::lock_guard lock_air(shared->mutex);
    if (auto joined = shared->air.join(role, Clock::now()); !joined.ok()) return joined.error();
    shared->seats[index(role)] = {number, std::move(*key)};
  }
  return std::unique_ptr<PublishSink>(
      new Sink(shared_from_this(), request.session, std::move(shared), role, number));
}

void BackupDoor::leave(const std::string& session, const std::shared_ptr<Shared>& shared, Role role,
                       std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  bool empty = false;
  {
    const std::lock_guard lock_air(shared->mutex);
    auto& seat = shared->seats[index(role)];
    if (seat.number != number) return;  // another has it already
    seat = {};
    const auto before = shared->air.status().switches;
    empty = !shared->air.leave(role, Clock::now());
    count_switches(before, shared->air.status());
  }
  if (!empty) return;
  const auto it = sessions_.find(session);
  if (it != sessions_.end() && it->second == shared) sessions_.erase(it);
}

void BackupDoor::count_switches(std::uint32_t before, const AirStatus& after) const {
  if (after.switches == before) return;
  const bool backup = after.on_air == Role::backup;
  metrics_
      .counter("troupe_ingest_switches_total", "Publishers that took over from the other one",
               {{"to", backup ? "backup" : "primary"}})
      .Increment();
  spdlog::info("a {} publisher has taken over after {:.0f} ms", backup ? "backup" : "primary",
               after.gap_ms);
}

}  // namespace troupe::ingest
