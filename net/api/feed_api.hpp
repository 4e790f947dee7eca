// The feed API: users, follows, posts and timelines under /api/v1, live notices at /feed/ws.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/feed/feed_store.hpp"

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
}
namespace troupe::ws {
class Session;
}

namespace troupe::api {

/// Who listens for new posts. Thread-safe.
class FeedListeners {
 public:
  /// Sessions of one user at most; the oldest makes room.
  static constexpr std::size_t kMaxPerUser = 16;

  void add(const std::string& user, const std::shared_ptr<ws::Session>& session);
  void remove(const std::string& user, std::uint64_t session);
  /// Up to `limit` users who listen.
  [[nodiscard]] std::vector<std::string> users(std::size_t limit) const;
  /// Sends one shared frame to those of `users` who listen. A full queue drops the notice: the
  /// timeline has the post.
  void notify(const std::vector<std::string>& users, const feed::Post& post) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<std::weak_ptr<ws::Session>>> sessions_;
};

struct FeedApi {
  actors::Context& context;
  actors::Asker& asker;
  std::shared_ptr<FeedListeners> listeners;
};

/// POST /api/v1/users, GET /api/v1/users/{id}, GET/PUT/DELETE …/following[/{other}], GET
/// …/followers, POST /api/v1/posts, GET/DELETE /api/v1/posts/{id}, GET /api/v1/feed, WebSocket
/// /feed/ws. A user is the token's subject. References must outlive the router.
void mount_feed(http::Router& router, const FeedApi& api);

}  // namespace troupe::api
