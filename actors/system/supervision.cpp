#include "actors/system/supervision.hpp"

#include <algorithm>

namespace troupe::actors {

std::string_view to_string(ChildState state) noexcept {
  switch (state) {
    case ChildState::running:
      return "running";
    case ChildState::stopping:
      return "stopping";
    case ChildState::waiting:
      return "waiting";
    case ChildState::ended:
      break;
  }
  return "ended";
}

std::size_t Supervision::add(RestartKind kind) {
  children_.push_back({kind});
  return children_.size() - 1;
}

Supervision::Verdict Supervision::ended(std::size_t child, bool orderly, std::uint64_t now_ms,
                                        std::uint64_t random) {
  auto& one = children_.at(child);
  if (stopping_all_) {
    one.state = ChildState::ended;
    return {};
  }
  if (one.state == ChildState::stopping) {
    // On our word, for the sake of one before it: a temporary child does not come back.
    one.state = one.kind == RestartKind::temporary ? ChildState::ended : ChildState::waiting;
    return {};
  }
  if (one.kind == RestartKind::temporary || (one.kind == RestartKind::transient && orderly)) {
    one.state = ChildState::ended;
    return {};
  }
  const auto decision = history_.crashed(now_ms, limits_, random);
  one.state = ChildState::waiting;
  one.due = false;
  if (decision.failed) return {Action::escalate, std::chrono::milliseconds(0)};
  if (strategy_ == Strategy::rest_for_one) {
    for (auto later = child + 1; later < children_.size(); ++later) {
      if (children_[later].state == ChildState::running)
        children_[later].state = ChildState::stopping;
    }
  }
  return {Action::restart, decision.delay};
}

void Supervision::due(std::size_t child) {
  auto& one = children_.at(child);
  if (one.state != ChildState::waiting) return;  // meanwhile all are stopping
  one.due = true;
  if (strategy_ != Strategy::rest_for_one) return;
  for (auto later = child + 1; later < children_.size(); ++later) children_[later].due = true;
}

std::vector<std::size_t> Supervision::to_start() const {
  if (stopping_all_ || to_stop() != kNobody) return {};
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (children_[i].state != ChildState::waiting) continue;
    if (children_[i].due) {
      all.push_back(i);
    } else if (strategy_ == Strategy::rest_for_one) {
      break;  // later ones rely on this one
    }
  }
  return all;
}

void Supervision::started(std::size_t child) {
  children_.at(child).state = ChildState::running;
  children_.at(child).due = false;
}

void Supervision::stop_all() {
  stopping_all_ = true;
  for (auto& child : children_) {
    child.state = child.state == ChildState::running || child.state == ChildState::stopping
                      ? ChildState::stopping
                      : ChildState::ended;
  }
}

std::size_t Supervision::to_stop() const noexcept {
  for (auto i = children_.size(); i > 0; --i)
    if (children_[i - 1].state == ChildState::stopping) return i - 1;
  return kNobody;
}

}  // namespace troupe::actors
