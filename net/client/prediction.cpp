#include "net/client/prediction.hpp"

#include <algorithm>
#include <cstdlib>

namespace troupe::client {
namespace {

std::uint32_t apart(const game::Place& a, const game::Place& b) {
  return static_cast<std::uint32_t>(std::max(std::abs(a.x - b.x), std::abs(a.y - b.y)));
}

}  // namespace

void Prediction::use(std::unique_ptr<game::Predictor> predictor) {
  predictor_ = std::move(predictor);
  forget_place();
}

void Prediction::forget_place() noexcept {
  for (auto& sent : unconfirmed_) sent.where.reset();
  confirmed_.reset();
}

std::optional<game::Place> Prediction::where() const {
  return predictor_ ? predictor_->where() : std::nullopt;
}

std::optional<std::uint32_t> Prediction::predict(const game::PackedCommand& command) {
  if (unconfirmed_.size() >= kMaxAhead) return std::nullopt;
  if (predictor_) predictor_->apply(command);
  unconfirmed_.push_back({next_sequence_, command, where()});
  measure_divergence();
  return next_sequence_++;
}

void Prediction::compare(const Sent& sent) {
  if (!sent.where || !confirmed_) return;  // one who comes back does so elsewhere
  const auto off = apart(*sent.where, *confirmed_);
  if (off == 0) return;
  ++statistics_.corrections;
  statistics_.largest_correction = std::max(statistics_.largest_correction, off);
}

void Prediction::reconcile(const game::View& view, std::uint32_t confirmed) {
  // A match that was restarted has used nothing yet.
  if (confirmed > newest()) confirmed = 0;
  if (predictor_) predictor_->confirm(view);
  confirmed_ = where();
  while (!unconfirmed_.empty() && unconfirmed_.front().sequence < confirmed)
    unconfirmed_.pop_front();
  if (!unconfirmed_.empty() && unconfirmed_.front().sequence == confirmed) {
    compare(unconfirmed_.front());
    unconfirmed_.pop_front();
  }
  for (auto& sent : unconfirmed_) {
    if (predictor_) predictor_->apply(sent.command);
    sent.where = where();
  }
  measure_divergence();
}

void Prediction::measure_divergence() {
  const auto ahead = where();
  if (!ahead || !confirmed_) return;
  statistics_.largest_divergence =
      std::max(statistics_.largest_divergence, apart(*ahead, *confirmed_));
}

}  // namespace troupe::client
