#include "net/api/game_lobby.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sodium.h>

#include "actors/matchmaking/messages.hpp"
#include "actors/system/ask.hpp"
#include "net/api/game_tickets.hpp"
#include "net/api/matchmaking_wish.hpp"
#include "net/udp/server_message.hpp"

namespace troupe::api {
namespace {

using namespace matchmaking;
using match::Client;
using match::SessionId;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kAskTimeout{5};
constexpr std::uint32_t kProbes = 3;
/// Questions to the desk of one sweep; the others wait for the next.
constexpr std::size_t kMostLooks = 1'000;

/// One who is in the lobby.
struct Guest {
  std::string player;
  udp::QueueStanding told;  ///< last
  std::string ticket;       ///< empty: none that is open
  std::string mode;
  bool asked = false;    ///< the desk owes the answer to what the player said
  bool looking = false;  ///< and how the ticket stands
  std::uint32_t probes = 0;
  std::uint32_t probe = 0;  ///< its number, which nobody can guess; 0: it was answered
  Clock::time_point probed_at{};
  std::optional<double> round_trip_ms;  ///< the least
};

struct Away {
  std::string ticket;
  Clock::time_point until;
};

bool is_over(State state) {
  return state == State::matched || state == State::ended;
}

}  // namespace

struct GameLobby::Impl : std::enable_shared_from_this<GameLobby::Impl> {
  Impl(actors::Asker& asker_in, std::shared_ptr<const GameTickets> tickets_in,
       udp::MessageSink& sink_in, boost::asio::io_context& loop, GameLobbyOptions options_in)
      : asker(asker_in),
        tickets(std::move(tickets_in)),
        sink(sink_in),
        options(std::move(options_in)),
        timer(loop) {}

  actors::Asker& asker;
  const std::shared_ptr<const GameTickets> tickets;
  udp::MessageSink& sink;
  const GameLobbyOptions options;
  boost::asio::steady_timer timer;
  std::mutex mutex;
  std::map<SessionId, Guest> guests;
  SessionId look_next = 0;                     ///< the sweep goes on with it
  std::unordered_map<std::string, Away> away;  ///< by player

  // --- What players are told. All with the mutex held.
  // ---------------------------------------------

  static std::uint16_t ping_of(const Guest& guest) {
    if (!guest.round_trip_ms) return 0;
    return static_cast<std::uint16_t>(std::clamp(std::ceil(*guest.round_trip_ms), 1.0, 2'000.0));
  }

  void tell(SessionId session, Guest& guest, udp::QueueStanding standing) {
    standing.ping_ms = ping_of(guest);
    if (standing.region.empty()) standing.region = options.region;
    if (standing == guest.told) return;
    sink.message(session, udp::encode_queue_state(standing));
    guest.told = std::move(standing);
  }

  void refuse(SessionId session, Guest& guest, const Error& why) {
    guest.told = {};  // the next one is told whatever it is
    udp::QueueStanding standing;
    standing.state = "refused";
    standing.reason = why.detail;
    tell(session, guest, std::move(standing));
  }

  void probe(SessionId session, Guest& guest) {
    ++guest.probes;
    guest.probe = 1 + randombytes_uniform(UINT32_MAX);
    guest.probed_at = Clock::now();
    sink.message(session, udp::encode_probe(guest.probe));
  }

  // --- The desk
  // ------------------------------------------------------------------------------------

  /// Answers may come at once, to who asks with the mutex held.
  template <class Task>
  static void on_loop(const std::weak_ptr<Impl>& weak, Task task) {
    const auto self = weak.lock();
    if (!self) return;
    boost::asio::post(self->timer.get_executor(), [weak, task = std::move(task)] {
      if (const auto alive = weak.lock()) task(*alive);
    });
  }

  /// Asks the desk; its answer is told to `session`. `flag`: is set until then.
  template <class... Args>
  void ask(SessionId session, Guest& guest, bool Guest::*flag, Args&&... args) {
    guest.*flag = true;
    asker.ask_as<ViewPtr>(
        kMatchmakingKind, kDeskId, kAskTimeout,
        [weak = weak_from_this(), session, player = guest.player,
         flag](const Result<ViewPtr>& answer) {
          on_loop(weak, [=](Impl& self) { self.on_answer(session, player, flag, answer); });
        },
        std::forward<Args>(args)...);
  }

  void on_answer(SessionId session, const std::string& player, bool Guest::*flag,
                 const Result<ViewPtr>& answer) {
    const std::lock_guard lock(mutex);
    const auto found = guests.find(session);
    if (found == guests.end()) {  // it left before it was told
      if (answer.ok() && !is_over((*answer)->state)) leaves_behind(player, (*answer)->id);
      return;
    }
    auto& guest = found->second;
    guest.*flag = false;
    if (answer.ok()) return show(session, guest, **answer);
    // It waits already, perhaps since before its connection broke.
    if (answer.code() == ErrorCode::conflict && guest.ticket.empty())
      return ask(session, guest, &Guest::looking, mine_atom::value, guest.player);
    if (answer.code() == ErrorCode::not_found) {
      guest.ticket.clear();
      return tell(session, guest, {});
    }
    // How a ticket stands is asked again by the next sweep: nothing was refused.
    if (flag == &Guest::looking && !guest.ticket.empty()) return;
    refuse(session, guest, answer.error());
  }

  void show(SessionId session, Guest& guest, const TicketView& view) {
    udp::QueueStanding standing;
    standing.state = to_string(view.state);
    if (view.reason != Reason::none) standing.reason = to_string(view.reason);
    standing.ticket = view.id;
    standing.mode = view.mode;
    standing.deadline_ms = view.deadline_ms;
    guest.ticket = is_over(view.state) ? std::string() : view.id;
    guest.mode = view.mode;
    if (view.state != State::matched) return tell(session, guest, std::move(standing));
    standing.region = view.region;
    standing.match = view.match;
    standing.team = static_cast<std::uint8_t>(view.team);
    tickets->issue(guest.player, view.match, kAskTimeout,
                   [weak = weak_from_this(), session, standing](const Result<GameTicket>& ticket) {
                     on_loop(weak, [=](Impl& self) { self.on_ticket(session, standing, ticket); });
                   });
  }

  void on_ticket(SessionId session, udp::QueueStanding standing, const Result<GameTicket>& ticket) {
    const std::lock_guard lock(mutex);
    const auto found = guests.find(session);
    if (found == guests.end()) return;
    if (ticket.ok()) {
      standing.host = ticket->host;
      standing.port = ticket->port;
      standing.ws = ticket->ws;
      standing.token = ticket->token;
    } else {
      standing.reason = ticket.error().detail;
    }
    tell(session, found->second, std::move(standing));
  }

  /// A ticket of a player who has just left.
  void leaves_behind(const std::string& player, const std::string& ticket) {
    const bool elsewhere = std::ranges::any_of(
        guests, [&](const auto& entry) { return entry.second.player == player; });
    if (!elsewhere) away.try_emplace(player, Away{ticket, Clock::now() + options.away_for});
  }

  // --- What players say. With the mutex held.
  // -------------------------------------------------------

  void on(SessionId session, Guest& guest, const udp::ProbeMessage& message) {
    if (guest.probe == 0 || message.number != guest.probe) return;
    guest.probe = 0;
    const std::chrono::duration<double, std::milli> took = Clock::now() - guest.probed_at;
    guest.round_trip_ms = std::min(guest.round_trip_ms.value_or(took.count()), took.count());
    if (guest.probes < kProbes) return probe(session, guest);
    if (!guest.told.state.empty()) tell(session, guest, guest.told);  // with the ping now
  }

  void on(SessionId session, Guest& guest, const udp::QueueMessage& message) {
    if (guest.asked) return refuse(session, guest, error(ErrorCode::conflict, "one at a time"));
    WishFields fields{message.mode, message.party, message.roles, {}, message.auto_accept};
    for (const auto& [region, ms] : message.pings) {
      if (region != options.region) fields.pings.emplace_back(region, ms);
    }
    const bool ours = std::ranges::find(options.regions, options.region) != options.regions.end();
    if (ours && guest.round_trip_ms) fields.pings.emplace_back(options.region, ping_of(guest));
    const auto wish = make_wish(fields, guest.player, options.modes, options.regions);
    if (!wish.ok()) return refuse(session, guest, wish.error());
    ask(session, guest, &Guest::asked, enter_atom::value, *wish);
  }

  void on(SessionId session, Guest& guest, const udp::QueueAnswerMessage& message) {
    if (guest.asked) return refuse(session, guest, error(ErrorCode::conflict, "one at a time"));
    if (guest.ticket.empty())
      return refuse(session, guest, error(ErrorCode::conflict, "there is nothing to answer"));
    if (!message.accept)
      return ask(session, guest, &Guest::asked, leave_atom::value, guest.ticket, guest.player);
    const auto mode = std::ranges::find(options.modes, guest.mode, &Mode::name);
    if (mode == options.modes.end()) return;
    const auto roles = make_roles(message.roles, mode->roles);
    if (!roles.ok()) return refuse(session, guest, roles.error());
    ask(session, guest, &Guest::asked, accept_atom::value, guest.ticket,
        PartyMember{guest.player, *roles, false, false, message.auto_accept});
  }

  // --- Time
  // ----------------------------------------------------------------------------------------

  void sweep() {
    timer.expires_after(options.look_every);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      self->look();
      self->sweep();
    });
  }

  void look() {
    const std::lock_guard lock(mutex);
    std::size_t looks = 0;
    auto at = guests.lower_bound(look_next);
    for (auto left = guests.size(); left > 0 && looks < kMostLooks; --left, ++at) {
      if (at == guests.end()) at = guests.begin();
      auto& [session, guest] = *at;
      if (guest.looking || guest.ticket.empty()) continue;
      ++looks;
      ask(session, guest, &Guest::looking, look_atom::value, guest.ticket, guest.player);
    }
    look_next = at == guests.end() ? 0 : at->first;
    const auto now = Clock::now();
    std::erase_if(away, [&](const auto& entry) {
      const auto& [player, gone] = entry;
      if (now < gone.until) return false;
      asker.ask_as<ViewPtr>(
          kMatchmakingKind, kDeskId, kAskTimeout, [](const Result<ViewPtr>&) {}, leave_atom::value,
          gone.ticket, player);
      return true;
    });
  }
};

GameLobby::GameLobby(actors::Asker& asker, std::shared_ptr<const GameTickets> tickets,
                     udp::MessageSink& sink, boost::asio::io_context& loop,
                     GameLobbyOptions options)
    : impl_(std::make_shared<Impl>(asker, std::move(tickets), sink, loop, std::move(options))) {
  impl_->sweep();
}

GameLobby::~GameLobby() = default;

void GameLobby::enter(const Client& client) {
  const std::lock_guard lock(impl_->mutex);
  const auto [found, fresh] = impl_->guests.try_emplace(client.session);
  auto& guest = found->second;
  guest.player = client.player;
  impl_->away.erase(client.player);
  guest.told = {};
  guest.told.state.clear();  // so that the first answer is told, whatever it is
  if (fresh) impl_->probe(client.session, guest);
  if (!guest.looking)
    impl_->ask(client.session, guest, &Guest::looking, mine_atom::value, client.player);
}

void GameLobby::hear(const Client& client, const udp::LobbyMessage& message) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->guests.find(client.session);
  if (found == impl_->guests.end()) return;
  std::visit([&](const auto& said) { impl_->on(client.session, found->second, said); }, message);
}

void GameLobby::leave(const Client& client) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->guests.find(client.session);
  if (found == impl_->guests.end()) return;
  const auto guest = std::move(found->second);
  impl_->guests.erase(found);
  if (!guest.ticket.empty()) impl_->leaves_behind(guest.player, guest.ticket);
}

}  // namespace troupe::api
