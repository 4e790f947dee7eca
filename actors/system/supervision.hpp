// What a supervisor does when a child ends: the decision alone, without actors or clocks. After
// Erlang/OTP's supervisor behaviour (https://www.erlang.org/doc/system/sup_princ).
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "actors/system/restart_policy.hpp"

namespace troupe::actors {

enum class Strategy : std::uint8_t {
  one_for_one,  ///< Only the child that ended starts again.
  rest_for_one  ///< So do those that were started after it, since they may rely on it.
};

enum class RestartKind : std::uint8_t {
  permanent,  ///< Always starts again.
  transient,  ///< Starts again after an error, not after an orderly end.
  temporary   ///< Never starts again.
};

enum class ChildState : std::uint8_t {
  running,
  stopping,  ///< told to end; will start again, or the supervisor ends
  waiting,   ///< for its restart
  ended      ///< for good
};
[[nodiscard]] std::string_view to_string(ChildState state) noexcept;

/// The states of a supervisor's children and the rules by which they change. Children are known by
/// their place in the order in which they were added, which is the order of starting.
class Supervision {
 public:
  Supervision(Strategy strategy, RestartLimits limits) : strategy_(strategy), limits_(limits) {}

  /// A child that runs from now on.
  std::size_t add(RestartKind kind);

  enum class Action : std::uint8_t {
    none,      ///< Nothing to restart. If something is to be stopped, go on with that.
    restart,   ///< After `delay`, call `due`.
    escalate,  ///< Too many restarts: stop all and end with an error.
  };
  struct Verdict {
    Action action = Action::none;
    std::chrono::milliseconds delay{0};
  };
  /// `child` has ended. `now_ms`: any monotonic clock; `random`: uniform, for the jitter.
  Verdict ended(std::size_t child, bool orderly, std::uint64_t now_ms, std::uint64_t random);

  /// The restart of `child` is due.
  void due(std::size_t child);
  /// Whom to start now, in order: those whose restart is due, once nobody is stopping any more.
  /// Call `started` for each.
  [[nodiscard]] std::vector<std::size_t> to_start() const;
  void started(std::size_t child);

  /// All are to end; nobody starts again.
  void stop_all();
  /// Who has to be stopped next: the last started of those that are stopping. Nothing: all have.
  [[nodiscard]] std::size_t to_stop() const noexcept;
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

  [[nodiscard]] ChildState state(std::size_t child) const { return children_.at(child).state; }
  [[nodiscard]] std::size_t size() const noexcept { return children_.size(); }

 private:
  struct Child {
    RestartKind kind;
    ChildState state = ChildState::running;
    bool due = false;
  };
  Strategy strategy_;
  RestartLimits limits_;
  RestartHistory history_;
  std::vector<Child> children_;
  bool stopping_all_ = false;
};

}  // namespace troupe::actors
