// The entity of one player's fairness: takes what matches report, acts on what it finds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/match/fairness/dossier.hpp"
#include "actors/system/context.hpp"
#include "actors/system/entity.hpp"

namespace troupe::fairness {

/// Ids are players.
inline constexpr const char* kFairnessKind = "fairness";

using report_atom = caf::atom_constant<caf::atom("report")>;
using act_atom = caf::atom_constant<caf::atom("act")>;
using look_atom = caf::atom_constant<caf::atom("look")>;

using ReportPtr = std::shared_ptr<const Report>;
using DossierPtr = std::shared_ptr<const Dossier>;

/// By an operator.
struct Order {
  Action action = Action::none;
  std::string by;      ///< who
  std::string reason;  ///< in its words
};

/// An order is answered once it is on disk.
using FairnessActor = caf::typed_actor<
    caf::reacts_to<report_atom, ReportPtr>, caf::replies_to<act_atom, Order>::with<DossierPtr>,
    caf::replies_to<look_atom>::with<DossierPtr>, caf::reacts_to<actors::passivate_atom>>;

struct FairnessOptions {
  Thresholds thresholds;
  LadderOptions ladder;
};

/// How all play, for all entities. Thread-safe. Lost with the process: it begins at its prior.
class SharedPopulation {
 public:
  [[nodiscard]] Population get() const;
  void add(const Report& report);

 private:
  mutable std::mutex mutex_;
  Population population_;
};

struct FairnessShared {
  /// Sends a player out of a match.
  using Kick = std::function<void(const std::string& match, const std::string& player)>;
  FairnessShared(actors::Context& context_in, FairnessOptions options_in, Kick kick_in)
      : context(context_in), options(options_in), kick(std::move(kick_in)) {}

  actors::Context& context;
  FairnessOptions options;
  Kick kick;
  SharedPopulation population;
};

struct FairnessState {
  static constexpr const char* name = "fairness";

  std::shared_ptr<FairnessShared> shared;
  std::string player;
  Dossier dossier;
  bool loaded = false;
  std::uint32_t unsaved = 0;  ///< reports since it was written down
  std::string match;          ///< where it was last
  std::vector<std::function<void()>> early;
};

FairnessActor::behavior_type fairness_actor(FairnessActor::stateful_pointer<FairnessState> self,
                                            std::shared_ptr<FairnessShared> shared,
                                            std::string player);

/// Registers the kind "fairness". What `shared` refers to outlives the actors.
void add_fairness(const std::shared_ptr<FairnessShared>& shared);

}  // namespace troupe::fairness

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::fairness::ReportPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::fairness::DossierPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::fairness::Order)
