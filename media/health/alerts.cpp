#include "media/health/alerts.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <tuple>

namespace troupe::media {
namespace {

constexpr std::size_t kSmoothed = 3;     // seconds: chunks come unevenly
constexpr double kSlack = 0.1;           // better than the limit by so much is good again
constexpr std::int64_t kSeenForS = 30;   // what was decoded longer ago says nothing of now
constexpr double kBlackLuma = 0.04;      // dark films lie above
constexpr double kFrozenChange = 0.004;  // one of 255 steps: encoders do as much by themselves
constexpr double kSilentLufs = -60;

struct Naming {
  std::string_view kind, rule;
  double most;  ///< that the limit may be
};
constexpr std::array<Naming, kAlertKinds> kNames{{
    {"bitrate_below", "bitrate_below_kbps", 1'000'000},
    {"bitrate_above", "bitrate_above_kbps", 1'000'000},
    {"frame_rate_below", "frame_rate_below", 1'000},
    {"key_interval_above", "key_interval_above_s", 3'600},
    {"drift_above", "drift_above_ms", 3'600'000},
    {"black", "black_s", 3'600},
    {"frozen", "frozen_s", 3'600},
    {"silent", "silent_s", 3'600},
    {"rebuffering_above", "rebuffer_ratio_above", 1},
    {"latency_above", "latency_above_ms", 3'600'000},
}};

std::size_t index_of(AlertKind kind) {
  return static_cast<std::size_t>(kind);
}

bool is_seen(AlertKind kind) {
  return kind == AlertKind::black || kind == AlertKind::frozen || kind == AlertKind::silent;
}

}  // namespace

std::string_view to_string(AlertKind kind) noexcept {
  return kNames[index_of(kind)].kind;
}
std::string_view rule_name(AlertKind kind) noexcept {
  return kNames[index_of(kind)].rule;
}

Result<void> set_rule(AlertRules& rules, std::string_view name, std::optional<double> value) {
  const auto bad = [&](std::string_view what) {
    return error(ErrorCode::invalid_argument, std::string(name) + ": " + std::string(what));
  };
  constexpr double kMostPatienceS = 3'600;
  for (auto [rule, into, usual] :
       {std::tuple{"raise_after_s", &rules.raise_after_s, AlertRules{}.raise_after_s},
        std::tuple{"clear_after_s", &rules.clear_after_s, AlertRules{}.clear_after_s}}) {
    if (name != rule) continue;
    if (value && !(*value >= 1 && *value <= kMostPatienceS)) return bad("1 to 3600");
    *into = value.value_or(usual);
    return {};
  }
  const auto found = std::ranges::find(kNames, name, &Naming::rule);
  if (found == kNames.end()) return bad("no such rule");
  if (value && !(*value > 0 && *value <= found->most))
    return bad("above 0, at most " + std::to_string(static_cast<int>(found->most)));
  rules.limits[static_cast<std::size_t>(found - kNames.begin())] = value;
  return {};
}

Result<AlertRules> parse_alert_rules(std::string_view text) {
  AlertRules rules;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto equals = part.find('=');
    double value = 0;
    const auto* end = part.data() + part.size();
    if (equals == std::string_view::npos)
      return error(ErrorCode::invalid_argument, std::string(part) + ": name=number");
    const auto [stop, problem] = std::from_chars(part.data() + equals + 1, end, value);
    if (problem != std::errc() || stop != end)
      return error(ErrorCode::invalid_argument, std::string(part) + ": not a number");
    if (auto set = set_rule(rules, part.substr(0, equals), value); !set.ok()) return set.error();
  }
  return rules;
}

void AlertJudge::note(Seen& seen, const std::optional<double>& value, double threshold,
                      std::int64_t second) {
  if (!value) return;
  const bool was_bad = seen.value && *seen.value < threshold && second - seen.second <= kSeenForS;
  if (*value < threshold && !was_bad) seen.bad_since = second;
  seen.value = value;
  seen.second = second;
}

AlertJudge::Verdict AlertJudge::seen_verdict(const Seen& seen, double threshold,
                                             std::int64_t second) const {
  if (!seen.value || second - seen.second > kSeenForS) return {};
  const bool bad = *seen.value < threshold;
  return {true, bad, !bad, bad ? static_cast<double>(second - seen.bad_since) : 0};
}

AlertJudge::Verdict AlertJudge::verdict(AlertKind kind, double limit, const HealthSample& sample,
                                        const ViewersLook& viewers) const {
  const auto below = [&](double value) {
    return Verdict{true, value < limit, value >= limit * (1 + kSlack), value};
  };
  const auto above = [&](double value) {
    return Verdict{true, value > limit, value <= limit * (1 - kSlack), value};
  };
  const auto mean = [&](auto figure) {
    const auto sum = std::accumulate(last_.begin(), last_.end(), 0.0,
                                     [&](double s, const auto& one) { return s + figure(one); });
    return sum / static_cast<double>(last_.size());
  };
  const auto bitrate = [](const HealthSample& one) {
    return one.video_kbit_per_s + one.audio_kbit_per_s;
  };
  switch (kind) {
    case AlertKind::bitrate_below:
      return below(mean(bitrate));
    case AlertKind::bitrate_above:
      return above(mean(bitrate));
    case AlertKind::frame_rate_below:
      return below(mean([](const HealthSample& one) { return one.frames_per_s; }));
    case AlertKind::key_interval_above:
      return above(sample.key_interval_s);
    case AlertKind::drift_above:
      return above(std::abs(sample.drift_ms));
    case AlertKind::black:
      return seen_verdict(luma_, kBlackLuma, sample.second);
    case AlertKind::frozen:
      return seen_verdict(change_, kFrozenChange, sample.second);
    case AlertKind::silent:
      return seen_verdict(sound_, kSilentLufs, sample.second);
    case AlertKind::rebuffering_above:
      return viewers.rebuffer_ratio ? above(*viewers.rebuffer_ratio) : Verdict{};
    case AlertKind::latency_above:
      return viewers.latency_ms ? above(*viewers.latency_ms) : Verdict{};
  }
  return {};
}

std::vector<AlertChange> AlertJudge::judge(const HealthSample& sample, const ViewersLook& viewers) {
  last_.push_back(sample);
  if (last_.size() > kSmoothed) last_.pop_front();
  note(luma_, sample.luma, kBlackLuma, sample.second);
  note(change_, sample.picture_change, kFrozenChange, sample.second);
  note(sound_, sample.momentary_lufs, kSilentLufs, sample.second);
  std::vector<AlertChange> out;
  for (std::size_t i = 0; i < kAlertKinds; ++i) {
    const auto kind = static_cast<AlertKind>(i);
    auto& state = states_[i];
    const auto limit = rules_.limits[i];
    const auto now = limit ? verdict(kind, *limit, sample, viewers) : Verdict{};
    // What is not known any more, or asked for no more, is no alert.
    const bool good = !now.known || now.good;
    state.bad_s = now.bad ? state.bad_s + 1 : 0;
    state.good_s = good ? state.good_s + 1 : 0;
    if (state.on) state.raised.value = now.value;
    const bool long_bad =
        is_seen(kind) ? now.bad && now.value >= *limit : state.bad_s >= rules_.raise_after_s;
    if (!state.on && long_bad) {
      state.on = true;
      state.raised = {kind, true, now.value, *limit, sample.second};
      out.push_back(state.raised);
    } else if (state.on && (!limit || state.good_s >= rules_.clear_after_s)) {
      state.on = false;
      out.push_back({kind, false, now.value, state.raised.limit, sample.second});
    }
  }
  return out;
}

std::vector<AlertChange> AlertJudge::stop(std::int64_t second) {
  std::vector<AlertChange> out;
  for (auto& state : states_) {
    if (state.on) out.push_back({state.raised.kind, false, 0, state.raised.limit, second});
    state = {};
  }
  last_.clear();
  luma_ = change_ = sound_ = {};
  return out;
}

std::vector<AlertChange> AlertJudge::on() const {
  std::vector<AlertChange> out;
  for (const auto& state : states_)
    if (state.on) out.push_back(state.raised);
  return out;
}

}  // namespace troupe::media
