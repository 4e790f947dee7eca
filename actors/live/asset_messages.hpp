// The messages of an asset's entity (kind "asset").
#pragma once

#include <optional>
#include <string>

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "actors/live/asset.hpp"
#include "actors/live/messages.hpp"

namespace troupe::live {

inline constexpr const char* kAssetKind = "asset";

using wake_atom = caf::atom_constant<caf::atom("wake")>;
using erase_atom = caf::atom_constant<caf::atom("erase")>;
using settle_atom = caf::atom_constant<caf::atom("settle")>;

/// Of a session; the asset is `preparing` when this is answered.
struct NewAsset {
  Session session;
};
/// What its owner changes; what is nothing stays.
struct AssetChange {
  std::optional<std::string> title;
  std::optional<Visibility> visibility;
};
/// What became of the hand-over.
struct AssetOutcome {
  Result<AssetFacts> facts;
};

/// Errors come as actors::to_caf: not_found, forbidden, conflict (it exists; it is being prepared),
/// invalid_argument. An activation of one that is `preparing` orders its hand-over again.
using AssetActor = caf::typed_actor<
    caf::replies_to<create_atom, NewAsset>::with<Asset>, caf::replies_to<read_atom>::with<Asset>,
    caf::replies_to<change_atom, Caller, AssetChange>::with<Asset>,
    caf::replies_to<erase_atom, Caller>::with<Asset>, caf::reacts_to<wake_atom>,
    caf::reacts_to<settle_atom, AssetOutcome>, caf::reacts_to<actors::passivate_atom>>;

}  // namespace troupe::live

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::NewAsset)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::Asset)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::AssetChange)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::AssetOutcome)
