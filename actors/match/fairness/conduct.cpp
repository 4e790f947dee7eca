#include "actors/match/fairness/conduct.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace troupe::fairness {
namespace {

using What = game::Notice::What;

Share& share_of(Conduct& conduct, Suspicion suspicion) {
  return conduct.shares[static_cast<std::size_t>(suspicion)];
}

void keep(Conduct& conduct, Evidence evidence) {
  auto& all = conduct.evidence;
  const auto same = [&](const Evidence& e) { return e.suspicion == evidence.suspicion; };
  if (static_cast<std::size_t>(std::ranges::count_if(all, same)) >= kMaxEvidence)
    all.erase(std::ranges::find_if(all, same));
  all.push_back(std::move(evidence));
}

void count(Conduct& conduct, const Report& report, const game::Notice& notice, Suspicion suspicion,
           bool of) {
  auto& share = share_of(conduct, suspicion);
  share.all += 1;
  if (!of) return;
  share.of += 1;
  keep(conduct, {report.match, notice.tick, report.slot, notice.value, suspicion});
}

/// `of` all commands of the report.
void count_all(Conduct& conduct, const Report& report, Suspicion suspicion, std::uint32_t of) {
  auto& share = share_of(conduct, suspicion);
  share.all += report.used + of;
  share.of += of;
  if (of == 0) return;
  const auto value = static_cast<std::uint16_t>(std::min<std::uint32_t>(of, UINT16_MAX));
  keep(conduct, {report.match, report.tick, report.slot, value, suspicion});
}

}  // namespace

std::string_view to_string(Suspicion suspicion) noexcept {
  switch (suspicion) {
    case Suspicion::accuracy:
      return "accuracy";
    case Suspicion::reaction:
      return "reaction";
    case Suspicion::snap:
      return "snap";
    case Suspicion::flood:
      return "flood";
    case Suspicion::future:
      return "future";
    case Suspicion::invalid:
      break;
  }
  return "invalid";
}

Thresholds at_ticks(Thresholds of_thirty, int tick_hz) noexcept {
  constexpr int kHz = 30, kLeastHz = 10;
  if (tick_hz >= kHz) return of_thirty;
  auto out = of_thirty;
  out.fastest_reaction = static_cast<std::uint16_t>(out.fastest_reaction * tick_hz / kHz);
  out.snap_turn = static_cast<std::uint16_t>(out.snap_turn * kHz / std::max(tick_hz, 1));
  if (tick_hz < kLeastHz) out.reaction.limit = out.snap.limit = 1;  // which no share is above
  return out;
}

double wilson_lower(const Share& share, double z) noexcept {
  if (share.all <= 0) return 0;
  const double n = share.all, p = std::clamp(share.of / n, 0.0, 1.0), z2 = z * z;
  const double middle = p + z2 / (2 * n);
  const double spread = z * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return std::max(0.0, (middle - spread) / (1 + z2 / n));
}

void fold(Conduct& conduct, const Report& report, const Thresholds& thresholds) {
  for (const auto& notice : report.notices) {
    switch (notice.what) {
      case What::shot:
        count(conduct, report, notice, Suspicion::accuracy, notice.value != 0);
        break;
      case What::aimed:
        count(conduct, report, notice, Suspicion::snap, notice.value >= thresholds.snap_turn);
        break;
      case What::reaction:
        count(conduct, report, notice, Suspicion::reaction,
              notice.value <= thresholds.fastest_reaction);
        break;
      case What::seen:
        count(conduct, report, notice, Suspicion::future, notice.value != 0);
        break;
    }
  }
  count_all(conduct, report, Suspicion::flood, report.dropped);
  count_all(conduct, report, Suspicion::invalid, report.invalid);
  for (auto& share : conduct.shares) {
    if (share.all > kRemembered) share = {share.of / 2, share.all / 2};
  }
}

std::vector<Finding> judge(const Conduct& conduct, const Population& population,
                           const Thresholds& thresholds) {
  const auto& others = population.accuracy;
  const double mean = others.all > 0 ? others.of / others.all : 0;
  auto accuracy = thresholds.accuracy;
  accuracy.limit = std::min(0.95, std::max(mean + accuracy.limit, thresholds.least_accuracy));
  const std::array<Detector, kSuspicions> detectors{accuracy,          thresholds.reaction,
                                                    thresholds.snap,   thresholds.flood,
                                                    thresholds.future, thresholds.invalid};
  std::vector<Finding> out;
  for (std::size_t i = 0; i < kSuspicions; ++i) {
    const auto& share = conduct.shares[i];
    if (share.all < detectors[i].least_all) continue;
    const double lower = wilson_lower(share, thresholds.z);
    if (lower > detectors[i].limit)
      out.push_back({static_cast<Suspicion>(i), share, lower, detectors[i].limit});
  }
  return out;
}

void acquit(Conduct& conduct, Suspicion suspicion) {
  share_of(conduct, suspicion) = {};
}

}  // namespace troupe::fairness
