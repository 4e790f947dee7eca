// Asking an actor from a thread that is not one (HTTP strands, the UDP thread) and the errors that
// cross over.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/message.hpp>

#include "actors/system/entity.hpp"
#include "base/result.hpp"

namespace troupe::actors {

/// Actors answer failures with this, so that the outside gets the documented code.
[[nodiscard]] caf::error to_caf(const Error& error);
/// The reverse. CAF's own errors map too: a request that timed out → timeout, receiver down →
/// unavailable.
[[nodiscard]] Error from_caf(const caf::error& error);

/// A few bridge actors that send requests on behalf of foreign threads. Thread-safe. Bounded:
/// beyond `max_in_flight` unanswered requests `ask` answers `overloaded` at once.
class Asker {
 public:
  using Done = std::function<void(Result<caf::message>)>;

  Asker(caf::actor_system& system, const EntityRegistry& entities,
        std::size_t max_in_flight = 65'536);
  ~Asker();

  /// Sends `request` to the entity (kind, id). `done` runs once, on a scheduler thread, with the
  /// reply or an error (timeout when none came within `timeout`): it must be quick and typically
  /// posts to a strand.
  void ask(const std::string& kind, const std::string& id, caf::message request,
           std::chrono::milliseconds timeout, Done done) const;
  /// The same to a named actor.
  void ask(const caf::actor& target, caf::message request, std::chrono::milliseconds timeout,
           Done done) const;

  /// Typed form: `ask_as<Reply>(kind, id, timeout, done, atom, args…)`; a reply of another type is
  /// `internal`.
  template <class Reply, class F, class... Args>
  void ask_as(const std::string& kind, const std::string& id, std::chrono::milliseconds timeout,
              F done, Args&&... args) const {
    ask(kind, id, caf::make_message(std::forward<Args>(args)...), timeout,
        unwrap<Reply>(std::move(done)));
  }
  template <class Reply, class F, class... Args>
  void ask_actor_as(const caf::actor& target, std::chrono::milliseconds timeout, F done,
                    Args&&... args) const {
    ask(target, caf::make_message(std::forward<Args>(args)...), timeout,
        unwrap<Reply>(std::move(done)));
  }

 private:
  template <class Reply, class F>
  static Done unwrap(F done) {
    return [done = std::move(done)](Result<caf::message> reply) mutable {
      if (!reply.ok()) return done(Result<Reply>(reply.error()));
      if (!reply->template match_elements<Reply>()) {
        return done(Result<Reply>(error(ErrorCode::internal, "unexpected reply type")));
      }
      done(Result<Reply>(reply->template get_as<Reply>(0)));
    };
  }

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::actors
