#include "net/client/prediction.hpp"

#include <algorithm>
#include <cstdlib>

namespace troupe::client {
namespace {

std::uint32_t apart(game::Length ax, game::Length ay, game::Length bx, game::Length by) {
  return static_cast<std::uint32_t>(std::max(std::abs(ax - bx), std::abs(ay - by)));
}

}  // namespace

std::optional<std::uint32_t> Prediction::predict(const game::Command& command) {
  if (unconfirmed_.size() >= kMaxAhead) return std::nullopt;
  if (player_ && player_->respawn == 0) game::move(*player_, command);
  unconfirmed_.push_back(
      {next_sequence_, command, player_ ? player_->x : 0, player_ ? player_->y : 0});
  measure_divergence();
  return next_sequence_++;
}

void Prediction::compare(const game::PlayerView& own, const Sent& sent) {
  const auto off = apart(sent.x, sent.y, own.x, own.y);
  if (off == 0 || !own.alive || !was_alive_) return;  // one who comes back does so elsewhere
  ++statistics_.corrections;
  statistics_.largest_correction = std::max(statistics_.largest_correction, off);
}

void Prediction::reconcile(const game::PlayerView& own, std::uint32_t confirmed) {
  // A match that was restarted has used nothing yet.
  if (confirmed > newest()) confirmed = 0;
  while (!unconfirmed_.empty() && unconfirmed_.front().sequence < confirmed)
    unconfirmed_.pop_front();
  if (!unconfirmed_.empty() && unconfirmed_.front().sequence == confirmed) {
    compare(own, unconfirmed_.front());
    unconfirmed_.pop_front();
  }
  was_alive_ = own.alive;
  confirmed_x_ = own.x;
  confirmed_y_ = own.y;
  game::Player player;
  player.present = true;
  player.x = own.x;
  player.y = own.y;
  player.aim = own.aim;
  player.health = own.health;
  player.respawn = own.alive ? 0 : 1;
  player.score = own.score;
  for (auto& sent : unconfirmed_) {
    if (own.alive) game::move(player, sent.command);
    sent.x = player.x;
    sent.y = player.y;
  }
  player_ = player;
  measure_divergence();
}

void Prediction::measure_divergence() {
  if (!player_) return;
  statistics_.largest_divergence = std::max(
      statistics_.largest_divergence, apart(player_->x, player_->y, confirmed_x_, confirmed_y_));
}

}  // namespace troupe::client
