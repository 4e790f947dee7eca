// Players of real matches for tests: tokens over HTTP, then the SDK.
#pragma once

#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "net/client/arena.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {

using client::ClientHost;
using client::GameClient;
using client::State;

inline std::string make_match(const ServerProcess& server, int max_players = 8) {
  const auto reply = server.client("host").post("/api/v1/matches", {{"max_players", max_players}});
  EXPECT_EQ(reply->status, 201) << reply->body;
  return std::string(reply->json().at("id").as_string());
}

inline std::string join_token(const ServerProcess& server, const std::string& match,
                              const std::string& player) {
  const auto reply = server.client(player).request("POST", "/api/v1/matches/" + match + "/join");
  EXPECT_EQ(reply->status, 200) << reply->body;
  return std::string(reply->json().at("token").as_string());
}

/// A player on a socket of its own.
struct Bot {
  std::unique_ptr<ClientHost> host = std::move(ClientHost::create()).value();
  std::unique_ptr<GameClient> game;

  void connect(const ServerProcess& server, const std::string& token) {
    connect(server.endpoint().game_port, token);
  }
  void connect(std::uint16_t port, const std::string& token) {
    game = std::move(host->connect("127.0.0.1", port, token)).value();
  }
};

/// Serves all bots and has each send a command per tick, until `condition` holds.
inline bool play(const std::vector<Bot*>& bots,
                 const std::function<game::Command(std::size_t)>& command,
                 const std::function<bool()>& condition, double seconds = 20) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  auto next = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < until) {
    for (auto* bot : bots) bot->host->service(2);
    if (condition()) return true;
    if (std::chrono::steady_clock::now() < next) continue;
    next += std::chrono::milliseconds(33);
    for (std::size_t i = 0; i < bots.size(); ++i) {
      if (bots[i]->game) client::arena::send(*bots[i]->game, command(i));
    }
  }
  return false;
}

inline game::Command wander(std::size_t bot) {
  static unsigned turn = 0;
  ++turn;
  return {static_cast<std::int8_t>(static_cast<int>(turn / 90 % 3) - 1),
          static_cast<std::int8_t>(bot % 2 == 0 ? 1 : -1), static_cast<std::uint8_t>(turn),
          turn % 10 == 0};
}

inline const game::PlayerView* view(const GameClient& of, int slot) {
  const auto* snapshot = client::arena::latest(of);
  return snapshot != nullptr ? game::find_player(*snapshot, slot) : nullptr;
}

}  // namespace troupe::test
