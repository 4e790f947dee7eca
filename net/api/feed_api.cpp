#include "net/api/feed_api.hpp"

#include <algorithm>
#include <cctype>

#include <boost/json.hpp>

#include "actors/feed/messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "net/api/paging.hpp"
#include "net/http/router.hpp"
#include "net/ws/frame.hpp"
#include "net/ws/session.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using namespace feed;

constexpr std::size_t kMaxTextPoints = 2'000;
constexpr std::size_t kMaxNamePoints = 80;
constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxIdempotencyBytes = 200;

/// User ids come from tokens, so they may be anything short and printable.
bool is_user_id(const std::string& id) {
  return !id.empty() && id.size() <= kMaxIdBytes &&
         std::all_of(id.begin(), id.end(),
                     [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '/'; });
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

Result<std::string> text_field(const json::object& body, const char* key, std::size_t max_points) {
  const auto* value = body.if_contains(key);
  if (value == nullptr || !value->is_string()) {
    return error(ErrorCode::invalid_argument, std::string(key) + ": must be a string");
  }
  const std::string_view text(value->get_string().data(), value->get_string().size());
  if (text.empty() || code_points(text) > max_points) {
    return error(ErrorCode::invalid_argument, std::string(key) + ": must have 1 to " +
                                                  std::to_string(max_points) + " characters");
  }
  if (!ws::is_valid_utf8(text))
    return error(ErrorCode::invalid_argument, std::string(key) + ": is not valid UTF-8");
  return std::string(text);
}

/// 3 to 30 of a-z, 0-9 and _, in lower case.
Result<std::string> handle_field(const json::object& body) {
  auto handle = text_field(body, "handle", 30);
  if (!handle.ok()) return handle;
  std::string lower = *handle;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool fine =
      lower.size() >= 3 && std::all_of(lower.begin(), lower.end(), [](unsigned char c) {
        return std::isdigit(c) || (c >= 'a' && c <= 'z') || c == '_';
      });
  if (!fine) return error(ErrorCode::invalid_argument, "handle: 3 to 30 letters, digits and _");
  return lower;
}

json::object to_json(const User& user) {
  return {{"id", user.id},
          {"handle", user.handle},
          {"name", user.name},
          {"created_ms", user.created_ms}};
}
json::object to_json(const Post& post) {
  return {{"id", post.id},
          {"author", post.author},
          {"text", post.text},
          {"created_ms", post.created_ms}};
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

struct Handlers {
  FeedApi api;

  template <class Reply, class F, class... Args>
  void ask_self(const Request& request, const Responder& out, F then, Args&&... args) const {
    if (!is_user_id(request.principal->subject)) {
      return out.send(
          error(ErrorCode::invalid_argument, "the token's subject cannot be a user id"));
    }
    api.asker.ask_as<Reply>(
        kFeedKind, request.principal->subject, request.time_left(),
        [out, then = std::move(then)](Result<Reply> reply) {
          if (!reply.ok()) return out.send(reply.error());
          then(*reply);
        },
        std::forward<Args>(args)...);
  }

  /// Runs `job` in the read pool; it answers by itself.
  void read(const Responder& out, std::function<void(const storage::Store&)> job) const {
    auto posted = api.context.reads.post(std::move(job));
    if (!posted.ok()) out.send(posted.error());
  }

  void create_user(const Request& request, const Responder& out) const {
    auto body = http::parse_json_object(request.body);
    if (!body.ok()) return out.send(body.error());
    auto handle = handle_field(*body);
    if (!handle.ok()) return out.send(handle.error());
    auto name = body->contains("name") ? text_field(*body, "name", kMaxNamePoints) : handle;
    if (!name.ok()) return out.send(name.error());
    const User user{request.principal->subject, *handle, *name, api.context.now_ms()};
    ask_self<UserPtr>(
        request, out,
        [out](const UserPtr& made) {
          auto response = http::json_response(201, to_json(*made));
          response.headers["Location"] = "/api/v1/users/" + made->id;
          out.send(std::move(response));
        },
        enter_atom::value, user);
  }

  void get_user(const Request& request, const Responder& out) const {
    read(out, [out, id = request.params.at("id")](const storage::Store& store) {
      auto user = read_user(store, id);
      if (!user.ok()) return out.send(user.error());
      if (!*user) return out.send(error(ErrorCode::not_found, "no such user"));
      out.send(http::json_response(200, to_json(**user)));
    });
  }

  using Lister = Result<std::vector<std::string>> (*)(const storage::Store&, std::string_view,
                                                      std::string_view, std::size_t);
  void list(const Request& request, const Responder& out, Lister lister) const {
    auto page_request = request;
    page_request.query.erase("cursor");  // here it is a user id
    const auto page = read_page(page_request);
    if (!page.ok()) return out.send(page.error());
    read(out, [out, lister, id = request.params.at("id"),
               after = request.query_value("cursor").value_or(""),
               limit = page->limit](const storage::Store& store) {
      auto users = lister(store, id, after, limit);
      if (!users.ok()) return out.send(users.error());
      json::array items(users->begin(), users->end());
      out.send(page_response(std::move(items), users->size() == limit ? users->back() : ""));
    });
  }

  bool is_self(const Request& request, const Responder& out) const {
    if (request.params.at("id") == request.principal->subject) return true;
    out.send(error(ErrorCode::forbidden, "only the user decides whom to follow"));
    return false;
  }

  void follow(const Request& request, const Responder& out) const {
    if (!is_self(request, out)) return;
    ask_self<bool>(
        request, out, [out](bool) { out.send(no_content()); }, follow_atom::value,
        request.params.at("other"));
  }

  void unfollow(const Request& request, const Responder& out) const {
    if (!is_self(request, out)) return;
    ask_self<bool>(
        request, out, [out](bool) { out.send(no_content()); }, drop_atom::value,
        request.params.at("other"));
  }

  void create_post(const Request& request, const Responder& out) const {
    auto body = http::parse_json_object(request.body);
    if (!body.ok()) return out.send(body.error());
    auto text = text_field(*body, "text", kMaxTextPoints);
    if (!text.ok()) return out.send(text.error());
    const auto key = request.header("idempotency-key").value_or("");
    if (key.size() > kMaxIdempotencyBytes) {
      return out.send(error(ErrorCode::invalid_argument, "Idempotency-Key: at most 200 bytes"));
    }
    ask_self<PostPtr>(
        request, out,
        [out](const PostPtr& made) {
          auto response = http::json_response(201, to_json(*made));
          response.headers["Location"] = "/api/v1/posts/" + made->id;
          out.send(std::move(response));
        },
        post_atom::value, NewPost{*text, key});
  }

  void get_post(const Request& request, const Responder& out) const {
    read(out, [out, id = request.params.at("id")](const storage::Store& store) {
      auto post = feed::read_post(store, id);
      if (!post.ok()) return out.send(post.error());
      if (!*post) return out.send(error(ErrorCode::not_found, "no such post"));
      out.send(http::json_response(200, to_json(**post)));
    });
  }

  void delete_post(const Request& request, const Responder& out) const {
    const auto& id = request.params.at("id");
    if (!parse_id(id)) return out.send(error(ErrorCode::not_found, "no such post"));
    ask_self<bool>(
        request, out, [out](bool) { out.send(no_content()); }, remove_atom::value, id);
  }

  void get_feed(const Request& request, const Responder& out) const {
    const auto page = api::read_page(request);
    if (!page.ok()) return out.send(page.error());
    PageQuery query{page->after.empty() ? std::nullopt : parse_id(page->after), page->limit};
    ask_self<PagePtr>(
        request, out,
        [out](const PagePtr& feed_page) {
          json::array items;
          for (const auto& post : feed_page->posts) items.push_back(to_json(post));
          out.send(page_response(std::move(items), feed_page->next));
        },
        page_atom::value, query);
  }

  void listen(const Request& request, const std::shared_ptr<ws::Session>& session) const {
    const auto user = request.principal->subject;
    api.listeners->add(user, session);
    session->on_close(
        [listeners = api.listeners, user, id = session->id()] { listeners->remove(user, id); });
    session->on_message([weak = std::weak_ptr<ws::Session>(session)](std::string_view, bool) {
      if (auto s = weak.lock())
        s->close(ws::close_code(ErrorCode::invalid_argument), "nothing is expected from clients");
    });
    session->send(ws::text_frame(R"({"type":"hello"})"));
  }
};

}  // namespace

void FeedListeners::add(const std::string& user, const std::shared_ptr<ws::Session>& session) {
  const std::lock_guard lock(mutex_);
  auto& list = sessions_[user];
  if (list.size() >= kMaxPerUser) {
    if (auto oldest = list.front().lock())
      oldest->close(ws::close_code(ErrorCode::overloaded), "too many connections");
    list.erase(list.begin());
  }
  list.push_back(session);
}

void FeedListeners::remove(const std::string& user, std::uint64_t session) {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(user);
  if (it == sessions_.end()) return;
  std::erase_if(it->second, [session](const std::weak_ptr<ws::Session>& weak) {
    const auto one = weak.lock();
    return !one || one->id() == session;
  });
  if (it->second.empty()) sessions_.erase(it);
}

std::vector<std::string> FeedListeners::users(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  out.reserve(std::min(limit, sessions_.size()));
  for (const auto& [user, sessions] : sessions_) {
    if (out.size() == limit) break;
    out.push_back(user);
  }
  return out;
}

void FeedListeners::notify(const std::vector<std::string>& users, const feed::Post& post) const {
  std::vector<std::shared_ptr<ws::Session>> targets;
  {
    const std::lock_guard lock(mutex_);
    if (sessions_.empty()) return;
    for (const auto& user : users) {
      const auto it = sessions_.find(user);
      if (it == sessions_.end()) continue;
      for (const auto& weak : it->second) {
        if (auto session = weak.lock()) targets.push_back(std::move(session));
      }
    }
  }
  if (targets.empty()) return;
  const auto frame =
      ws::text_frame(json::serialize(json::object{{"type", "post"}, {"post", to_json(post)}}));
  for (const auto& session : targets) session->send(frame);
}

void mount_feed(http::Router& router, const FeedApi& api) {
  const auto h = std::make_shared<const Handlers>(Handlers{api});
  const auto bind = [&h](void (Handlers::*method)(const Request&, const Responder&) const) {
    return
        [h, method](const Request& request, const Responder& out) { ((*h).*method)(request, out); };
  };
  const auto lister = [&h](Handlers::Lister list) {
    return [h, list](const Request& request, const Responder& out) { h->list(request, out, list); };
  };
  router.add("POST", "/api/v1/users", bind(&Handlers::create_user));
  router.add("GET", "/api/v1/users/{id}", bind(&Handlers::get_user));
  router.add("GET", "/api/v1/users/{id}/following", lister(read_following),
             {.priority = Priority::bulk});
  router.add("GET", "/api/v1/users/{id}/followers", lister(read_followers),
             {.priority = Priority::bulk});
  router.add("PUT", "/api/v1/users/{id}/following/{other}", bind(&Handlers::follow));
  router.add("DELETE", "/api/v1/users/{id}/following/{other}", bind(&Handlers::unfollow));
  router.add("POST", "/api/v1/posts", bind(&Handlers::create_post), {.max_body_bytes = 64U << 10});
  router.add("GET", "/api/v1/posts/{id}", bind(&Handlers::get_post));
  router.add("DELETE", "/api/v1/posts/{id}", bind(&Handlers::delete_post));
  router.add("GET", "/api/v1/feed", bind(&Handlers::get_feed));
  router.add_ws("/feed/ws",
                [h](const Request& request, const std::shared_ptr<ws::Session>& session) {
                  h->listen(request, session);
                });
}

}  // namespace troupe::api
