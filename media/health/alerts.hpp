// When to call somebody: rules over the health of a session, raised and cleared with patience.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "media/health/stream_meter.hpp"

namespace troupe::media {

enum class AlertKind : std::uint8_t {
  bitrate_below,
  bitrate_above,
  frame_rate_below,
  key_interval_above,
  drift_above,
  black,
  frozen,
  silent,
  rebuffering_above,
  latency_above,
};
inline constexpr std::size_t kAlertKinds = 10;
/// "bitrate_below": as clients see it.
[[nodiscard]] std::string_view to_string(AlertKind kind) noexcept;
/// The rule's name with its unit: "bitrate_below_kbps".
[[nodiscard]] std::string_view rule_name(AlertKind kind) noexcept;

struct AlertRules {
  /// In the unit that the rule's name says; nothing: no such rule.
  std::array<std::optional<double>, kAlertKinds> limits;
  double raise_after_s = 5;  ///< black, frozen and silent: the limit itself
  double clear_after_s = 10;

  friend bool operator==(const AlertRules&, const AlertRules&) = default;
};
/// Sets one by its name, `raise_after_s` and `clear_after_s` too; nothing takes a rule away, or
/// sets these two back. Errors: invalid_argument.
Result<void> set_rule(AlertRules& rules, std::string_view name, std::optional<double> value);
/// "bitrate_below_kbps=500,frame_rate_below=15"; empty: none. Errors: invalid_argument.
[[nodiscard]] Result<AlertRules> parse_alert_rules(std::string_view text);

/// Of the last minute; nothing: nobody told.
struct ViewersLook {
  std::optional<double> rebuffer_ratio, latency_ms;
};

struct AlertChange {
  AlertKind kind{};
  bool raised = false;  ///< else cleared
  double value = 0;     ///< that was seen; seconds for black, frozen and silent
  double limit = 0;
  std::int64_t second = 0;  ///< Unix time

  friend bool operator==(const AlertChange&, const AlertChange&) = default;
};

/// The alerts of one session. Bitrate and frame rate are judged over three seconds; an alert clears
/// only once the figure has been better than the limit by a tenth for long enough. What was decoded
/// holds until the next look, half a minute at most. Not thread-safe.
class AlertJudge {
 public:
  void set_rules(const AlertRules& rules) { rules_ = rules; }
  [[nodiscard]] const AlertRules& rules() const noexcept { return rules_; }
  /// The next second.
  std::vector<AlertChange> judge(const HealthSample& sample, const ViewersLook& viewers);
  /// Nobody publishes any more: what is on clears.
  std::vector<AlertChange> stop(std::int64_t second);
  /// What is on, as it was raised, with the value of now.
  [[nodiscard]] std::vector<AlertChange> on() const;

 private:
  struct State {
    bool on = false;
    double bad_s = 0, good_s = 0;  ///< in a row
    AlertChange raised;
  };
  struct Verdict {
    bool known = false;
    bool bad = false, good = false;
    double value = 0;
  };
  /// What the last decoded picture or sound was like.
  struct Seen {
    std::optional<double> value;
    std::int64_t second = 0;
    std::int64_t bad_since = 0;
  };
  [[nodiscard]] Verdict verdict(AlertKind kind, double limit, const HealthSample& sample,
                                const ViewersLook& viewers) const;
  [[nodiscard]] Verdict seen_verdict(const Seen& seen, double threshold, std::int64_t second) const;
  void note(Seen& seen, const std::optional<double>& value, double threshold, std::int64_t second);

  AlertRules rules_;
  std::array<State, kAlertKinds> states_;
  std::deque<HealthSample> last_;
  Seen luma_, change_, sound_;
};

}  // namespace troupe::media
