// What edges say to the relay.
#include <algorithm>
#include <chrono>

#include "net/api/relay/hub_impl.hpp"

namespace troupe::api {
namespace {

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

bool RelayHub::Impl::begin_waiting(const std::string& id, std::uint64_t session_id) {
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  auto* edge = found == sessions.end() ? nullptr : found->second.find(session_id);
  if (edge == nullptr || edge->waiting >= options.limits.max_waiting) return false;
  ++edge->waiting;
  return true;
}

void RelayHub::Impl::end_waiting(const std::string& id, std::uint64_t session_id) {
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  auto* edge = found == sessions.end() ? nullptr : found->second.find(session_id);
  if (edge != nullptr) --edge->waiting;
}

void RelayHub::Impl::take_one(const std::string& id, const std::shared_ptr<ws::Session>& from,
                              const relay::Forward& said) {
  if (!begin_waiting(id, from->id())) {
    const auto why = error(ErrorCode::overloaded, "too much waits for an answer");
    from->send(relay_frame(relay::Answer{said.ref, relay::error_text(why)}));
    return;
  }
  options.say(id, said, [weak = weak_from_this(), id, from, ref = said.ref](std::string text) {
    from->send(relay_frame(relay::Answer{ref, std::move(text)}));
    if (const auto self = weak.lock()) self->end_waiting(id, from->id());
  });
}

void RelayHub::Impl::take_one(const std::string& id, const std::shared_ptr<ws::Session>& from,
                              const relay::Greet& greeting) {
  if (!begin_waiting(id, from->id())) {
    from->send(relay_frame(relay::Greeting{greeting.ref, {}}));
    return;
  }
  options.greet(id, [weak = weak_from_this(), id, from,
                     ref = greeting.ref](Result<std::vector<std::string>> texts) {
    from->send(relay_frame(
        relay::Greeting{ref, texts.ok() ? std::move(*texts) : std::vector<std::string>()}));
    if (const auto self = weak.lock()) self->end_waiting(id, from->id());
  });
}

void RelayHub::Impl::on_message(const std::string& id, const std::shared_ptr<ws::Session>& from,
                                std::string_view bytes, bool is_text) {
  auto message = is_text ? relay::parse_up(bytes)
                         : Result<relay::Up>(error(ErrorCode::corrupt, "relay: texts only"));
  if (!message.ok()) return from->close(ws::close_code(message.code()), message.error().detail);
  if (const auto* said = std::get_if<relay::Forward>(&*message)) return take_one(id, from, *said);
  if (const auto* greeting = std::get_if<relay::Greet>(&*message))
    return take_one(id, from, *greeting);
  if (const auto* reactions = std::get_if<relay::Reactions>(&*message)) {
    for (std::size_t i = 0; i < std::min(reactions->counts.size(), ws::kReactions.size()); ++i)
      options.react(id, i, reactions->counts[i]);
    return;
  }
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(id);
  auto* edge = found == sessions.end() ? nullptr : found->second.find(from->id());
  if (edge == nullptr) return;
  edge->heard = std::chrono::steady_clock::now();
  if (const auto* ping = std::get_if<relay::Ping>(&*message))
    return tell(*edge, relay_frame(relay::Pong{ping->sent_us, unix_us()}));
  edge->viewers = std::get<relay::Viewers>(*message);
  count_elsewhere(id, found->second);
}

}  // namespace troupe::api
