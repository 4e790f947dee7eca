// How a live actor reaches the viewers without knowing them: the gateways fill this in.
#pragma once

#include <functional>
#include <string>

#include "actors/live/session.hpp"
#include "media/chunk.hpp"

namespace troupe::live {

/// Each call hands something immutable to the fan-out hubs and returns at once. Any thread.
struct Output {
  std::function<void(const PublicationPtr&)>
      start;  ///< Again after a restart of the actor: nothing new then.
  std::function<void(const std::string& id, const media::ChunkPtr&)> chunk;
  std::function<void(const std::string& id)>
      stop;  ///< The publisher left; viewers wait for the next.
  std::function<void(const std::string& id)> end;  ///< The session is over: viewers are let go.
  /// What it asks of viewers is another thing now.
  std::function<void(const std::string& id)> viewing_changed;
  /// Of the chat: what comes in quick succession is written together.
  std::function<void(const std::string& id, const std::string& json)> text;
};

}  // namespace troupe::live
