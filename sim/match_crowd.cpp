#include "sim/match_crowd.hpp"

#include <algorithm>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "net/client/arena.hpp"
#include "sim/http_client.hpp"

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;
/// Of one turn: what comes meanwhile waits in the sockets.
constexpr auto kPause = std::chrono::milliseconds(1);

}  // namespace

Result<Crowd> Crowd::make(const Endpoint& endpoint, int players, int per_match,
                          std::uint64_t seed) {
  Crowd crowd(endpoint, seed);
  HttpClient http(endpoint.host, endpoint.http_port, endpoint.token("sim-host", ""));
  for (int i = 0; i < players; ++i) {
    if (i % per_match == 0) {
      const auto made = http.post("/api/v1/matches", {{"max_players", std::max(2, per_match)}});
      if (!made.ok()) return made.error();
      if (made->status != 201) return error(ErrorCode::unavailable, "no match: " + made->body);
      crowd.matches_.push_back(std::string(made->json().at("id").as_string()));
    }
    crowd.players_.push_back({fmt::format("crowd{}", i), crowd.matches_.size() - 1, {}, -1, 0});
  }
  // A socket each, as real players have, and one for intruders.
  for (int i = 0; i <= players; ++i) {
    auto host = client::ClientHost::create();
    if (!host.ok()) return host.error();
    crowd.hosts_.push_back(std::move(*host));
  }
  return crowd;
}

Result<void> Crowd::join(CrowdPlayer& player) {
  HttpClient http(endpoint_.host, endpoint_.http_port, endpoint_.token(player.name, ""));
  const auto joined = http.request("POST", "/api/v1/matches/" + matches_[player.match] + "/join");
  if (!joined.ok()) return joined.error();
  if (joined->status != 200) return error(ErrorCode::unavailable, "no token: " + joined->body);
  const auto ticket = joined->json();
  const auto number = static_cast<std::size_t>(&player - players_.data());
  auto game = hosts_[number]->connect(std::string(ticket.at("host").as_string()),
                                      ticket.at("port").to_number<std::uint16_t>(),
                                      std::string(ticket.at("token").as_string()));
  if (!game.ok()) return game.error();
  player.game = std::move(*game);
  return {};
}

Result<std::unique_ptr<client::GameClient>> Crowd::join_with(const std::string& token) {
  return hosts_.back()->connect(endpoint_.host, endpoint_.game_port, token);
}

void Crowd::note(CrowdPlayer& player) {
  if (!player.game) return;
  mismatches_ += player.game->statistics().mismatches;
  if (player.game->latest() == nullptr) return;
  player.seen_tick = std::max(player.seen_tick, player.game->latest()->tick);
  player.slot = player.game->slot();
}

void Crowd::leave(CrowdPlayer& player) {
  note(player);
  if (player.game) player.game->disconnect();
  player.game.reset();
}

void Crowd::vanish(CrowdPlayer& player) {
  note(player);
  if (player.game) player.game->drop();
  player.game.reset();
}

bool Crowd::plays(const CrowdPlayer& player) const {
  return player.game && player.game->state() == client::State::playing &&
         player.game->latest() != nullptr;
}

void Crowd::turn() {
  for (auto& host : hosts_) host->service(0);
  std::this_thread::sleep_for(kPause);
  if (Clock::now() < next_turn_) return;
  next_turn_ = Clock::now() + std::chrono::milliseconds(33);
  for (auto& player : players_) {
    if (!player.game) continue;
    client::arena::send(*player.game,
                        {static_cast<std::int8_t>(static_cast<int>(random_() % 3) - 1),
                         static_cast<std::int8_t>(static_cast<int>(random_() % 3) - 1),
                         static_cast<std::uint8_t>(random_()), random_() % 15 == 0});
  }
}

bool Crowd::play_until(const std::function<bool()>& condition, std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  while (!condition()) {
    if (Clock::now() >= until) return false;
    turn();
  }
  return true;
}

void Crowd::play(std::chrono::milliseconds length) {
  play_until([] { return false; }, length);
}

Result<MatchCounts> Crowd::counts(std::size_t match) const {
  HttpClient http(endpoint_.host, endpoint_.http_port, endpoint_.token("sim-host", ""));
  const auto reply = http.get("/api/v1/matches/" + matches_[match]);
  if (!reply.ok()) return reply.error();
  if (reply->status != 200) return error(ErrorCode::unavailable, reply->body);
  const auto info = reply->json();
  return MatchCounts{info.at("connected").to_number<int>(), info.at("players").to_number<int>(),
                     info.at("tick").to_number<std::uint32_t>()};
}

std::vector<std::string> Crowd::miscounts() {
  std::vector<int> expected(matches_.size());
  for (const auto& player : players_) expected[player.match] += plays(player) ? 1 : 0;
  std::vector<std::string> wrong;
  for (std::size_t i = 0; i < matches_.size(); ++i) {
    const auto said = counts(i);
    const int connected = said.ok() ? said->connected : -1;
    if (connected != expected[i])
      wrong.push_back(fmt::format("match {} counts {} clients, but {} play", matches_[i], connected,
                                  expected[i]));
  }
  return wrong;
}

Result<int> Crowd::matches_played() const {
  HttpClient http(endpoint_.host, endpoint_.http_port, endpoint_.token("sim-root", "admin"));
  const auto reply = http.get("/api/v1/fleet/hosts");
  if (!reply.ok()) return reply.error();
  if (reply->status != 200) return error(ErrorCode::unavailable, reply->body);
  return reply->json().at("matches").to_number<int>();
}

double Crowd::metric(const std::string& name) const {
  HttpClient http(endpoint_.host, endpoint_.http_port);
  const auto reply = http.get("/metrics");
  if (!reply.ok() || reply->status != 200) return -1;
  double sum = 0;
  for (auto at = reply->body.find("\n" + name); at != std::string::npos;
       at = reply->body.find("\n" + name, at + 1)) {
    const auto line = reply->body.substr(at + 1, reply->body.find('\n', at + 1) - at - 1);
    sum += std::strtod(line.c_str() + line.rfind(' ') + 1, nullptr);
  }
  return sum;
}

}  // namespace troupe::sim
