// The polls within a live session's actor: stores, announces, closes in time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/result.hpp>

#include "actors/live/chat_desk.hpp"
#include "actors/live/live_actor.hpp"
#include "actors/live/messages.hpp"
#include "actors/live/polls.hpp"
#include "storage/writer.hpp"

namespace troupe::live {

/// Lives in the actor's state; uses it until it ends.
class PollKeeper {
 public:
  PollKeeper(caf::event_based_actor* self, std::shared_ptr<const Shared> shared, std::string id,
             StoredPolls stored);

  /// Answers once it is stored. What could not be stored ends the actor. Errors: forbidden and
  /// those of PollDesk.
  caf::result<PollView> act(const Caller& caller, bool moderates, const PollAct& what);
  [[nodiscard]] PollList list(const Caller& caller);
  /// As newcomers get the open poll; null: there is none.
  [[nodiscard]] std::shared_ptr<const std::string> greeting();

  void on_due();    ///< The open poll's time is over.
  void on_tally();  ///< It is time to tell how it stands.
  void close_running();

 private:
  Result<PollDesk::Change> change(const Caller& caller, bool moderates, const PollAct& what);
  void store(storage::Batch batch, std::function<void(const Result<storage::Committed>&)> then);
  void store_closed(PollDesk::Change change);
  void tell(const Poll& poll);
  void tell_tally();
  void await_end();

  caf::event_based_actor* self_;
  std::shared_ptr<const Shared> shared_;
  const std::string id_;
  PollDesk desk_;
  PollDesk::TimePoint told_{};
  bool telling_ = false;  ///< a tally is on its way
};

}  // namespace troupe::live
