#include "actors/live/live_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include "actors/live/asset_messages.hpp"
#include "actors/live/live_store.hpp"
#include "actors/live/messages.hpp"
#include "actors/live/poll_keeper.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "base/ids.hpp"

namespace troupe::live {
namespace {

using loaded_atom = caf::atom_constant<caf::atom("loaded")>;

struct LiveState {
  explicit LiveState() = default;
  std::shared_ptr<const Shared> shared;
  std::optional<Session> session;     ///< Nothing: never created.
  std::unique_ptr<ChatDesk> chat;     ///< once there is a session
  std::unique_ptr<PollKeeper> polls;  ///< the same
  PublicationPtr publication;         ///< The running one.
  std::string id;
  const char* name = "live";
};
using Self = caf::stateful_actor<LiveState>;

Result<void> may_change(const LiveState& state, const Caller& caller) {
  if (!state.session) return error(ErrorCode::not_found, "no such live session");
  if (!caller.admin && caller.user != state.session->owner)
    return error(ErrorCode::forbidden, "not your session");
  if (state.session->state == State::ended)
    return error(ErrorCode::conflict, "the session has ended");
  return {};
}

void open_chat(Self* self, StoredChat stored, StoredPolls polls) {
  auto& state = self->state;
  if (!state.session || state.chat) return;
  state.polls = std::make_unique<PollKeeper>(self, state.shared, state.id, std::move(polls));
  state.chat = std::make_unique<ChatDesk>(state.id, state.session->owner,
                                          state.shared->options.chat, std::move(stored));
}

/// Makes `next` the state at once, so that no later change is made from what was before it, and
/// stores it with an event; when it is durable, runs `then` and answers. A request that cannot be
/// stored ends the actor: what is stored counts.
void change(Self* self, Session next, std::string_view type, std::function<void()> then,
            caf::response_promise answer, const std::optional<Asset>& asset = {}) {
  storage::Batch batch;
  put(batch, next, type);
  if (asset) put(batch, *asset, "troupe.live.asset.created.v1");
  self->state.session = next;
  open_chat(self, {}, {});
  actors::persist(
      self, self->state.shared->context.writer, std::move(batch),
      [self, next, then = std::move(then), answer](const Result<storage::Committed>& done) mutable {
        if (!done.ok()) {
          if (!answer.pending()) return;
          answer.deliver(actors::to_caf(done.error()));
          return self->quit(caf::exit_reason::unhandled_exception);
        }
        if (then) then();
        if (answer.pending()) answer.deliver(std::move(next));
      });
}

caf::result<Session> on_create(Self* self, NewSession& request) {
  auto& state = self->state;
  if (state.session) return actors::to_caf(error(ErrorCode::conflict, "the session exists"));
  if (auto fine = check_title(request.title); !fine.ok()) return actors::to_caf(fine.error());
  Session session;
  session.id = state.id;
  session.title = std::move(request.title);
  session.owner = std::move(request.owner);
  session.key = request.key;
  session.pull_url = std::move(request.pull_url);
  session.created_ms = state.shared->context.now_ms();
  auto promise = self->make_response_promise<Session>();
  change(
      self, session, "troupe.live.session.created.v1",
      [shared = state.shared, session] { shared->directory.set(session); }, promise);
  return promise;
}

caf::result<Session> on_read(Self* self) {
  if (!self->state.session)
    return actors::to_caf(error(ErrorCode::not_found, "no such live session"));
  return *self->state.session;
}

caf::result<Session> on_rotate(Self* self, const Caller& caller, const KeyChange& what) {
  if (auto allowed = may_change(self->state, caller); !allowed.ok())
    return actors::to_caf(allowed.error());
  auto next = *self->state.session;
  if (what.use == KeyUse::backup) {
    next.backup_key = what.key;
  } else {
    next.key = what.key.value_or(PublishKey{hash_key(make_key()), 0});
  }
  auto promise = self->make_response_promise<Session>();
  change(
      self, next, "troupe.live.session.key_rotated.v1",
      [shared = self->state.shared, next] { shared->directory.set(next); }, promise);
  return promise;
}

caf::result<Session> on_change(Self* self, const Caller& caller, const SessionChange& what) {
  if (auto allowed = may_change(self->state, caller); !allowed.ok())
    return actors::to_caf(allowed.error());
  if (what.views_per_account.value_or(0) > kMaxViewsPerAccount)
    return actors::to_caf(error(ErrorCode::invalid_argument, "views_per_account: 0 to 1000"));
  if (what.if_pull_url && *what.if_pull_url != self->state.session->pull_url)
    return *self->state.session;
  auto next = *self->state.session;
  next.pull_url = what.pull_url.value_or(next.pull_url);
  next.views_per_account = what.views_per_account.value_or(next.views_per_account);
  next.viewing.access = what.access.value_or(next.viewing.access);
  if (what.countries) next.viewing.countries = *what.countries;
  const auto& recording = self->state.shared->options.record;
  if (what.record && !recording.chunk)
    return actors::to_caf(error(ErrorCode::unsupported, "this server records nothing"));
  next.record = what.record.value_or(next.record);
  const auto mode = recording.mode(next), before = recording.mode(*self->state.session);
  const bool finished = mode != before && (mode == RecordMode::off || before == RecordMode::whole);
  const bool viewing = next.viewing != self->state.session->viewing;
  auto promise = self->make_response_promise<Session>();
  change(
      self, next, "troupe.live.session.changed.v1",
      [shared = self->state.shared, next, viewing, finished] {
        if (finished) shared->options.record.finish(next.id);
        shared->directory.set(next);
        if (viewing && shared->output.viewing_changed) shared->output.viewing_changed(next.id);
      },
      promise);
  return promise;
}

caf::result<Session> on_end(Self* self, const Caller& caller) {
  if (auto allowed = may_change(self->state, caller); !allowed.ok())
    return actors::to_caf(allowed.error());
  auto next = *self->state.session;
  next.state = State::ended;
  next.ended_ms = self->state.shared->context.now_ms();
  // In the same batch: whatever happens from then on, it becomes one.
  std::optional<Asset> asset;
  const auto& recording = self->state.shared->options.record;
  if (recording.mode(next) == RecordMode::whole && next.started_ms != 0) {
    asset = make_asset(make_id_string(), next, next.ended_ms);
    next.asset = asset->id;
  }
  auto promise = self->make_response_promise<Session>();
  change(
      self, next, "troupe.live.session.ended.v1",
      [self, id = next.id, asset = next.asset] {
        self->state.shared->directory.remove(
            id);  // The gateway cuts a publisher that is no longer listed.
        self->state.publication = nullptr;
        self->state.polls->close_running();
        self->state.shared->output.end(id);
        const auto& shared = *self->state.shared;
        if (!asset.empty())
          shared.context.entities.tell(kAssetKind, asset, caf::make_message(wake_atom::value));
        if (shared.options.record.finish) shared.options.record.finish(id);
      },
      promise, asset);
  return promise;
}

/// A publication that is new to this activation: the start of one, or the first chunk after a
/// crash.
void adopt(Self* self, const PublicationPtr& publication) {
  auto& state = self->state;
  state.publication = publication;
  state.shared->output.start(publication);
  const auto started_ms = publication->epoch / 1000;
  if (state.session->state == State::live && state.session->started_ms == started_ms) return;
  auto next = *state.session;
  next.state = State::live;
  next.started_ms = started_ms;
  // Viewers need not wait for the disk: a crash here only forgets that somebody publishes.
  change(self, next, "troupe.live.session.started.v1", {}, {});
}

bool takes(const LiveState& state, const PublicationPtr& publication) {
  return state.session && state.session->state != State::ended &&
         (!state.publication || publication->epoch >= state.publication->epoch);
}

void on_begin(Self* self, const PublicationPtr& publication) {
  if (takes(self->state, publication) && self->state.publication != publication)
    adopt(self, publication);
}

void on_chunk(Self* self, const PublicationPtr& publication, const media::ChunkPtr& chunk) {
  if (!takes(self->state, publication)) return;
  if (self->state.publication != publication) adopt(self, publication);
  const auto& shared = *self->state.shared;
  shared.output.chunk(self->state.id, chunk);
  const auto mode = shared.options.record.mode(*self->state.session);
  if (mode != RecordMode::off) shared.options.record.chunk(publication, chunk, mode);
}

void on_stop(Self* self, const PublicationPtr& publication) {
  auto& state = self->state;
  if (!takes(state, publication) || state.session->state != State::live) return;
  state.publication = nullptr;
  state.shared->output.stop(state.id);
  auto next = *state.session;
  next.state = State::idle;
  change(self, next, "troupe.live.session.stopped.v1", {}, {});
}

/// Nothing is said in, or done to, the chat of a session that is over or never was.
Result<void> has_chat(const LiveState& state) {
  if (!state.session) return error(ErrorCode::not_found, "no such live session");
  if (state.session->state == State::ended)
    return error(ErrorCode::conflict, "the session has ended");
  return {};
}

caf::result<ChatLine> on_say(Self* self, Say& say) {
  auto& state = self->state;
  if (auto open = has_chat(state); !open.ok()) return actors::to_caf(open.error());
  const auto role = state.chat->role_of(say.caller);
  auto line = state.chat->accept(
      {std::move(say.caller.user), std::move(say.name), std::move(say.text), role},
      state.shared->context.now_ms(), std::chrono::steady_clock::now());
  if (!line.ok()) return actors::to_caf(line.error());
  auto promise = self->make_response_promise<ChatLine>();
  actors::persist(self, state.shared->context.writer, state.chat->storing(*line),
                  [self, line = *line, promise](const Result<storage::Committed>& done) mutable {
                    if (!done.ok()) {
                      promise.deliver(actors::to_caf(done.error()));
                      return;
                    }
                    auto& chat = *self->state.chat;
                    self->state.shared->output.text(self->state.id, chat.add(line));
                    promise.deliver(std::move(line));
                  });
  return promise;
}

caf::result<ChatGreeting> on_greet(Self* self) {
  if (!self->state.session)
    return actors::to_caf(error(ErrorCode::not_found, "no such live session"));
  return ChatGreeting{self->state.chat->greeting(), self->state.polls->greeting()};
}

caf::result<ChatStatus> on_chat(Self* self, const Caller& caller) {
  const auto& state = self->state;
  if (!state.session) return actors::to_caf(error(ErrorCode::not_found, "no such live session"));
  return state.chat->status(caller, state.shared->context.now_ms());
}

caf::result<ChatStatus> on_moderate(Self* self, const Moderation& moderation) {
  auto& state = self->state;
  if (auto open = has_chat(state); !open.ok()) return actors::to_caf(open.error());
  auto change = state.chat->moderate(moderation, state.shared->context.now_ms());
  if (!change.ok()) return actors::to_caf(change.error());
  auto promise = self->make_response_promise<ChatStatus>();
  actors::persist(
      self, state.shared->context.writer, std::move(change->batch),
      [self, caller = moderation.caller, announcements = std::move(change->announcements),
       promise](const Result<storage::Committed>& done) mutable {
        if (!done.ok()) {
          promise.deliver(actors::to_caf(done.error()));
          // It is in effect and not stored: what is stored counts.
          return self->quit(caf::exit_reason::unhandled_exception);
        }
        const auto& s = self->state;
        for (const auto& text : announcements) s.shared->output.text(s.id, text);
        promise.deliver(s.chat->status(caller, s.shared->context.now_ms()));
      });
  return promise;
}

caf::result<PollView> on_poll(Self* self, const Caller& caller, const PollAct& what) {
  const auto& state = self->state;
  if (auto open = has_chat(state); !open.ok()) return actors::to_caf(open.error());
  return state.polls->act(caller, state.chat->role_of(caller) != ChatRole::viewer, what);
}

caf::result<PollList> on_polls(Self* self, const Caller& caller) {
  const auto& state = self->state;
  if (!state.session) return actors::to_caf(error(ErrorCode::not_found, "no such live session"));
  return state.polls->list(caller);
}

caf::behavior ready(Self* self) {
  return {
      [self](create_atom, NewSession request) { return on_create(self, request); },
      [self](read_atom) { return on_read(self); },
      [self](rotate_atom, const Caller& caller, const KeyChange& what) {
        return on_rotate(self, caller, what);
      },
      [self](end_atom, const Caller& caller) { return on_end(self, caller); },
      [self](change_atom, const Caller& caller, const SessionChange& what) {
        return on_change(self, caller, what);
      },
      [self](begin_atom, const PublicationPtr& publication) { on_begin(self, publication); },
      [self](chunk_atom, const PublicationPtr& publication, const media::ChunkPtr& chunk) {
        on_chunk(self, publication, chunk);
      },
      [self](stop_atom, const PublicationPtr& publication) { on_stop(self, publication); },
      [self](say_atom, Say say) { return on_say(self, say); },
      [self](greet_atom) { return on_greet(self); },
      [self](chat_atom, const Caller& caller) { return on_chat(self, caller); },
      [self](moderate_atom, const Moderation& moderation) { return on_moderate(self, moderation); },
      [self](poll_atom, const Caller& caller, const PollAct& what) {
        return on_poll(self, caller, what);
      },
      [self](polls_atom, const Caller& caller) { return on_polls(self, caller); },
      [self](poll_due_atom) { self->state.polls->on_due(); },
      [self](poll_tally_atom) { self->state.polls->on_tally(); },
      [self](actors::passivate_atom) { self->quit(); },
  };
}

/// Until the record is there, messages wait in the mailbox in their order.
caf::behavior loading(Self* self, std::shared_ptr<const Shared> shared, std::string id) {
  auto& state = self->state;
  state.shared = std::move(shared);
  state.id = std::move(id);
  self->set_default_handler(caf::skip);
  const auto lines = state.shared->options.chat.history;
  actors::read<Stored>(
      self, state.shared->context.reads,
      [id = state.id, lines](const storage::Store& store) { return load(store, id, lines); },
      [self](Result<Stored> stored) {
        if (!stored.ok()) {
          spdlog::error("live {}: {}", self->state.id, stored.error().detail);
          return self->quit(caf::exit_reason::unhandled_exception);
        }
        self->state.session = std::move(stored->session);
        // One that was killed may have stored what it told nobody.
        if (const auto& session = self->state.session; session && session->state != State::ended)
          self->state.shared->directory.set(*session);
        open_chat(self, std::move(stored->chat), std::move(stored->polls));
        self->send(self, loaded_atom::value);
      });
  return {[self](loaded_atom) {
    self->set_default_handler(caf::print_and_drop);
    self->become(ready(self));
  }};
}

}  // namespace

caf::actor spawn_live(caf::actor_system& system, std::shared_ptr<const Shared> shared,
                      std::string id) {
  return system.spawn(loading, std::move(shared), std::move(id));
}

}  // namespace troupe::live
