#include "sim/cheat_table.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;

/// Ticks behind the newest snapshot at which players draw the others.
constexpr double kDrawBehind = 2;

}  // namespace

Result<void> CheatTable::open() {
  auto made = client_of("sim-host", "").post("/api/v1/matches", {{"max_players", 16}});
  if (!made.ok()) return made.error();
  if (made->status != 201) return error(ErrorCode::unavailable, "no match: " + made->body);
  match_ = made->json().at("id").as_string();
  auto sockets = client::ClientHost::create(64);
  if (!sockets.ok()) return sockets.error();
  sockets_ = std::move(*sockets);
  // Those who forge packets play alone: nobody would serve the others meanwhile.
  const bool alone = options_.cheat == Cheat::spam || options_.cheat == Cheat::replay ||
                     options_.cheat == Cheat::forged;
  for (int i = 0; i < options_.honest && !alone; ++i) {
    if (auto done = sit(fmt::format("honest{}-{}", options_.seed, i), Hand::person); !done.ok())
      return done;
  }
  return {};
}

Result<std::string> CheatTable::token(const std::string& name) {
  auto joined = client_of(name, "").request("POST", "/api/v1/matches/" + match_ + "/join");
  if (!joined.ok()) return joined.error();
  if (joined->status != 200) return error(ErrorCode::unavailable, "no token: " + joined->body);
  const auto ticket = joined->json();
  port_ = ticket.at("port").to_number<std::uint16_t>();
  return std::string(ticket.at("token").as_string());
}

Result<void> CheatTable::sit(const std::string& name, Hand hand) {
  auto ticket = token(name);
  if (!ticket.ok()) return ticket.error();
  auto game = sockets_->connect(endpoint_.host, port_, *ticket);
  if (!game.ok()) return game.error();
  const auto seed = options_.seed * 101 + seats_.size();
  seats_.push_back({std::move(*game), std::make_unique<Marksman>(hand, seed)});
  return {};
}

void CheatTable::turn(Seat& seat) {
  const auto me = client::arena::predicted(*seat.game);
  const auto shown = client::arena::interpolated(*seat.game, kDrawBehind);
  if (!me || !shown) return client::arena::send(*seat.game, {});
  client::arena::send(*seat.game, seat.mind->decide({.shown = shown.get(),
                                                     .slot = seat.game->slot(),
                                                     .me = {me->x, me->y},
                                                     .tick = shown->tick}));
}

bool CheatTable::play(const std::function<bool()>& done, const std::atomic<bool>& stop) {
  const auto began = Clock::now();
  auto ask = began + std::chrono::seconds(1);
  while (!stop) {
    const auto now = Clock::now();
    fraction_ = std::chrono::duration<double>(now - began) / options_.duration;
    if (now - began > options_.duration) return done();
    sockets_->service(1);
    for (auto& seat : seats_) {
      if (now < seat.next) continue;
      const bool faster = &seat == &seats_.back();
      seat.next = std::max(seat.next, now - std::chrono::milliseconds(100)) +
                  seat.game->command_period() / (faster ? rate : 1);
      turn(seat);
    }
    const auto* newest = look ? client::arena::latest(cheater()) : nullptr;
    if (newest != nullptr && newest->tick != looked_at_) {
      looked_at_ = newest->tick;
      look(*newest);
    }
    if (now < ask) continue;
    ask = now + std::chrono::milliseconds(500);
    if (done()) return true;
  }
  return false;
}

std::vector<std::string> CheatTable::flagged(const std::string& suspicion) {
  std::vector<std::string> out;
  std::string cursor;
  do {
    auto page = admin_.get("/api/v1/fairness/flags?limit=200" +
                           (cursor.empty() ? cursor : "&cursor=" + cursor));
    if (!page.ok() || page->status != 200) {
      unread_ = true;
      return out;
    }
    const auto body = page->json();
    for (const auto& flag : body.at("items").as_array()) {
      if (suspicion.empty() || flag.at("suspicion").as_string() == suspicion)
        out.emplace_back(flag.at("player").as_string());
    }
    const auto* next = body.as_object().if_contains("next");
    cursor = next != nullptr && next->is_string() ? std::string(next->as_string()) : std::string();
  } while (!cursor.empty());
  return out;
}

}  // namespace troupe::sim
