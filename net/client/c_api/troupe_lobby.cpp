// Matchmaking's part of the C API.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "net/client/c_api/guard.hpp"
#include "net/client/lobby_client.hpp"

namespace client = troupe::client;
using troupe::c_api::connect_error;
using troupe::c_api::fail;
using troupe::c_api::guarded;
using troupe::c_api::status_of;

struct troupe_lobby {
  std::unique_ptr<client::LobbyClient> lobby;
  std::string error;
};

namespace {

/// False: a list has a hole.
bool copy_names(const char* const* from, std::size_t count, std::vector<std::string>& to) {
  if (count > 0 && from == nullptr) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (from[i] == nullptr) return false;
    to.emplace_back(from[i]);
  }
  return true;
}

bool copy_wish(const troupe_queue_wish& from, client::QueueWish& to) {
  if (from.mode == nullptr || (from.ping_count > 0 && from.pings == nullptr)) return false;
  to.mode = from.mode;
  to.auto_accept = from.auto_accept != 0;
  for (std::size_t i = 0; i < from.ping_count; ++i) {
    if (from.pings[i].region == nullptr) return false;
    to.pings.emplace_back(from.pings[i].region, from.pings[i].ms);
  }
  return copy_names(from.party, from.party_count, to.party) &&
         copy_names(from.roles, from.role_count, to.roles);
}

}  // namespace

extern "C" {

troupe_status troupe_lobby_connect(const troupe_ticket* ticket, troupe_lobby** out) {
  auto& error = connect_error();
  if (out == nullptr) return fail(error, TROUPE_INVALID_ARGUMENT, "nowhere to put the lobby");
  *out = nullptr;
  if (ticket == nullptr || ticket->host == nullptr || ticket->token == nullptr)
    return fail(error, TROUPE_INVALID_ARGUMENT, "a ticket has a host and a token");
  return guarded(error, [&] {
    auto made = std::make_unique<troupe_lobby>();
    auto lobby = client::LobbyClient::connect(ticket->host, ticket->port, ticket->token);
    if (!lobby.ok()) return fail(error, status_of(lobby.code()), lobby.error().detail.c_str());
    made->lobby = std::move(*lobby);
    error.clear();
    *out = made.release();
    return TROUPE_OK;
  });
}

void troupe_lobby_destroy(troupe_lobby* l) {
  delete l;
}

troupe_status troupe_lobby_service(troupe_lobby* l, uint32_t wait_ms) {
  if (l == nullptr) return TROUPE_INVALID_ARGUMENT;
  return guarded(l->error, [&] {
    l->lobby->service(wait_ms);
    return TROUPE_OK;
  });
}

int troupe_lobby_closed(const troupe_lobby* l) {
  return l == nullptr || l->lobby->closed() ? 1 : 0;
}

troupe_goodbye troupe_lobby_goodbye(const troupe_lobby* l) {
  return l == nullptr ? 0 : static_cast<troupe_goodbye>(l->lobby->goodbye());
}

const char* troupe_lobby_error(const troupe_lobby* l) {
  return l == nullptr ? connect_error().c_str() : l->error.c_str();
}

troupe_status troupe_lobby_enter(troupe_lobby* l, const troupe_queue_wish* wish) {
  if (l == nullptr || wish == nullptr || wish->size < sizeof(troupe_queue_wish))
    return TROUPE_INVALID_ARGUMENT;
  return guarded(l->error, [&] {
    if (l->lobby->closed()) return fail(l->error, TROUPE_CONFLICT, "not connected any more");
    client::QueueWish wanted;
    if (!copy_wish(*wish, wanted))
      return fail(l->error, TROUPE_INVALID_ARGUMENT, "a wish has a mode, and lists without holes");
    l->lobby->enter(wanted);
    return TROUPE_OK;
  });
}

troupe_status troupe_lobby_answer(troupe_lobby* l, int accept) {
  if (l == nullptr) return TROUPE_INVALID_ARGUMENT;
  return guarded(l->error, [&] {
    if (l->lobby->closed()) return fail(l->error, TROUPE_CONFLICT, "not connected any more");
    if (accept != 0) {
      l->lobby->accept();
    } else {
      l->lobby->decline();
    }
    return TROUPE_OK;
  });
}

troupe_status troupe_lobby_state(troupe_lobby* l, troupe_queue_state* out) {
  if (l == nullptr || out == nullptr || out->size < sizeof(size_t)) return TROUPE_INVALID_ARGUMENT;
  const auto& told = l->lobby->state();
  if (!told) return fail(l->error, TROUPE_NOT_FOUND, "the server has told nothing yet");
  troupe_queue_state all{};
  all.size = out->size;
  all.state = told->state.c_str();
  all.reason = told->reason.c_str();
  all.ticket = told->ticket.c_str();
  all.mode = told->mode.c_str();
  all.region = told->region.c_str();
  all.deadline_ms = told->deadline_ms;
  all.ping_ms = told->ping_ms;
  all.team = static_cast<uint32_t>(told->team);
  all.match = told->match.c_str();
  all.game = {told->game.host.c_str(), told->game.token.c_str(), told->game.port};
  std::memcpy(out, &all, std::min(out->size, sizeof all));
  return TROUPE_OK;
}

}  // extern "C"
