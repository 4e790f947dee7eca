#include "actors/feed/celebrities.hpp"

#include "actors/feed/feed_store.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace troupe::feed {

Result<void> Celebrities::load(const storage::Store& store) {
  const auto prefix = storage::KeyBuilder("celebrity").take();
  const std::lock_guard lock(mutex_);
  auto scanned = store.scan(storage::Family::feed, prefix, storage::prefix_end(prefix), SIZE_MAX,
                            [this](std::string_view key, std::string_view) {
                              storage::KeyReader reader(key, "celebrity");
                              auto user = reader.text();
                              users_.emplace(author_hash(user), std::move(user));
                              return true;
                            });
  return scanned.ok() ? Result<void>() : Result<void>(scanned.error());
}

bool Celebrities::contains(const std::string& user) const {
  const std::lock_guard lock(mutex_);
  return users_.count(author_hash(user)) != 0;
}

void Celebrities::add(const std::string& user, storage::Batch& batch) {
  batch.put(storage::Family::feed, storage::KeyBuilder("celebrity").text(user).take(),
            encode_link(user));
  const std::lock_guard lock(mutex_);
  users_.emplace(author_hash(user), user);
}

std::vector<std::string> Celebrities::among(const std::vector<std::uint64_t>& following) const {
  std::vector<std::string> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [hash, user] : users_) {
    if (follows(following, hash)) out.push_back(user);
  }
  return out;
}

}  // namespace troupe::feed
