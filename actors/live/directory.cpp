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

void Directory::set(const Session& session) {
  const std::unique_lock lock(mutex_);
  auto& entry = entries_[session.id];
  if (entry.place && entry.key.hash != session.key.hash) {
    entry.place->take_away(ErrorCode::forbidden);
    entry.place = nullptr;
  }
  entry.key = session.key;
  entry.views_per_account = session.views_per_account;
  set_viewing_locked(session);
}

void Directory::set_viewing_locked(const Session& session) {
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
  if (entries_.contains(id)) return;
  if (asked) {
    viewing_[id] = std::make_shared<const Viewing>(std::move(*asked));
  } else {
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

Result<void> Directory::check_locked(const std::string& id, std::string_view key) const {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return error(ErrorCode::not_found, "no such session, or it has ended");
  const auto hash = hash_key(key);
  if (sodium_memcmp(hash.bytes.data(), it->second.key.hash.bytes.data(), hash.bytes.size()) != 0) {
    return error(ErrorCode::forbidden, "wrong publish key");
  }
  if (it->second.place) return error(ErrorCode::conflict, "the session has a publisher");
  return {};
}

Result<void> Directory::check(const std::string& id, std::string_view key) const {
  const std::shared_lock lock(mutex_);
  return check_locked(id, key);
}

Result<std::shared_ptr<PublisherPlace>> Directory::begin_publishing(const std::string& id,
                                                                    std::string_view key) {
  const std::unique_lock lock(mutex_);
  if (auto allowed = check_locked(id, key); !allowed.ok()) return allowed.error();
  auto place = std::make_shared<PublisherPlace>();
  entries_[id].place = place;
  return place;
}

Result<std::shared_ptr<PublisherPlace>> Directory::begin_own(const std::string& id) {
  const std::unique_lock lock(mutex_);
  const auto it = entries_.find(id);
  if (it == entries_.end()) return error(ErrorCode::not_found, "no such session, or it has ended");
  if (it->second.place) return error(ErrorCode::conflict, "the session has a publisher");
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
