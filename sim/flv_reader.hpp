// FLV as players read it (Adobe Flash Video File Format Specification 10.1, Annex E), and what a
// viewer can check of it. Shares nothing with what writes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sim/viewer_totals.hpp"

namespace troupe::sim {

struct FlvTag {
  enum Type : std::uint8_t { audio = 8, video = 9, script = 18 };
  std::uint8_t type = 0;
  std::uint32_t time_ms = 0;
  std::string data;

  /// A sequence header, or a script: nothing that is shown.
  [[nodiscard]] bool header() const noexcept;
  [[nodiscard]] bool key() const noexcept;  ///< a key frame
};

class FlvReader {
 public:
  /// The tags that `bytes` complete, in any portions. Errors: corrupt; then nothing more can be
  /// read.
  [[nodiscard]] Result<std::vector<FlvTag>> feed(std::string_view bytes);
  /// Bytes of a tag that has not ended.
  [[nodiscard]] std::size_t rest() const noexcept { return buffer_.size(); }

 private:
  std::string buffer_;
  bool began_ = false;
};

/// Counts into `totals`: `hellos` when the first picture comes, `corrupt` for what is no FLV, for
/// times that run back and for pictures before their headers or a key frame, `gaps` for pictures
/// and sounds that are missing (a step in time of more than kMaxStep of the longest of the last
/// kSteps).
class FlvCheck {
 public:
  static constexpr double kMaxStep = 1.75;
  static constexpr std::size_t kSteps = 8;

  explicit FlvCheck(ViewerTotals& totals) : totals_(totals) {}
  /// False: nothing more can be read.
  bool take(std::string_view bytes);
  [[nodiscard]] bool playing() const noexcept { return playing_; }

 private:
  struct Lane {
    bool configured = false;
    bool changes = false;  ///< headers came while it played
    std::optional<std::uint32_t> last_ms;
    std::array<std::uint32_t, kSteps> steps_ms{};
    std::size_t steps = 0;
  };
  void on_tag(const FlvTag& tag);
  /// The first picture behind other headers comes right after the last, before sound that came
  /// already, and lasts until the next (media/flv/stream.hpp).
  void on_change(const FlvTag& tag);
  void on_step(Lane& lane, std::uint32_t time_ms);

  ViewerTotals& totals_;
  FlvReader reader_;
  Lane video_, audio_;
  std::optional<std::uint32_t> last_ms_;
  bool playing_ = false;
};

}  // namespace troupe::sim
