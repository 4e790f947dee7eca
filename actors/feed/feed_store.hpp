// Keys and records of the feed domain, and the blocking reads that ReadPool runs for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/feed/timeline.hpp"
#include "base/result.hpp"
#include "storage/batch.hpp"
#include "storage/verify.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::feed {

/// Payload: the post's record.
inline constexpr const char* kPostCreated = "troupe.feed.post.created.v1";
/// Payload: JSON, `{"user", "followed"}`.
inline constexpr const char* kFollowAdded = "troupe.feed.follow.added.v1";

struct User {
  std::string id, handle, name;
  std::uint64_t created_ms = 0;
};
struct Post {
  std::string id, author, text;
  std::uint64_t created_ms = 0;
};

[[nodiscard]] std::string user_key(std::string_view id);
[[nodiscard]] std::string handle_key(std::string_view lower_case_handle);
[[nodiscard]] std::string post_key(std::string_view id);
[[nodiscard]] std::string timeline_key(std::string_view user, std::string_view post);

[[nodiscard]] std::string encode_user(const User& user);
[[nodiscard]] std::optional<User> decode_user(std::string_view bytes);
[[nodiscard]] std::string encode_post(const Post& post);
[[nodiscard]] std::optional<Post> decode_post(std::string_view bytes);
[[nodiscard]] std::string encode_link(std::string_view user);
void add_record_checks(storage::RecordChecks& checks);

// What a change writes, so that every writer of the same kind writes the same records.
void put_user(storage::Batch& batch, const User& user);
void put_follow(storage::Batch& batch, std::string_view user, std::string_view followed,
                std::uint64_t now_ms);
void erase_follow(storage::Batch& batch, std::string_view user, std::string_view followed);
void put_post(storage::Batch& batch, const Post& post);
void erase_post(storage::Batch& batch, const Post& post);
void put_timeline(storage::Batch& batch, std::string_view user, std::string_view post,
                  std::string_view author);
/// Erases what sorts before `oldest_kept`, a key of this timeline.
void trim_timeline(storage::Batch& batch, std::string_view user, std::string_view oldest_kept);

[[nodiscard]] Result<std::optional<User>> read_user(const storage::Store& store,
                                                    std::string_view id);
[[nodiscard]] Result<std::optional<Post>> read_post(const storage::Store& store,
                                                    std::string_view id);
/// User ids in order, after `after`.
[[nodiscard]] Result<std::vector<std::string>> read_following(const storage::Store& store,
                                                              std::string_view user,
                                                              std::string_view after,
                                                              std::size_t limit);
[[nodiscard]] Result<std::vector<std::string>> read_followers(const storage::Store& store,
                                                              std::string_view user,
                                                              std::string_view after,
                                                              std::size_t limit);
/// Whether `user` follows `followed`.
[[nodiscard]] Result<bool> is_following(const storage::Store& store, std::string_view user,
                                        std::string_view followed);
/// The key of the oldest entry that a timeline of `keep` entries has; nothing when it has no more.
[[nodiscard]] Result<std::optional<std::string>> timeline_cut(const storage::Store& store,
                                                              std::string_view user,
                                                              std::size_t keep);
/// Newest first, older than `before` when given.
[[nodiscard]] Result<std::vector<Entry>> read_timeline(const storage::Store& store,
                                                       std::string_view user,
                                                       std::optional<Id> before, std::size_t limit);
[[nodiscard]] Result<std::vector<Entry>> read_posts_by(const storage::Store& store,
                                                       std::string_view author,
                                                       std::optional<Id> before, std::size_t limit);

}  // namespace troupe::feed
