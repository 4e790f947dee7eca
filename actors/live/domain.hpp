// The live domain as the composition root sees it.
#pragma once

#include <chrono>

#include "actors/live/chat.hpp"
#include "actors/live/directory.hpp"
#include "actors/live/output.hpp"
#include "actors/system/context.hpp"
#include "base/result.hpp"
#include "media/chunk.hpp"

namespace troupe::live {

struct Options {
  ChatLimits chat;
  std::chrono::milliseconds idle_after{300'000};
  std::size_t max_active = 100'000;
  /// Where chunks are recorded, if anywhere; must not block.
  std::function<void(const PublicationPtr&, const media::ChunkPtr&)> record;
};

/// Registers the entity kind "live" and fills `directory` from the store. `context` and `directory`
/// outlive the actors. Errors: io, corrupt.
Result<void> add_live(actors::Context& context, Directory& directory, Output output,
                      Options options);

}  // namespace troupe::live
