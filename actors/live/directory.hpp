// Who may publish and who may watch: keys and rules of all sessions in memory, so that listeners
// decide without waiting.
#pragma once

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "actors/live/publisher_place.hpp"
#include "actors/live/session.hpp"
#include "base/result.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::live {

/// About 200 bytes for each session that has not ended, or has view rules of its own. Thread-safe;
/// nothing blocks but `load`.
class Directory {
 public:
  /// Reads all sessions of the store: at start, before the SRT port opens.
  Result<void> load(const storage::Store& store);

  /// As it is stored now. A publisher that came in by a key that is gone loses its place.
  void set(const Session& session);
  /// Its own bound on the views of an account; 0: it has none.
  [[nodiscard]] std::uint32_t views_per_account(const std::string& id) const;
  /// The session has ended: a publisher loses its place. What it asks of viewers stays, for its
  /// recordings.
  void remove(const std::string& id);
  /// What a session asks of viewers and whose it is, also when it has ended. Null: nothing of its
  /// own.
  struct Viewing {
    ViewRules rules;
    std::string owner;
  };
  [[nodiscard]] std::shared_ptr<const Viewing> viewing(const std::string& id) const;
  /// The same of a session of another server that is shown here; nothing: it is not any more. Of
  /// this server's own, also those that have ended, others say nothing.
  void view_as(const std::string& id, std::optional<Viewing> asked);

  /// Whether `key` may publish to `id` now. Errors: not_found, forbidden (wrong key), conflict
  /// (somebody publishes).
  [[nodiscard]] Result<void> check(const std::string& id, std::string_view key,
                                   KeyUse use = KeyUse::publisher) const;
  /// The key that somebody shows, whoever publishes now. Errors: not_found, forbidden.
  Result<std::shared_ptr<const KeyHold>> hold(const std::string& id, std::string_view key,
                                              KeyUse use) const;
  /// The session's own, for the server itself. Errors: not_found.
  Result<std::shared_ptr<const KeyHold>> own_hold(const std::string& id) const;
  /// `check`, and takes the one publisher's place until `end_publishing`.
  Result<std::shared_ptr<PublisherPlace>> begin_publishing(const std::string& id,
                                                           std::string_view key);
  /// The same for who needs no key, or asks for a `hold` itself: keys have nothing to do with the
  /// place. Errors: not_found, conflict.
  Result<std::shared_ptr<PublisherPlace>> begin_own(const std::string& id);
  /// Nothing happens when `place` was taken away meanwhile.
  void end_publishing(const std::string& id, const PublisherPlace& place);
  /// Null: nobody publishes.
  [[nodiscard]] std::shared_ptr<const PublisherPlace> publisher(const std::string& id) const;

 private:
  struct Slot {
    PublishKey key;
    std::shared_ptr<KeyHold> hold;  ///< null: nobody has such a key
    /// Whoever came in by another loses it.
    void set(const std::optional<PublishKey>& next);
    [[nodiscard]] bool fits(const KeyHash& hash) const;
  };
  struct Entry {
    Slot publisher, backup;
    std::shared_ptr<PublisherPlace> place;  ///< null: nobody publishes
    std::uint32_t views_per_account = 0;
  };
  Result<std::shared_ptr<KeyHold>> hold_locked(const std::string& id, std::string_view key,
                                               KeyUse use) const;
  void set_viewing_locked(const Session& session);

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<std::string, std::shared_ptr<const Viewing>> viewing_;
  std::unordered_set<std::string> foreign_;  ///< of `viewing_`: by view_as
};

}  // namespace troupe::live
