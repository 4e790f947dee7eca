// Supervisors: actors that start other actors, start them again when they crash, and end them in
// reverse order.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <caf/actor.hpp>

#include "actors/system/supervision.hpp"

namespace caf {
class actor_system;
}
namespace troupe {
class Metrics;
}

namespace troupe::actors {

/// How to start, restart and stop one child.
struct ChildSpec {
  std::string id;  ///< unique within its supervisor
  /// Runs on the supervisor, at first and at each restart; must not block. A handle that others
  /// keep is replaced here. Throwing counts as a crash of the child.
  std::function<caf::actor(caf::actor_system&)> start;
  RestartKind restart = RestartKind::permanent;
  /// How it is asked to end; exit_reason::user_shutdown if not given.
  std::function<void(const caf::actor&)> stop = {};
  std::chrono::milliseconds stop_timeout{5'000};  ///< then it is killed
};

struct SupervisorOptions {
  Strategy strategy = Strategy::one_for_one;
  RestartLimits limits;
};

/// A row of the tree, as people are shown it.
struct SupervisedStatus {
  std::string id;
  std::string state;
  std::uint64_t restarts = 0;
  std::string last_reason;  ///< why it ended last; empty: it never did
  std::vector<SupervisedStatus> children;
};

/// The root of the tree: a supervisor of one supervisor per domain. A domain whose children crash
/// more often than its limits allow is started anew as a whole; if that does not help either,
/// `on_failure` is called (once, on an actor's thread): the process should end. Thread-safe.
class SupervisionTree {
 public:
  SupervisionTree(caf::actor_system& system, Metrics& metrics, std::function<void()> on_failure,
                  RestartLimits root_limits = {});
  /// Stops all, in case that stop() was not called.
  ~SupervisionTree();
  SupervisionTree(const SupervisionTree&) = delete;
  SupervisionTree& operator=(const SupervisionTree&) = delete;

  /// Sets how a domain's children hang together; before the first `add` of that domain.
  void configure(const std::string& domain, SupervisorOptions options);
  /// Starts a child under the domain's supervisor and returns once it runs. From a thread that may
  /// wait.
  void add(const std::string& domain, ChildSpec spec);

  [[nodiscard]] SupervisedStatus status() const;

  /// Ends all actors of the tree in reverse order of their start; returns when they have ended.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a supervisor and its successors after a restart share: the children to be, and what is told
/// of them.
struct SupervisorNode {
  std::string name;
  SupervisorOptions options;
  Metrics* metrics = nullptr;
  std::function<void()> on_escalation;  ///< before it ends with an error

  mutable std::mutex mutex;
  std::vector<ChildSpec> specs;
  std::vector<SupervisedStatus> rows;
  std::vector<std::shared_ptr<SupervisorNode>> inner;  ///< by row; null for plain actors
  caf::actor actor;                                    ///< who supervises now
};

/// Starts a supervisor of all of `node`'s children. It ends normally when told to by an exit
/// message, after its children, and with an error after an escalation.
caf::actor spawn_supervisor(caf::actor_system& system, std::shared_ptr<SupervisorNode> node);
/// A child that is itself a supervisor.
[[nodiscard]] ChildSpec supervisor_child(const std::shared_ptr<SupervisorNode>& node);
[[nodiscard]] SupervisedStatus status_of(const SupervisorNode& node);

}  // namespace troupe::actors
