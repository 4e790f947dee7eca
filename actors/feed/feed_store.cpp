#include "actors/feed/feed_store.hpp"

#include "schemas/feed_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"

namespace troupe::feed {
namespace {

using storage::Family;
using storage::KeyBuilder;
using storage::KeyReader;

using storage::finish_record;
using storage::verified_record;

auto string(flatbuffers::FlatBufferBuilder& builder, std::string_view text) {
  return builder.CreateString(text.data(), text.size());
}

std::string encode_mark(std::uint64_t time_ms) {
  flatbuffers::FlatBufferBuilder builder(24);
  return finish_record(builder, fbs::CreateMark(builder, time_ms));
}

std::string pair_key(std::string_view tag, std::string_view a, std::string_view b) {
  return KeyBuilder(tag).text(a).text(b).take();
}

/// The second text of the keys below (tag, owner), in order, after `after`.
Result<std::vector<std::string>> second_texts(const storage::Store& store, std::string_view tag,
                                              std::string_view owner, std::string_view after,
                                              std::size_t limit) {
  const auto prefix = KeyBuilder(tag).text(owner).take();
  std::vector<std::string> out;
  auto scanned = store.scan(
      Family::feed, after.empty() ? prefix : storage::prefix_end(pair_key(tag, owner, after)),
      storage::prefix_end(prefix), limit, [&](std::string_view key, std::string_view) {
        KeyReader reader(key, tag);
        reader.text();
        out.push_back(reader.text());
        return true;
      });
  if (!scanned.ok()) return scanned.error();
  return out;
}

/// The end of a reverse scan: keys below (tag, owner, before), or all of the owner's.
std::string reverse_end(std::string_view tag, std::string_view owner, std::optional<Id> before) {
  return before ? pair_key(tag, owner, before->to_string())
                : storage::prefix_end(KeyBuilder(tag).text(owner).take());
}

}  // namespace

std::string user_key(std::string_view id) {
  return KeyBuilder("user").text(id).take();
}
std::string handle_key(std::string_view handle) {
  return KeyBuilder("handle").text(handle).take();
}
std::string post_key(std::string_view id) {
  return KeyBuilder("post").text(id).take();
}
std::string timeline_key(std::string_view user, std::string_view post) {
  return pair_key("t", user, post);
}

std::string encode_user(const User& user) {
  flatbuffers::FlatBufferBuilder builder(128);
  const auto id = string(builder, user.id), handle = string(builder, user.handle),
             name = string(builder, user.name);
  return finish_record(builder, fbs::CreateUserRecord(builder, id, handle, name, user.created_ms));
}

std::optional<User> decode_user(std::string_view bytes) {
  const auto* record = verified_record<fbs::UserRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return User{record->id()->str(), record->handle()->str(),
              record->name() ? record->name()->str() : "", record->created_ms()};
}

std::string encode_post(const Post& post) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto id = string(builder, post.id), author = string(builder, post.author),
             text = string(builder, post.text);
  return finish_record(builder, fbs::CreatePostRecord(builder, id, author, text, post.created_ms));
}

std::optional<Post> decode_post(std::string_view bytes) {
  const auto* record = verified_record<fbs::PostRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return Post{record->id()->str(), record->author()->str(), record->text()->str(),
              record->created_ms()};
}

std::string encode_link(std::string_view user) {
  flatbuffers::FlatBufferBuilder builder(64);
  const auto id = string(builder, user);
  return finish_record(builder, fbs::CreateUserLink(builder, id));
}

void add_record_checks(storage::RecordChecks& checks) {
  using flatbuffers::Verifier;
  const auto link = [](auto, auto value) {
    return storage::is_record<fbs::UserLink, Verifier>(value);
  };
  const auto mark = [](auto, auto value) { return storage::is_record<fbs::Mark, Verifier>(value); };
  checks.add(Family::feed, "user", [](auto, auto value) { return decode_user(value).has_value(); });
  checks.add(Family::feed, "post", [](auto, auto value) { return decode_post(value).has_value(); });
  for (const char* tag : {"handle", "celebrity"}) checks.add(Family::feed, tag, link);
  for (const char* tag : {"following", "follower", "by"}) checks.add(Family::feed, tag, mark);
  checks.add(Family::timeline, "t", [](auto, auto value) {
    return storage::is_record<fbs::TimelineRecord, Verifier>(value);
  });
}

void put_user(storage::Batch& batch, const User& user) {
  batch.put(Family::feed, user_key(user.id), encode_user(user));
  batch.put(Family::feed, handle_key(user.handle), encode_link(user.id));
}

void put_follow(storage::Batch& batch, std::string_view user, std::string_view followed,
                std::uint64_t now_ms) {
  batch.put(Family::feed, pair_key("following", user, followed), encode_mark(now_ms));
  batch.put(Family::feed, pair_key("follower", followed, user), encode_mark(now_ms));
}

void erase_follow(storage::Batch& batch, std::string_view user, std::string_view followed) {
  batch.erase(Family::feed, pair_key("following", user, followed));
  batch.erase(Family::feed, pair_key("follower", followed, user));
}

void put_post(storage::Batch& batch, const Post& post) {
  batch.put(Family::feed, post_key(post.id), encode_post(post));
  batch.put(Family::feed, pair_key("by", post.author, post.id), encode_mark(post.created_ms));
}

void erase_post(storage::Batch& batch, const Post& post) {
  batch.erase(Family::feed, post_key(post.id));
  batch.erase(Family::feed, pair_key("by", post.author, post.id));
}

void put_timeline(storage::Batch& batch, std::string_view user, std::string_view post,
                  std::string_view author) {
  flatbuffers::FlatBufferBuilder builder(64);
  const auto name = string(builder, author);
  batch.put(Family::timeline, timeline_key(user, post),
            finish_record(builder, fbs::CreateTimelineRecord(builder, name)));
}

void trim_timeline(storage::Batch& batch, std::string_view user, std::string_view oldest_kept) {
  batch.erase_range(Family::timeline, KeyBuilder("t").text(user).take(), oldest_kept);
}

Result<std::optional<User>> read_user(const storage::Store& store, std::string_view id) {
  auto bytes = store.get(Family::feed, user_key(id));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::optional<User>();
  auto user = decode_user(**bytes);
  if (!user) return error(ErrorCode::corrupt, "user " + std::string(id) + " does not verify");
  return user;
}

Result<std::optional<Post>> read_post(const storage::Store& store, std::string_view id) {
  auto bytes = store.get(Family::feed, post_key(id));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::optional<Post>();
  auto post = decode_post(**bytes);
  if (!post) return error(ErrorCode::corrupt, "post " + std::string(id) + " does not verify");
  return post;
}

Result<std::vector<std::string>> read_following(const storage::Store& store, std::string_view user,
                                                std::string_view after, std::size_t limit) {
  return second_texts(store, "following", user, after, limit);
}

Result<std::vector<std::string>> read_followers(const storage::Store& store, std::string_view user,
                                                std::string_view after, std::size_t limit) {
  return second_texts(store, "follower", user, after, limit);
}

Result<bool> is_following(const storage::Store& store, std::string_view user,
                          std::string_view followed) {
  auto mark = store.get(Family::feed, pair_key("following", user, followed));
  if (!mark.ok()) return mark.error();
  return mark->has_value();
}

Result<std::optional<std::string>> timeline_cut(const storage::Store& store, std::string_view user,
                                                std::size_t keep) {
  const auto prefix = KeyBuilder("t").text(user).take();
  std::string oldest_kept;
  std::size_t seen = 0;
  auto scanned = store.scan_reverse(Family::timeline, prefix, storage::prefix_end(prefix), keep + 1,
                                    [&](std::string_view key, std::string_view) {
                                      if (++seen == keep) oldest_kept = key;
                                      return true;
                                    });
  if (!scanned.ok()) return scanned.error();
  return seen > keep ? std::optional(std::move(oldest_kept)) : std::nullopt;
}

Result<std::vector<Entry>> read_timeline(const storage::Store& store, std::string_view user,
                                         std::optional<Id> before, std::size_t limit) {
  std::vector<Entry> out;
  auto scanned = store.scan_reverse(
      Family::timeline, KeyBuilder("t").text(user).take(), reverse_end("t", user, before), limit,
      [&](std::string_view key, std::string_view value) {
        KeyReader reader(key, "t");
        reader.text();
        const auto post = parse_id(reader.text());
        const auto* record = verified_record<fbs::TimelineRecord>(value);
        if (post && record != nullptr) {
          out.push_back({*post, author_hash(record->author()->string_view())});
        }
        return true;
      });
  if (!scanned.ok()) return scanned.error();
  return out;
}

Result<std::vector<Entry>> read_posts_by(const storage::Store& store, std::string_view author,
                                         std::optional<Id> before, std::size_t limit) {
  std::vector<Entry> out;
  const auto hash = author_hash(author);
  auto scanned = store.scan_reverse(Family::feed, KeyBuilder("by").text(author).take(),
                                    reverse_end("by", author, before), limit,
                                    [&](std::string_view key, std::string_view) {
                                      KeyReader reader(key, "by");
                                      reader.text();
                                      if (const auto post = parse_id(reader.text()))
                                        out.push_back({*post, hash});
                                      return true;
                                    });
  if (!scanned.ok()) return scanned.error();
  return out;
}

}  // namespace troupe::feed
