// The live domain as the composition root sees it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "actors/live/chat.hpp"
#include "actors/live/directory.hpp"
#include "actors/live/output.hpp"
#include "actors/system/context.hpp"
#include "base/result.hpp"
#include "media/chunk.hpp"

namespace troupe::live {

/// Where chunks are recorded, if anywhere. Nothing of it blocks.
struct Recording {
  RecordMode standard = RecordMode::off;  ///< of sessions that have none of their own
  /// Null: nowhere, whatever sessions want.
  std::function<void(const PublicationPtr&, const media::ChunkPtr&, RecordMode)> chunk;
  /// The session is over, or is not to be whole any more.
  std::function<void(const std::string& id)> finish;

  [[nodiscard]] RecordMode mode(const Session& session) const noexcept {
    if (!chunk) return RecordMode::off;
    return session.record == RecordMode::standard ? standard : session.record;
  }
};

struct Options {
  ChatLimits chat;
  std::chrono::milliseconds idle_after{300'000};
  std::size_t max_active = 100'000;
  Recording record;
};

/// Registers the entity kind "live" and fills `directory` from the store. `context` and `directory`
/// outlive the actors. Errors: io, corrupt.
Result<void> add_live(actors::Context& context, Directory& directory, Output output,
                      Options options);

}  // namespace troupe::live
