#include "media/ladder/lag_policy.hpp"

#include <algorithm>

namespace troupe::media {
namespace {

/// One that has been back for so many times what it waited for has not failed.
constexpr int kProven = 10;

}  // namespace

LagPolicy::LagPolicy(LagPolicyOptions options, std::size_t renditions)
    : options_(options), places_(renditions, Place{Place::State::on, options.calm, {}}) {}

void LagPolicy::drop(Place& place, TimePoint now) {
  place.state = Place::State::dropped;
  if (!place.returned_at) return;
  const bool proven = now - *place.returned_at > kProven * place.calm;
  place.calm = proven ? options_.calm : std::min(2 * place.calm, kMaxCalm);
  place.returned_at.reset();
}

LagPolicy::Verdict LagPolicy::judge(TimePoint now, const Look& look) {
  Verdict out;
  const bool settled = !dropped_at_ || now - *dropped_at_ > kSettle;
  const bool slow = look.waited > options_.max_lag && look.media > options_.max_lag && settled;
  if (look.full || slow) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i].state != Place::State::on) continue;
      drop(places_[i], now);
      out.drop.push_back(i);
      if (!look.full) break;
    }
    if (!out.drop.empty()) dropped_at_ = now;
  }
  if (look.full || look.waited > options_.max_lag / 2) {
    calm_since_.reset();
    return out;
  }
  if (!calm_since_) calm_since_ = now;
  if (options_.calm.count() == 0) return out;
  for (std::size_t i = places_.size(); i-- > 0;) {
    auto& place = places_[i];
    if (place.state != Place::State::dropped) continue;
    if (now - *calm_since_ < place.calm) break;
    place.state = Place::State::on;
    place.returned_at = now;
    calm_since_ = now;  // the next one waits for a calm of its own
    out.bring_back = i;
    break;
  }
  return out;
}

void LagPolicy::fail(std::size_t rendition) {
  places_[rendition].state = Place::State::failed;
}

std::chrono::milliseconds LagPolicy::calm_for(std::size_t rendition) const {
  return places_[rendition].calm;
}

}  // namespace troupe::media
