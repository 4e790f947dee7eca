#include "actors/live/directory.hpp"

#include <mutex>

#include <sodium.h>

#include "actors/live/live_store.hpp"

namespace troupe::live {

Result<void> Directory::load(const storage::Store& store) {
  constexpr std::size_t kPage = 1'000;
  std::string before;
  while (true) {
    auto page = list(store, before, kPage);
    if (!page.ok()) return page.error();
    for (const auto& session : *page) {
      if (session.state != State::ended) {
        set(session);
        continue;
      }
      const std::unique_lock lock(mutex_);
      set_viewing_locked(session);
    }
    if (page->size() < kPage) return {};
    before = page->back().id;
  }
}

void Directory::Slot::set(const std::optional<PublishKey>& next) {
  if (hold && next == key) return;
  if (hold) hold->lose();
  key = next.value_or(PublishKey{});
  hold = next ? std::make_shared<KeyHold>(next->expires_ms) : nullptr;
}

bool Directory::Slot::fits(const KeyHash& hash) const {
  return hold && sodium_memcmp(hash.bytes.data(), key.hash.bytes.data(), hash.bytes.size()) == 0;
}

void Directory::set(const Session& session) {
  const std::unique_lock lock(mutex_);
  auto& entry = entries_[session.id];
  entry.publisher.set(session.key);
  entry.backup.set(session.backup_key);
  // Who has lost its key learns it with its next chunk; its successor need not wait for that.
  if (entry.place && !entry.place->held().ok()) entry.place = nullptr;
  entry.views_per_account = session.views_per_account;
  set_viewing_locked(session);
}

void Directory::set_viewing_locked(const Session& session) {
  foreign_.erase(session.id);
  if (session.viewing.standard()) {
    viewing_.erase(session.id);
  } else {
    viewing_[session.id] = std::make_shared<const Viewing>(Viewing{session.viewing, session.owner});
  }
}

std::shared_ptr<const Directory::Viewing> Directory::viewing(const std::string& id) const {
  const std::shared_lock lock(mutex_);
  const auto it = viewing_.find(id);
  return it == viewing_.end() ? nullptr : it->second;
}

void Directory::view_as(const std::string& id, std::optional<Viewing> asked) {
  const std::unique_lock lock(mutex_);
  // What an ended session of this server asks is for its recordings yet.
  if (entries_.contains(id) || (viewing_.contains(id) && !foreign_.contains(id))) return;
  if (asked) {
    viewing_[id] = std::make_shared<const Viewing>(std::move(*asked));
    foreign_.insert(id);
  } else if (foreign_.erase(id) != 0) {
    viewing_.erase(id);
  }
}

std::uint32_t Directory::views_per_account(const std::string& id) const {
  const std::shared_lock lock(mutex_);
  const auto it = entries_.find(id);
  return it == entries_.end() ? 0 : it->second.views_per_account;
}

void Directory::remove(const std::string& id) {
  const std::unique_lock lock(mutex_);
  const auto it = entries_.find(id);
  if (it == entries_.end()) return;
  if (it->second.place) it->second.place->take_away(ErrorCode::not_found);
  entries_.erase(it);
}

Result<std::shared_ptr<KeyHold>> Directory::hold_locked(const std::string& id, std::string_view key,
                                                        KeyUse use) const {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return error(ErrorCode::not_found, "no such session, or it has ended");
  const auto hash = hash_key(key);
  const auto& entry = it->second;
  const bool its_own = use == KeyUse::backup && entry.backup.fits(hash);
  if (!its_own && !entry.publisher.fits(hash))
    return error(ErrorCode::forbidden, "wrong publish key");
  const auto& hold = (its_own ? entry.backup : entry.publisher).hold;
  if (auto held = hold->held(); !held.ok()) return held.error();
  return hold;
}

Result<void> Directory::check(const std::string& id, std::string_view key, KeyUse use) const {
  const std::shared_lock lock(mutex_);
  if (auto fits = hold_locked(id, key, use); !fits.ok()) return fits.error();
  const auto& place = entries_.at(id).place;
  if (place && place->held().ok()) return error(ErrorCode::conflict, "the session has a publisher");
  return {};
}

Result<std::shared_ptr<const KeyHold>> Directory::hold(const std::string& id, std::string_view key,
                                                       KeyUse use) const {
  const std::shared_lock lock(mutex_);
  auto found = hold_locked(id, key, use);
  if (!found.ok()) return found.error();
  return std::shared_ptr<const KeyHold>(std::move(*found));
}

Result<std::shared_ptr<const KeyHold>> Directory::own_hold(const std::string& id) const {
  const std::shared_lock lock(mutex_);
  const auto it = entries_.find(id);
  if (it == entries_.end()) return error(ErrorCode::not_found, "no such session, or it has ended");
  return std::shared_ptr<const KeyHold>(it->second.publisher.hold);
}

Result<std::shared_ptr<PublisherPlace>> Directory::begin_publishing(const std::string& id,
                                                                    std::string_view key) {
  const std::unique_lock lock(mutex_);
  auto hold = hold_locked(id, key, KeyUse::publisher);
  if (!hold.ok()) return hold.error();
  auto& entry = entries_.at(id);
  if (entry.place && entry.place->held().ok())
    return error(ErrorCode::conflict, "the session has a publisher");
  entry.place = std::make_shared<PublisherPlace>(std::move(*hold));
  return entry.place;
}

Result<std::shared_ptr<PublisherPlace>> Directory::begin_own(const std::string& id) {
  const std::unique_lock lock(mutex_);
  const auto it = entries_.find(id);
  if (it == entries_.end()) return error(ErrorCode::not_found, "no such session, or it has ended");
  if (it->second.place && it->second.place->held().ok())
    return error(ErrorCode::conflict, "the session has a publisher");
  it->second.place = std::make_shared<PublisherPlace>();
  return it->second.place;
}

void Directory::end_publishing(const std::string& id, const PublisherPlace& place) {
  const std::unique_lock lock(mutex_);
  const auto it = entries_.find(id);
  if (it != entries_.end() && it->second.place.get() == &place) it->second.place = nullptr;
}

std::shared_ptr<const PublisherPlace> Directory::publisher(const std::string& id) const {
  const std::shared_lock lock(mutex_);
  const auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : it->second.place;
}

}  // namespace troupe::live
