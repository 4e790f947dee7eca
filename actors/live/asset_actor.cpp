#include "actors/live/asset_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include "actors/live/asset_messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"

namespace troupe::live {
namespace {

using loaded_atom = caf::atom_constant<caf::atom("loaded")>;

struct AssetShared {
  actors::Context& context;
  AssetHooks hooks;
};

struct AssetActorState {
  std::shared_ptr<const AssetShared> shared;
  std::optional<Asset> asset;  ///< nothing: there is none
  std::string id;
  const char* name = "asset";
};
using Self = caf::stateful_actor<AssetActorState>;

Result<void> may_change(const AssetActorState& state, const Caller& caller) {
  if (!state.asset || !may_see(*state.asset, &caller))
    return error(ErrorCode::not_found, "no such asset");
  if (!owns(*state.asset, caller)) return error(ErrorCode::forbidden, "not your asset");
  return {};
}

/// As in the live actor: in effect at once; what cannot be stored ends the actor.
void store(Self* self, storage::Batch batch, std::function<void()> then,
           caf::response_promise answer, Asset reply) {
  actors::persist(self, self->state.shared->context.writer, std::move(batch),
                  [self, then = std::move(then), answer,
                   reply = std::move(reply)](const Result<storage::Committed>& done) mutable {
                    if (!done.ok()) {
                      if (answer.pending()) answer.deliver(actors::to_caf(done.error()));
                      return self->quit(caf::exit_reason::unhandled_exception);
                    }
                    if (then) then();
                    if (answer.pending()) answer.deliver(std::move(reply));
                  });
}

void change(Self* self, Asset next, std::string_view type, std::function<void()> then,
            caf::response_promise answer) {
  storage::Batch batch;
  put(batch, next, type);
  self->state.asset = next;
  store(self, std::move(batch), std::move(then), std::move(answer), std::move(next));
}

void hand_over(Self* self) {
  const auto& asset = *self->state.asset;
  self->state.shared->hooks.hand_over(asset.id, asset.session);
}

caf::result<Asset> on_create(Self* self, const NewAsset& request) {
  auto& state = self->state;
  if (state.asset) return actors::to_caf(error(ErrorCode::conflict, "the asset exists"));
  auto promise = self->make_response_promise<Asset>();
  change(
      self, make_asset(state.id, request.session, state.shared->context.now_ms()),
      "troupe.live.asset.created.v1", [self] { hand_over(self); }, promise);
  return promise;
}

caf::result<Asset> on_read(Self* self) {
  if (!self->state.asset) return actors::to_caf(error(ErrorCode::not_found, "no such asset"));
  return *self->state.asset;
}

caf::result<Asset> on_change(Self* self, const Caller& caller, const AssetChange& what) {
  if (auto allowed = may_change(self->state, caller); !allowed.ok())
    return actors::to_caf(allowed.error());
  auto next = *self->state.asset;
  if (what.title) {
    if (auto fine = check_title(*what.title); !fine.ok()) return actors::to_caf(fine.error());
    next.title = *what.title;
  }
  next.visibility = what.visibility.value_or(next.visibility);
  auto promise = self->make_response_promise<Asset>();
  change(self, std::move(next), "troupe.live.asset.changed.v1", {}, promise);
  return promise;
}

caf::result<Asset> on_erase(Self* self, const Caller& caller) {
  auto& state = self->state;
  if (auto allowed = may_change(state, caller); !allowed.ok())
    return actors::to_caf(allowed.error());
  if (state.asset->state == AssetState::preparing)
    return actors::to_caf(error(ErrorCode::conflict, "it is being prepared"));
  auto gone = *state.asset;
  state.asset.reset();
  storage::Batch batch;
  erase(batch, gone);
  auto promise = self->make_response_promise<Asset>();
  // The record first: files without one go at the next start.
  store(
      self, std::move(batch), [self] { self->state.shared->hooks.remove(self->state.id); }, promise,
      std::move(gone));
  return promise;
}

void on_settle(Self* self, const AssetOutcome& outcome) {
  auto& state = self->state;
  if (!state.asset || state.asset->state != AssetState::preparing) return;
  auto next = *state.asset;
  if (outcome.facts.ok()) {
    next.state = AssetState::ready;
    next.facts = *outcome.facts;
    next.ready_ms = state.shared->context.now_ms();
  } else {
    next.state = AssetState::failed;
    next.failure_code = std::string(to_string(outcome.facts.code()));
    next.failure = outcome.facts.error().detail;
  }
  const std::string type = "troupe.live.asset." + std::string(to_string(next.state)) + ".v1";
  change(self, std::move(next), type, {}, {});
}

caf::behavior ready(Self* self) {
  return {
      [self](create_atom, const NewAsset& request) { return on_create(self, request); },
      [self](read_atom) { return on_read(self); },
      [self](change_atom, const Caller& caller, const AssetChange& what) {
        return on_change(self, caller, what);
      },
      [self](erase_atom, const Caller& caller) { return on_erase(self, caller); },
      [self](wake_atom) {},
      [self](settle_atom, const AssetOutcome& outcome) { on_settle(self, outcome); },
      [self](actors::passivate_atom) { self->quit(); },
  };
}

/// Until the record is there, messages wait in the mailbox in their order.
caf::behavior loading(Self* self, std::shared_ptr<const AssetShared> shared, std::string id) {
  auto& state = self->state;
  state.shared = std::move(shared);
  state.id = std::move(id);
  self->set_default_handler(caf::skip);
  actors::read<Asset>(
      self, state.shared->context.reads,
      [id = state.id](const storage::Store& store) { return load_asset(store, id); },
      [self](Result<Asset> stored) {
        if (!stored.ok() && stored.code() != ErrorCode::not_found) {
          spdlog::error("asset {}: {}", self->state.id, stored.error().detail);
          return self->quit(caf::exit_reason::unhandled_exception);
        }
        if (stored.ok()) self->state.asset = std::move(*stored);
        if (stored.ok() && self->state.asset->state == AssetState::preparing) hand_over(self);
        self->send(self, loaded_atom::value);
      });
  return {[self](loaded_atom) {
    self->set_default_handler(caf::print_and_drop);
    self->become(ready(self));
  }};
}

}  // namespace

void add_assets(actors::Context& context, AssetHooks hooks) {
  const auto shared = std::make_shared<const AssetShared>(AssetShared{context, std::move(hooks)});
  actors::EntityKind kind;
  kind.name = kAssetKind;
  kind.domain = kKind;
  kind.max_active = 10'000;
  kind.activate = [shared](caf::actor_system& system, const std::string& id) {
    return caf::actor_cast<caf::actor>(system.spawn(loading, shared, id));
  };
  context.entities.add_kind(std::move(kind));
}

}  // namespace troupe::live
