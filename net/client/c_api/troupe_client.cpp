#include "net/client/c_api/troupe_client.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/client/c_api/guard.hpp"
#include "net/client/game_client.hpp"

namespace client = troupe::client;
using troupe::c_api::connect_error;
using troupe::c_api::fail;
using troupe::c_api::guarded;
using troupe::c_api::status_of;

struct troupe_client {
  std::unique_ptr<client::ClientHost> host;
  std::unique_ptr<client::GameClient> game;  // after `host`, to which it belongs
  std::string error, name, frame;
  std::deque<troupe_event> events;
  // As of the last service.
  client::State state = client::State::connecting;
  std::uint64_t snapshots = 0, reconnects = 0;
  std::size_t result_rows = 0;
};

namespace {

constexpr std::size_t kMostEvents = 64;

client::TicketSource source_of(troupe_ticket_source ask, void* user) {
  if (ask == nullptr) return {};
  return [ask, user]() -> std::optional<client::Ticket> {
    troupe_ticket ticket{};
    if (ask(user, &ticket) == 0 || ticket.host == nullptr || ticket.token == nullptr)
      return std::nullopt;
    return client::Ticket{ticket.host, ticket.port, ticket.token};
  };
}

void push(troupe_client& c, troupe_event_kind kind, std::uint64_t value) {
  if (c.events.size() >= kMostEvents) c.events.pop_front();
  c.events.push_back({kind, static_cast<std::uint32_t>(value)});
}

troupe_state state_of(client::State state) {
  switch (state) {
    case client::State::connecting:
      return TROUPE_CONNECTING;
    case client::State::playing:
      return TROUPE_PLAYING;
    case client::State::closed:
      break;
  }
  return TROUPE_CLOSED;
}

void note_what_happened(troupe_client& c) {
  const auto statistics = c.game->statistics();
  const auto* latest = c.game->latest();  // null again after a Welcome to another game
  if (std::exchange(c.snapshots, statistics.snapshots) != statistics.snapshots && latest != nullptr)
    push(c, TROUPE_EVENT_SNAPSHOT, latest->tick);
  const auto rows = c.game->result().size();
  if (std::exchange(c.result_rows, rows) != rows) push(c, TROUPE_EVENT_RESULT, rows);
  const auto state = c.game->state();
  if (std::exchange(c.state, state) != state) push(c, TROUPE_EVENT_STATE, state_of(state));
  if (std::exchange(c.reconnects, statistics.reconnects) != statistics.reconnects)
    push(c, TROUPE_EVENT_RECONNECTED, statistics.reconnects);
}

troupe_status show(troupe_client& c, const troupe::game::View* view, troupe_view& out) {
  const auto* rules = c.game->rules();
  if (view == nullptr || rules == nullptr)
    return fail(c.error, TROUPE_NOT_FOUND, "there is no view yet");
  c.frame = rules->frame(*view);
  out = {reinterpret_cast<const std::uint8_t*>(c.frame.data()), c.frame.size(), view->tick};
  return TROUPE_OK;
}

}  // namespace

extern "C" {

uint32_t troupe_client_version(void) {
  return TROUPE_CLIENT_MAJOR << 16 | TROUPE_CLIENT_MINOR;
}

troupe_status troupe_client_connect(const troupe_ticket* ticket, troupe_ticket_source tickets,
                                    void* user, troupe_client** out) {
  auto& error = connect_error();
  if (out == nullptr) return fail(error, TROUPE_INVALID_ARGUMENT, "nowhere to put the client");
  *out = nullptr;
  if (ticket == nullptr || ticket->host == nullptr || ticket->token == nullptr)
    return fail(error, TROUPE_INVALID_ARGUMENT, "a ticket has a host and a token");
  return guarded(error, [&] {
    auto made = std::make_unique<troupe_client>();
    auto host = client::ClientHost::create();
    if (!host.ok()) return fail(error, status_of(host.code()), host.error().detail.c_str());
    made->host = std::move(*host);
    auto game =
        made->host->connect(ticket->host, ticket->port, ticket->token, source_of(tickets, user));
    if (!game.ok()) return fail(error, status_of(game.code()), game.error().detail.c_str());
    made->game = std::move(*game);
    error.clear();
    *out = made.release();
    return TROUPE_OK;
  });
}

void troupe_client_destroy(troupe_client* c) {
  delete c;
}

troupe_status troupe_client_disconnect(troupe_client* c) {
  if (c == nullptr) return TROUPE_INVALID_ARGUMENT;
  return guarded(c->error, [&] {
    c->game->disconnect();
    return TROUPE_OK;
  });
}

troupe_status troupe_client_service(troupe_client* c, uint32_t wait_ms) {
  if (c == nullptr) return TROUPE_INVALID_ARGUMENT;
  return guarded(c->error, [&] {
    c->host->service(wait_ms);
    note_what_happened(*c);
    return TROUPE_OK;
  });
}

troupe_state troupe_client_state(const troupe_client* c) {
  return c == nullptr ? TROUPE_CLOSED : state_of(c->game->state());
}

troupe_goodbye troupe_client_goodbye(const troupe_client* c) {
  return c == nullptr ? 0 : static_cast<troupe_goodbye>(c->game->goodbye());
}

int32_t troupe_client_slot(const troupe_client* c) {
  return c == nullptr ? -1 : c->game->slot();
}

int32_t troupe_client_tick_hz(const troupe_client* c) {
  return c == nullptr ? 0 : c->game->tick_hz();
}

const char* troupe_client_game(const troupe_client* c) {
  // Names of games are literals: they end with a zero and live for ever.
  const auto* rules = c == nullptr ? nullptr : c->game->rules();
  return rules == nullptr ? "" : rules->name().data();
}

const char* troupe_client_error(const troupe_client* c) {
  return c == nullptr ? connect_error().c_str() : c->error.c_str();
}

uint32_t troupe_client_command_period_us(const troupe_client* c) {
  if (c == nullptr) return 0;
  const auto period =
      std::chrono::duration_cast<std::chrono::microseconds>(c->game->command_period());
  return static_cast<uint32_t>(period.count());
}

troupe_status troupe_client_send(troupe_client* c, const uint8_t* command, size_t size) {
  if (c == nullptr || command == nullptr) return TROUPE_INVALID_ARGUMENT;
  return guarded(c->error, [&] {
    const auto* rules = c->game->rules();
    if (rules == nullptr || c->game->state() != client::State::playing)
      return fail(c->error, TROUPE_CONFLICT, "not playing");
    if (size > troupe::game::PackedCommand::kMaxBytes)
      return fail(c->error, TROUPE_INVALID_ARGUMENT, "a command has at most 15 bytes");
    const auto packed = rules->verify({reinterpret_cast<const char*>(command), size});
    if (!packed)
      return fail(c->error, TROUPE_INVALID_ARGUMENT, "not a command of the match's game");
    c->game->send(*packed);
    return TROUPE_OK;
  });
}

troupe_status troupe_client_latest(troupe_client* c, troupe_view* view) {
  if (c == nullptr || view == nullptr) return TROUPE_INVALID_ARGUMENT;
  return guarded(c->error, [&] { return show(*c, c->game->latest(), *view); });
}

troupe_status troupe_client_interpolated(troupe_client* c, double behind_ticks, troupe_view* view) {
  if (c == nullptr || view == nullptr || !(behind_ticks >= 0)) return TROUPE_INVALID_ARGUMENT;
  return guarded(c->error,
                 [&] { return show(*c, c->game->interpolated(behind_ticks).get(), *view); });
}

troupe_status troupe_client_predicted(troupe_client* c, int32_t* x, int32_t* y) {
  if (c == nullptr || x == nullptr || y == nullptr) return TROUPE_INVALID_ARGUMENT;
  return guarded(c->error, [&] {
    const auto* predicted = c->game->predicted();
    const auto place = predicted == nullptr ? std::nullopt : predicted->where();
    if (!place) return fail(c->error, TROUPE_NOT_FOUND, "no place is predicted");
    *x = place->x;
    *y = place->y;
    return TROUPE_OK;
  });
}

troupe_status troupe_client_server_tick(troupe_client* c, double* tick) {
  if (c == nullptr || tick == nullptr) return TROUPE_INVALID_ARGUMENT;
  return guarded(c->error, [&] {
    const auto now = c->game->server_tick();
    if (!now) return fail(c->error, TROUPE_NOT_FOUND, "no snapshot has come yet");
    *tick = *now;
    return TROUPE_OK;
  });
}

int troupe_client_next_event(troupe_client* c, troupe_event* event) {
  if (c == nullptr || event == nullptr || c->events.empty()) return 0;
  *event = c->events.front();
  c->events.pop_front();
  return 1;
}

troupe_status troupe_client_result(troupe_client* c, size_t row, troupe_placement* placement) {
  if (c == nullptr || placement == nullptr) return TROUPE_INVALID_ARGUMENT;
  return guarded(c->error, [&] {
    const auto& rows = c->game->result();
    if (row >= rows.size()) return fail(c->error, TROUPE_NOT_FOUND, "no such row");
    *placement = {rows[row].player.c_str(), static_cast<uint32_t>(rows[row].place),
                  rows[row].score};
    return TROUPE_OK;
  });
}

troupe_status troupe_client_statistics(const troupe_client* c, troupe_statistics* out) {
  if (c == nullptr || out == nullptr || out->size < sizeof(size_t)) return TROUPE_INVALID_ARGUMENT;
  const auto s = c->game->statistics();
  troupe_statistics all{};
  all.size = out->size;
  all.snapshots = s.snapshots;
  all.snapshot_bytes = s.snapshot_bytes;
  all.undecodable = s.undecodable;
  all.mismatches = s.mismatches;
  all.corrections = s.corrections;
  all.commands = s.commands;
  all.held = s.held;
  all.reconnects = s.reconnects;
  all.lost_ticks = s.lost_ticks;
  all.round_trip_ms = s.round_trip_ms;
  all.jitter_ms = s.jitter_ms;
  all.longest_silence_ms = s.longest_silence_ms;
  all.waiting = s.waiting;
  all.largest_correction = s.largest_correction;
  all.largest_divergence = s.largest_divergence;
  std::memcpy(out, &all, std::min(out->size, sizeof all));
  return TROUPE_OK;
}

}  // extern "C"
