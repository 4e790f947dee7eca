#include "net/api/game_tickets.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "actors/fleet/fleet.hpp"
#include "actors/match/fairness/dossier.hpp"
#include "actors/match/messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "net/http/message.hpp"
#include "net/udp/game_session.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

/// Who was kicked, for a while, and who is banned, may not.
Result<void> may_play(const storage::Store& store, const std::string& player,
                      std::uint64_t now_ms) {
  const auto dossier = fairness::read_dossier(store, player);
  if (!dossier.ok()) return dossier.error();
  const auto& standing = dossier->standing;
  if (!fairness::barred(standing, now_ms)) return {};
  if (standing.barred_until_ms == fairness::kForEver)
    return error(ErrorCode::forbidden, "this player is banned");
  const auto left_ms = standing.barred_until_ms - now_ms;
  return error(ErrorCode::forbidden, "this player was kicked, and may play again in " +
                                         std::to_string(left_ms / 1'000 + 1) + " s");
}

Result<GameTicket> ticket_at(const fleet::HostSpec& host, Result<std::string> token,
                             std::int64_t now_s, std::string ws) {
  if (!token.ok()) return token.error();
  return GameTicket{host.address, host.port, std::move(ws), std::move(*token),
                    now_s + udp::kGameTokenSeconds};
}

std::int64_t seconds(const actors::Context& context) {
  return static_cast<std::int64_t>(context.now_ms() / 1'000);
}

}  // namespace

void send_busy(const http::Responder& out, const Error& why) {
  constexpr int kRetryAfterS = 5;
  const bool busy = why.code == ErrorCode::unavailable || why.code == ErrorCode::overloaded;
  out.send(busy ? http::problem(why, kRetryAfterS) : http::problem(why));
}

void send_ticket(const http::Responder& out, const std::string& player,
                 const Result<GameTicket>& ticket) {
  if (!ticket.ok()) return send_busy(out, ticket.error());
  out.send(http::json_response(200, boost::json::object{{"host", ticket->host},
                                                        {"port", ticket->port},
                                                        {"ws", ticket->ws},
                                                        {"token", ticket->token},
                                                        {"player", player},
                                                        {"expires_at", ticket->expires_s}}));
}

GameTickets::GameTickets(actors::Context& context, actors::Asker& asker, JwtKey key,
                         std::shared_ptr<fleet::Fleet> fleet)
    : context_(context), asker_(asker), key_(std::move(key)), fleet_(std::move(fleet)) {}

void GameTickets::if_allowed(const std::string& player, const Done& done, Then then) const {
  auto posted = context_.reads.post([self = shared_from_this(), player, done,
                                     then = std::move(then)](const storage::Store& store) {
    const auto may = may_play(store, player, self->context_.now_ms());
    if (!may.ok()) return done(may.error());
    then(*self);
  });
  if (!posted.ok()) done(posted.error());
}

void GameTickets::issue(const std::string& player, const std::string& match,
                        std::chrono::milliseconds timeout, const Done& done) const {
  if (!parse_id(match)) return done(error(ErrorCode::not_found, "no such match"));
  const auto give = [self = shared_from_this(), player, done](const Result<match::InfoPtr>& found) {
    if (!found.ok()) return done(found.error());
    const auto& info = **found;
    if (info.ended_ms != 0) return done(error(ErrorCode::conflict, "the match is over"));
    const auto host = self->fleet_->join(info);
    if (!host.ok()) return done(host.error());
    const auto now = seconds(self->context_);
    done(ticket_at(*host, udp::sign_game_token(self->key_, player, info.id, now), now,
                   "/api/v1/matches/" + info.id + "/play"));
  };
  if_allowed(player, done, [match, timeout, give](const GameTickets& self) {
    self.asker_.ask_as<match::InfoPtr>(match::kMatchKind, match, timeout, give,
                                       match::info_atom::value);
  });
}

void GameTickets::issue_for_lobby(const std::string& player, const Done& done) const {
  if_allowed(player, done, [player, done](const GameTickets& self) {
    const auto hosts = self.fleet_->status().hosts;
    const auto open = std::ranges::find(hosts, fleet::HostState::open, &fleet::Host::state);
    if (open == hosts.end())
      return done(error(ErrorCode::unavailable, "no game host takes players"));
    const auto now = seconds(self.context_);
    done(ticket_at(open->spec, udp::sign_game_token(self.key_, player, udp::kLobby, now), now,
                   "/api/v1/matchmaking/lobby"));
  });
}

}  // namespace troupe::api
