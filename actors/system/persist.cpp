#include "actors/system/persist.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/behavior.hpp>
#include <caf/unit.hpp>

namespace troupe::actors {
namespace {
using done_atom = caf::atom_constant<caf::atom("done")>;
}

// CAF offers request().then() between actors only. A response is a message with the id of a
// request, so a thread can send one too: no bridge actor and no hop in between.
Continuation::Continuation(caf::scheduled_actor* self, std::function<void()> then)
    : self_(caf::actor_cast<caf::strong_actor_ptr>(self)),
      response_(self->new_request_id(caf::message_priority::normal).response_id()) {
  self->add_multiplexed_response_handler(
      response_, caf::behavior{[then = std::move(then)](done_atom) { then(); }});
}

void Continuation::complete() const {
  self_->enqueue(nullptr, response_, caf::make_message(done_atom::value), nullptr);
}

void persist(caf::scheduled_actor* self, storage::Writer& writer, storage::Batch batch,
             std::function<void(const Result<storage::Committed>&)> then) {
  auto outcome = std::make_shared<Result<storage::Committed>>(error(ErrorCode::internal));
  const Continuation continuation(self, [outcome, then = std::move(then)] { then(*outcome); });
  auto submitted = writer.submit(std::move(batch),
                                 [outcome, continuation](const Result<storage::Committed>& result) {
                                   *outcome = result;
                                   continuation.complete();
                                 });
  if (!submitted.ok()) {
    *outcome = submitted.error();
    continuation.complete();
  }
}

}  // namespace troupe::actors
