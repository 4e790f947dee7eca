// Watching matches over WebSocket.
#pragma once

#include <memory>
#include <vector>

#include "actors/match/screening.hpp"
#include "net/ws/broadcast.hpp"

namespace troupe {
class Metrics;
}
namespace troupe::actors {
class Asker;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

/// The matches' Spectators: a room for each match.
class MatchAudience final : public match::Spectators {
 public:
  MatchAudience(std::vector<boost::asio::io_context*> loops, Metrics& metrics,
                std::size_t max_spectators_per_match);

  [[nodiscard]] bool watched(const std::string& match) const override;
  void show(const std::string& match, const std::string& frame) override;
  void ended(const std::string& match, const std::vector<match::Placement>& result) override;

  [[nodiscard]] ws::Broadcast& rooms() noexcept { return rooms_; }

 private:
  ws::Broadcast rooms_;
};

struct MatchWatchApi {
  actors::Asker& asker;
  MatchAudience& audience;
  int tick_hz = 30;
  int delay_ms = 2'000;  ///< told to spectators
  bool anonymous = true;
};

/// WS /api/v1/matches/{id}/watch: a JSON hello, then binary frames (game::Game::spectator_frame),
/// then
/// {"type": "ended", "result": […]}. References must outlive the router.
void mount_match_watch(http::Router& router, const MatchWatchApi& api);

}  // namespace troupe::api
