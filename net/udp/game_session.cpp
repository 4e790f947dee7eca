#include "net/udp/game_session.hpp"

#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "game/wire.hpp"

namespace troupe::udp {
namespace {

using game::Goodbye;

constexpr std::size_t kMaxAddresses =
    16'384;  ///< whose connects are counted; the longest silent are forgotten

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Result<std::string> sign_game_token(const JwtKey& key, const std::string& player,
                                    const std::string& match, std::int64_t now_s) {
  return sign_jwt(key, {.subject = player,
                        .audience = kGameAudience,
                        .scope = {},
                        .extra = match + "." + make_id_string(),
                        .expires_s = now_s + kGameTokenSeconds});
}

Door::Door(Metrics& metrics, DoorOptions options)
    : metrics_(metrics),
      options_(std::move(options)),
      opened_s_(unix_seconds()),
      connects_(options_.connects, kMaxAddresses),
      packets_in(metrics.counter("troupe_udp_packets_in_total", "Packets from game clients")),
      snapshots_out(
          metrics.counter("troupe_udp_snapshots_out_total", "Snapshots handed to the transport")),
      snapshots_replaced(
          metrics.counter("troupe_udp_snapshots_replaced_total", "Snapshots replaced unsent")),
      outbox_full(metrics.counter("troupe_udp_outbox_full_total", "Reliable messages dropped")) {}

bool Door::may_connect(const std::string& address, TimePoint now) {
  {
    const std::lock_guard lock(mutex_);
    if (connects_.take(address, now).allowed) return true;
  }
  refuse("connect_rate");
  return false;
}

std::optional<Door::Admission> Door::admit(const std::string& token) {
  const auto now = unix_seconds();
  auto claims = verify_jwt(options_.token_key, token, kGameAudience, now);
  // "<match>.<nonce>": each token opens one connection.
  const auto dot = claims.ok() ? claims->extra.find('.') : std::string::npos;
  if (dot == std::string::npos) {
    refuse("token");
    return std::nullopt;
  }
  // One of before this start may have been used then.
  if (claims->expires_s - kGameTokenSeconds < opened_s_) {
    refuse("token_of_before");
    return std::nullopt;
  }
  const auto forget_at = claims->expires_s + kJwtLeeway.count();
  bool fresh = false;
  {
    const std::lock_guard lock(mutex_);
    fresh = used_tokens_.take(claims->extra.substr(dot + 1), forget_at, now);
  }
  if (!fresh) {
    refuse("token_used");
    return std::nullopt;
  }
  return Admission{claims->extra.substr(0, dot), claims->subject};
}

void Door::open_lobby(std::shared_ptr<Lobby> lobby) {
  const std::lock_guard lock(mutex_);
  lobby_ = std::move(lobby);
}

std::shared_ptr<Lobby> Door::lobby() const {
  const std::lock_guard lock(mutex_);
  return lobby_;
}

void Door::refuse(const char* reason) {
  metrics_.counter("troupe_udp_bad_packets_total", "Packets refused", {{"reason", reason}})
      .Increment();
}

GameSession::GameSession(Door& door, match::SessionId id, TimePoint now, std::string only_match)
    : door_(door),
      match_(std::move(only_match)),
      hello_by_(now + door.options().hello_timeout),
      rate_(door.options().packets_per_second, door.options().bytes_per_second, now) {
  client_.session = id;
}

Goodbye GameSession::receive(std::string_view bytes, TimePoint now) {
  door_.packets_in.Increment();
  if (!rate_.take(bytes.size(), now)) {
    door_.refuse("rate");
    return Goodbye::rate_limited;
  }
  auto message = decode_client_message(bytes);
  if (!message) {
    door_.refuse("malformed");
    return Goodbye::bad_message;
  }
  if (const auto* said = std::get_if<HelloMessage>(&*message)) return hello(*said);
  if (!verified_) {
    door_.refuse("before_hello");
    return Goodbye::bad_message;
  }
  auto* game = std::get_if<CommandsMessage>(&*message);
  if ((game == nullptr) != (lobby_ != nullptr)) {
    door_.refuse("out_of_place");
    return Goodbye::bad_message;
  }
  if (game != nullptr) return commands(*game);
  lobby_->hear(client_, std::get<LobbyMessage>(*message));
  return Goodbye::none;
}

Goodbye GameSession::commands(CommandsMessage& message) {
  acked_tick_ = message.acked_tick;
  door_.options().on_input(
      match_, std::make_shared<const match::Input>(
                  match::Input{client_, message.acked_tick, message.taken, message.epoch,
                               message.tables, std::move(message.commands), message.mismatch}));
  return Goodbye::none;
}

Goodbye GameSession::hello(const HelloMessage& hello) {
  if (!verified_) {
    const auto admission = door_.admit(hello.token);
    if (!admission) return Goodbye::bad_token;
    if (!match_.empty() && match_ != admission->match) {
      door_.refuse("token_of_another_match");
      return Goodbye::bad_token;
    }
    match_ = admission->match;
    if (match_ == kLobby) lobby_ = door_.lobby();
    if (match_ == kLobby && lobby_ == nullptr) return Goodbye::match_gone;
    verified_ = true;
    client_ = {client_.session, admission->player, hello.resumed};
  }  // else it missed its Welcome
  come_in();
  return Goodbye::none;
}

void GameSession::come_in() {
  if (lobby_ != nullptr) {
    lobby_->enter(client_);
  } else {
    door_.options().on_enter(match_, client_);
  }
}

bool GameSession::overdue(TimePoint now) {
  if (verified_ || !hello_by_ || now <= *hello_by_) return false;
  hello_by_.reset();
  door_.refuse("no_hello");
  return true;
}

void GameSession::gone() {
  if (!verified_) return;
  if (lobby_ != nullptr) {
    lobby_->leave(client_);
  } else {
    door_.options().on_leave(match_, client_);
  }
}

}  // namespace troupe::udp
