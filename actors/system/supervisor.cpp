#include "actors/system/supervisor.hpp"

#include <map>
#include <random>

#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/response_promise.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "base/metrics.hpp"

namespace troupe::actors {

struct NewChild {
  ChildSpec spec;
  std::shared_ptr<SupervisorNode> inner;
};

}  // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::NewChild)

namespace troupe::actors {
namespace {

using add_child_atom = caf::atom_constant<caf::atom("addchild")>;
using due_atom = caf::atom_constant<caf::atom("due")>;
using overdue_atom = caf::atom_constant<caf::atom("overdue")>;

/// More than the longest of its children may take: a supervisor waits for them one after the other.
constexpr std::chrono::milliseconds kSupervisorStopTimeout{60'000};

struct SupervisorState {
  static constexpr const char* name = "supervisor";

  struct Child {
    caf::actor actor;   ///< null while it is down
    bool told = false;  ///< to end
  };

  std::shared_ptr<SupervisorNode> node;
  std::unique_ptr<Supervision> supervision;
  std::vector<ChildSpec> specs;
  std::vector<Child> children;
  bool stopping = false;
  caf::error reason;  ///< with which it will end
  std::minstd_rand random{std::random_device{}()};

  /// Killed without warning: nothing below may go on without supervision.
  ~SupervisorState() {
    for (auto child = children.rbegin(); child != children.rend(); ++child)
      if (child->actor) caf::anon_send_exit(child->actor, caf::exit_reason::kill);
  }
};
using Self = caf::stateful_actor<SupervisorState>*;

void handle_end(Self self, std::size_t child, const caf::error& reason);

void show(Self self, std::size_t child) {
  auto& state = self->state;
  const std::lock_guard lock(state.node->mutex);
  state.node->rows.at(child).state = to_string(state.supervision->state(child));
}

void start(Self self, std::size_t child) {
  auto& state = self->state;
  state.supervision->started(child);
  try {
    auto actor = state.specs[child].start(self->system());
    self->monitor(actor);
    state.children[child] = {std::move(actor), false};
    show(self, child);
  } catch (const std::exception& e) {
    spdlog::error("supervisor {}: {} cannot start: {}", state.node->name, state.specs[child].id,
                  e.what());
    handle_end(self, child, caf::make_error(caf::sec::runtime_error, std::string(e.what())));
  }
}

/// Goes on with stopping; ends itself when all are down.
void stop_next(Self self) {
  auto& state = self->state;
  const auto next = state.supervision->to_stop();
  if (next == Supervision::kNobody) {
    if (state.stopping) self->quit(state.reason);
    return;
  }
  auto& child = state.children[next];
  show(self, next);
  if (!child.actor || child.told) return;
  child.told = true;
  const auto& spec = state.specs[next];
  if (spec.stop) {
    spec.stop(child.actor);
  } else {
    self->send_exit(child.actor, caf::exit_reason::user_shutdown);
  }
  self->delayed_send(self, spec.stop_timeout, overdue_atom::value, child.actor);
}

void stop_all(Self self, caf::error reason) {
  auto& state = self->state;
  if (state.stopping) return;
  state.stopping = true;
  state.reason = std::move(reason);
  state.supervision->stop_all();
  stop_next(self);
}

void start_due(Self self) {
  for (const auto child : self->state.supervision->to_start()) start(self, child);
}

std::uint64_t now_ms(Self self) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(self->clock().now().time_since_epoch())
          .count());
}

void escalate(Self self) {
  auto& state = self->state;
  spdlog::error("supervisor {}: too many restarts, gives up", state.node->name);
  state.node->metrics
      ->counter("troupe_supervisor_escalations_total", "Supervisors that gave up",
                {{"supervisor", state.node->name}})
      .Increment();
  if (state.node->on_escalation) state.node->on_escalation();
  stop_all(self, caf::make_error(caf::sec::runtime_error, std::string("too many restarts")));
}

/// A child has ended, or could not start.
void handle_end(Self self, std::size_t child, const caf::error& reason) {
  auto& state = self->state;
  state.children[child].actor = nullptr;
  const bool orderly = !reason || reason == caf::exit_reason::normal;
  const bool on_our_word = state.supervision->state(child) == ChildState::stopping;
  const auto verdict = state.supervision->ended(child, orderly, now_ms(self), state.random());
  const auto why = orderly ? std::string("normal") : self->system().render(reason);
  {
    const std::lock_guard lock(state.node->mutex);
    auto& row = state.node->rows.at(child);
    row.state = to_string(state.supervision->state(child));
    row.last_reason = why;
    if (verdict.action == Supervision::Action::restart) ++row.restarts;
  }
  if (!on_our_word) {
    spdlog::warn("supervisor {}: {} ended ({})", state.node->name, state.specs[child].id, why);
  }
  if (verdict.action == Supervision::Action::escalate) return escalate(self);
  if (verdict.action == Supervision::Action::restart) {
    state.node->metrics
        ->counter("troupe_supervisor_restarts_total", "Children started again",
                  {{"supervisor", state.node->name}})
        .Increment();
    self->delayed_send(self, verdict.delay, due_atom::value, static_cast<std::uint64_t>(child));
  }
  stop_next(self);
  if (!state.stopping) start_due(self);
}

void on_down(Self self, const caf::down_msg& down) {
  auto& children = self->state.children;
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (children[i].actor && children[i].actor.address() == down.source)
      return handle_end(self, i, down.reason);
  }
}

void adopt(Self self, ChildSpec spec) {
  auto& state = self->state;
  const auto child = state.supervision->add(spec.restart);
  state.specs.push_back(std::move(spec));
  state.children.emplace_back();
  start(self, child);
}

void add_child(Self self, NewChild& added) {
  auto& node = *self->state.node;
  {
    const std::lock_guard lock(node.mutex);
    node.specs.push_back(added.spec);
    node.rows.push_back({added.spec.id, {}, 0, {}, {}});
    node.inner.push_back(added.inner);
  }
  adopt(self, std::move(added.spec));
}

caf::behavior supervisor(Self self, const std::shared_ptr<SupervisorNode>& node) {
  auto& state = self->state;
  state.node = node;
  state.supervision = std::make_unique<Supervision>(node->options.strategy, node->options.limits);
  self->set_down_handler([self](caf::down_msg& down) { on_down(self, down); });
  self->set_exit_handler([self](caf::exit_msg&) { stop_all(self, {}); });
  std::vector<ChildSpec> specs;
  {
    const std::lock_guard lock(node->mutex);
    specs = node->specs;
  }
  for (auto& spec : specs) adopt(self, std::move(spec));
  return {
      [self](add_child_atom, NewChild& added) {
        if (!self->state.stopping) add_child(self, added);
      },
      [self](due_atom, std::uint64_t child) {
        self->state.supervision->due(child);
        start_due(self);
      },
      [self](overdue_atom, const caf::actor& child) {
        // Nothing happens when it has ended meanwhile.
        self->send_exit(child, caf::exit_reason::kill);
      },
  };
}

}  // namespace

caf::actor spawn_supervisor(caf::actor_system& system, std::shared_ptr<SupervisorNode> node) {
  auto actor = system.spawn(supervisor, node);
  const std::lock_guard lock(node->mutex);
  node->actor = actor;
  return actor;
}

ChildSpec supervisor_child(const std::shared_ptr<SupervisorNode>& node) {
  return {.id = node->name,
          .start = [node](caf::actor_system& system) { return spawn_supervisor(system, node); },
          .restart = RestartKind::permanent,
          .stop = {},
          .stop_timeout = kSupervisorStopTimeout};
}

SupervisedStatus status_of(const SupervisorNode& node) {
  SupervisedStatus all;
  all.id = node.name;
  std::vector<std::shared_ptr<SupervisorNode>> inner;
  {
    const std::lock_guard lock(node.mutex);
    all.children = node.rows;
    inner = node.inner;
  }
  for (std::size_t i = 0; i < inner.size(); ++i)
    if (inner[i]) all.children[i].children = status_of(*inner[i]).children;
  return all;
}

struct SupervisionTree::Impl {
  caf::actor_system& system;
  Metrics& metrics;
  std::shared_ptr<SupervisorNode> root;
  caf::actor actor;
  std::mutex mutex;
  std::vector<std::pair<std::string, std::shared_ptr<SupervisorNode>>> domains;
  std::map<std::string, SupervisorOptions> configured;

  /// Sent as a request, so that it returns when the child runs.
  void adopt(const SupervisorNode& node, ChildSpec spec, std::shared_ptr<SupervisorNode> inner) {
    caf::actor supervisor;
    {
      const std::lock_guard lock(node.mutex);
      supervisor = node.actor;
    }
    caf::scoped_actor self(system);
    self->request(supervisor, caf::infinite, add_child_atom::value,
                  NewChild{std::move(spec), std::move(inner)})
        .receive([] {},
                 [](const caf::error&) { throw std::runtime_error("the supervisor is gone"); });
  }
};

SupervisionTree::SupervisionTree(caf::actor_system& system, Metrics& metrics,
                                 std::function<void()> on_failure, RestartLimits root_limits)
    : impl_(new Impl{system, metrics, std::make_shared<SupervisorNode>(), {}, {}, {}, {}}) {
  impl_->root->name = "root";
  impl_->root->options.limits = root_limits;
  impl_->root->metrics = &metrics;
  impl_->root->on_escalation = std::move(on_failure);
  impl_->actor = spawn_supervisor(system, impl_->root);
}

SupervisionTree::~SupervisionTree() {
  stop();
}

void SupervisionTree::configure(const std::string& domain, SupervisorOptions options) {
  const std::lock_guard lock(impl_->mutex);
  impl_->configured[domain] = options;
}

void SupervisionTree::add(const std::string& domain, ChildSpec spec) {
  const std::lock_guard lock(impl_->mutex);
  for (auto& [name, node] : impl_->domains) {
    if (name == domain) return impl_->adopt(*node, std::move(spec), nullptr);
  }
  auto node = std::make_shared<SupervisorNode>();
  node->name = domain;
  node->options = impl_->configured[domain];
  node->metrics = &impl_->metrics;
  impl_->domains.emplace_back(domain, node);
  impl_->adopt(*impl_->root, supervisor_child(node), node);
  impl_->adopt(*node, std::move(spec), nullptr);
}

SupervisedStatus SupervisionTree::status() const {
  return status_of(*impl_->root);
}

void SupervisionTree::stop() {
  if (!impl_->actor) return;
  caf::scoped_actor self(impl_->system);
  self->monitor(impl_->actor);
  self->send_exit(impl_->actor, caf::exit_reason::user_shutdown);
  self->receive([](const caf::down_msg&) {});
  impl_->actor = nullptr;
}

}  // namespace troupe::actors
