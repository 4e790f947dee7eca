// The actor of one asset: keeps its record; has the media made and removed by others.
#pragma once

#include <functional>
#include <string>

#include "actors/system/context.hpp"

namespace troupe::live {

/// What makes and removes the media of assets. Neither may block.
struct AssetHooks {
  /// Answers, now or later, with `settle` to the asset's entity; not at all when the process ends.
  std::function<void(const std::string& asset, const std::string& session)> hand_over;
  std::function<void(const std::string& asset)> remove;
};

/// Registers the entity kind "asset". `context` outlives the actors.
void add_assets(actors::Context& context, AssetHooks hooks);

}  // namespace troupe::live
