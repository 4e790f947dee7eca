#include "actors/feed/feed_actor.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include "actors/feed/fanout_step.hpp"
#include "actors/feed/feed_page.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"

namespace troupe::feed {
namespace {

using Self = FeedActor::stateful_pointer<FeedState>;
using storage::Family;

constexpr std::size_t kMaxEarly = 1'000;
constexpr std::uint64_t kIdempotencyMs = 24ULL * 3600 * 1000;

/// Returns nothing, so that handlers can end with `return answer(…)`.
template <class Promise, class Value>
void answer(Promise promise, Value value) {
  promise.deliver(std::move(value));
}
template <class Promise>
void refuse(Promise promise, ErrorCode code, std::string why) {
  promise.deliver(actors::to_caf(error(code, std::move(why))));
}

struct Loaded {
  bool exists = false;
  std::vector<Entry> timeline;
  std::vector<std::uint64_t> following;
};

Result<Loaded> load(const storage::Store& store, const std::string& id) {
  Loaded out;
  auto user = read_user(store, id);
  if (!user.ok()) return user.error();
  out.exists = user->has_value();
  if (!out.exists) return out;
  auto following = read_following(store, id, {}, kMaxFollowing);
  if (!following.ok()) return following.error();
  for (const auto& followed : *following) out.following.push_back(author_hash(followed));
  out.following.push_back(author_hash(id));
  std::sort(out.following.begin(), out.following.end());
  auto timeline = read_timeline(store, id, std::nullopt, kTimelineInMemory);
  if (!timeline.ok()) return timeline.error();
  out.timeline = std::move(*timeline);
  return out;
}

void on_loaded(Self self, Result<Loaded> loaded) {
  auto& state = self->state;
  if (!loaded.ok()) {
    spdlog::error("feed {}: {}", state.id, loaded.error().detail);
    self->quit(caf::exit_reason::unhandled_exception);
    return;
  }
  state.loaded = true;
  state.exists = loaded->exists;
  state.following = std::move(loaded->following);
  const bool complete = loaded->timeline.size() < kTimelineInMemory;
  state.timeline.load(std::move(loaded->timeline), complete);
  for (auto& request : std::exchange(state.early, {})) request();
  state.early.shrink_to_fit();
}

/// Runs `work` now, or once the state has been read.
template <class Promise>
void when_loaded(Self self, Promise promise, std::function<void()> work) {
  auto& state = self->state;
  if (state.loaded) return work();
  if (state.early.size() >= kMaxEarly)
    return refuse(promise, ErrorCode::overloaded, "the feed is starting");
  state.early.push_back(std::move(work));
}

/// The same for what only a user with a profile may do.
template <class Promise>
void as_user(Self self, Promise promise, std::function<void()> work) {
  when_loaded(self, promise, [self, promise, work = std::move(work)] {
    if (!self->state.exists)
      return refuse(promise, ErrorCode::not_found, "make a profile first: POST /api/v1/users");
    work();
  });
}

auto enter(Self self, const User& user) {
  auto promise = self->make_response_promise<UserPtr>();
  when_loaded(self, promise, [self, user, promise] {
    auto& state = self->state;
    if (state.exists) return refuse(promise, ErrorCode::conflict, "the user has a profile");
    const auto router = state.shared->context.entities.router(kHandleKind, user.handle);
    self->request(router, std::chrono::seconds(10), actors::route_atom::value, user.handle,
                  caf::make_message(claim_atom::value, user))
        .then(
            [self, promise](const UserPtr& made) {
              auto& s = self->state;
              s.exists = true;
              s.following = {author_hash(s.id)};
              answer(promise, made);
            },
            [promise](caf::error& e) { answer(promise, std::move(e)); });
  });
  return promise;
}

/// The posts of `followed` in this feed's memory; the fan-out writes the same ones to disk. Read
/// after the follow is durable, so that each post is either here or delivered to a follower.
void show_posts_of(Self self, const std::string& followed,
                   caf::typed_response_promise<bool> promise) {
  actors::read<std::vector<Entry>>(
      self, self->state.shared->context.reads,
      [followed](const storage::Store& store) {
        return read_posts_by(store, followed, std::nullopt, kBackfillPosts);
      },
      [self, promise](Result<std::vector<Entry>> posts) {
        // The follow stands in any case.
        if (posts.ok()) {
          for (const auto& entry : *posts) self->state.timeline.insert(entry);
        }
        answer(promise, true);
      });
}

void write_follow(Self self, const std::string& followed,
                  caf::typed_response_promise<bool> promise) {
  auto& state = self->state;
  storage::Batch batch;
  put_follow(batch, state.id, followed, state.shared->context.now_ms());
  batch.append(
      {"feed/" + state.id, kFollowAdded,
       boost::json::serialize(boost::json::object{{"user", state.id}, {"followed", followed}})});
  actors::persist(self, state.shared->context.writer, std::move(batch),
                  [self, followed, promise](const auto& done) {
                    auto& following = self->state.following;
                    if (!done.ok()) return answer(promise, actors::to_caf(done.error()));
                    const auto hash = author_hash(followed);
                    const auto at = std::lower_bound(following.begin(), following.end(), hash);
                    if (at == following.end() || *at != hash) following.insert(at, hash);
                    show_posts_of(self, followed, promise);
                  });
}

void check_follow(Self self, const std::string& followed,
                  caf::typed_response_promise<bool> promise) {
  actors::read<std::optional<User>>(
      self, self->state.shared->context.reads,
      [followed](const storage::Store& store) { return read_user(store, followed); },
      [self, followed, promise](Result<std::optional<User>> user) {
        if (!user.ok()) return answer(promise, actors::to_caf(user.error()));
        if (!*user) return refuse(promise, ErrorCode::not_found, "no such user");
        write_follow(self, followed, promise);
      });
}

auto follow(Self self, const std::string& followed) {
  auto promise = self->make_response_promise<bool>();
  as_user(self, promise, [self, followed, promise] {
    auto& state = self->state;
    if (followed == state.id)
      return refuse(promise, ErrorCode::invalid_argument, "nobody follows themselves");
    if (follows(state.following, author_hash(followed))) return answer(promise, false);
    if (state.following.size() > kMaxFollowing)
      return refuse(promise, ErrorCode::conflict, "follows too many already");
    check_follow(self, followed, promise);
  });
  return promise;
}

auto unfollow(Self self, const std::string& followed) {
  auto promise = self->make_response_promise<bool>();
  as_user(self, promise, [self, followed, promise] {
    auto& state = self->state;
    if (followed == state.id || !follows(state.following, author_hash(followed)))
      return answer(promise, false);
    storage::Batch batch;
    erase_follow(batch, state.id, followed);
    batch.append(
        {"feed/" + state.id, "troupe.feed.follow.removed.v1",
         boost::json::serialize(boost::json::object{{"user", state.id}, {"followed", followed}})});
    actors::persist(self, state.shared->context.writer, std::move(batch),
                    [self, followed, promise](const auto& done) {
                      if (!done.ok()) return answer(promise, actors::to_caf(done.error()));
                      std::erase(self->state.following, author_hash(followed));
                      answer(promise, true);
                    });
  });
  return promise;
}

void write_post(Self self, const NewPost& wanted, caf::typed_response_promise<PostPtr> promise) {
  auto& state = self->state;
  auto& context = state.shared->context;
  const auto now = context.now_ms();
  const auto id = state.last_post = make_id_after(state.last_post);
  auto post = std::make_shared<const Post>(Post{id.to_string(), state.id, wanted.text, now});
  storage::Batch batch;
  put_post(batch, *post);
  put_timeline(batch, state.id, post->id, state.id);
  batch.append({"feed/" + state.id, kPostCreated, encode_post(*post)});
  if (!wanted.idempotency_key.empty()) {
    batch.remember("post/" + state.id, wanted.idempotency_key, encode_post(*post),
                   now + kIdempotencyMs);
  }
  actors::persist(self, context.writer, std::move(batch),
                  [self, id, post, promise, key = wanted.idempotency_key](const auto& done) {
                    auto& s = self->state;
                    s.posting.erase(key);
                    if (!done.ok()) return answer(promise, actors::to_caf(done.error()));
                    s.timeline.insert({id, author_hash(s.id)});
                    answer(promise, post);
                  });
}

auto post(Self self, const NewPost& wanted) {
  auto promise = self->make_response_promise<PostPtr>();
  as_user(self, promise, [self, wanted, promise] {
    auto& state = self->state;
    if (wanted.idempotency_key.empty()) return write_post(self, wanted, promise);
    if (!state.posting.insert(wanted.idempotency_key).second) {
      return refuse(promise, ErrorCode::conflict,
                    "a request with this Idempotency-Key is under way");
    }
    actors::read<std::optional<std::string>>(
        self, state.shared->context.reads,
        [scope = "post/" + state.id, key = wanted.idempotency_key,
         now = state.shared->context.now_ms()](const storage::Store& store) {
          return store.remembered(scope, key, now);
        },
        [self, wanted, promise](Result<std::optional<std::string>> earlier) {
          if (earlier.ok() && !*earlier) return write_post(self, wanted, promise);
          self->state.posting.erase(wanted.idempotency_key);
          if (!earlier.ok()) return answer(promise, actors::to_caf(earlier.error()));
          const auto made = decode_post(**earlier);
          if (!made)
            return refuse(promise, ErrorCode::corrupt, "the remembered post does not verify");
          answer(promise, std::make_shared<const Post>(*made));
        });
  });
  return promise;
}

auto remove(Self self, const std::string& id) {
  auto promise = self->make_response_promise<bool>();
  as_user(self, promise, [self, id, promise] {
    auto& context = self->state.shared->context;
    actors::read<std::optional<Post>>(
        self, context.reads, [id](const storage::Store& store) { return read_post(store, id); },
        [self, id, promise](Result<std::optional<Post>> found) {
          auto& s = self->state;
          if (!found.ok()) return answer(promise, actors::to_caf(found.error()));
          if (!*found || (*found)->author != s.id)
            return refuse(promise, ErrorCode::not_found, "no such post of yours");
          storage::Batch batch;
          erase_post(batch, **found);
          batch.append({"feed/" + s.id, "troupe.feed.post.deleted.v1", encode_post(**found)});
          actors::persist(self, s.shared->context.writer, std::move(batch),
                          [self, id, promise](const auto& done) {
                            if (!done.ok()) return answer(promise, actors::to_caf(done.error()));
                            self->state.timeline.remove(*parse_id(id));
                            answer(promise, true);
                          });
        });
  });
  return promise;
}

auto page(Self self, const PageQuery& query) {
  auto promise = self->make_response_promise<PagePtr>();
  as_user(self, promise, [self, query, promise] {
    auto& state = self->state;
    const auto entries = state.timeline.entries();
    PageJob job{state.id,
                query,
                {entries.begin(), entries.end()},
                state.timeline.complete(),
                state.following,
                state.shared->celebrities.among(state.following)};
    actors::read<PagePtr>(
        self, state.shared->context.reads,
        [job = std::move(job)](const storage::Store& store) { return read_page(store, job); },
        [promise](Result<PagePtr> done) {
          done.ok() ? answer(promise, std::move(*done))
                    : answer(promise, actors::to_caf(done.error()));
        });
  });
  return promise;
}

}  // namespace

FeedActor::behavior_type feed_actor(Self self, std::shared_ptr<FeedShared> shared, std::string id) {
  auto& state = self->state;
  state.shared = std::move(shared);
  state.id = std::move(id);
  actors::read<Loaded>(
      self, state.shared->context.reads,
      [id = state.id](const storage::Store& store) { return load(store, id); },
      [self](Result<Loaded> loaded) { on_loaded(self, std::move(loaded)); });
  return {
      [self](enter_atom, const User& user) { return enter(self, user); },
      [self](follow_atom, const std::string& followed) { return follow(self, followed); },
      [self](drop_atom, const std::string& followed) { return unfollow(self, followed); },
      [self](post_atom, const NewPost& wanted) { return post(self, wanted); },
      [self](remove_atom, const std::string& post_id) { return remove(self, post_id); },
      [self](page_atom, const PageQuery& query) { return page(self, query); },
      [self](pushed_atom, const Entry& entry) { self->state.timeline.insert(entry); },
      [self](actors::passivate_atom) { self->quit(); },
  };
}

HandleActor::behavior_type handle_actor(HandleActor::pointer self,
                                        std::shared_ptr<FeedShared> shared, std::string handle) {
  return {
      [self, shared, handle](claim_atom, const User& user) {
        auto promise = self->make_response_promise<UserPtr>();
        auto& context = shared->context;
        actors::read<bool>(
            self, context.reads,
            [handle](const storage::Store& store) -> Result<bool> {
              auto taken = store.get(Family::feed, handle_key(handle));
              if (!taken.ok()) return taken.error();
              return taken->has_value();
            },
            [self, shared, user, promise](Result<bool> taken) {
              if (!taken.ok()) return answer(promise, actors::to_caf(taken.error()));
              if (*taken) return refuse(promise, ErrorCode::conflict, "the handle is taken");
              storage::Batch batch;
              put_user(batch, user);
              batch.append({"feed/" + user.id, "troupe.feed.user.created.v1", encode_user(user)});
              actors::persist(self, shared->context.writer, std::move(batch),
                              [user, promise](const auto& done) {
                                if (!done.ok())
                                  return answer(promise, actors::to_caf(done.error()));
                                answer(promise, std::make_shared<const User>(user));
                              });
            });
        return promise;
      },
      [self](actors::passivate_atom) { self->quit(); },
  };
}

}  // namespace troupe::feed
