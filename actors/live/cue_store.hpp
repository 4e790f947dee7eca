// Timed metadata that is still due, as it is stored: by the moment on the clock, since the timeline
// that it was made for may be gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"

namespace troupe::live {

struct DueCue {
  std::uint64_t number = 0;
  std::int64_t due_us = 0;  ///< Unix time
  std::string scheme, payload;

  friend bool operator==(const DueCue&, const DueCue&) = default;
};

[[nodiscard]] std::string cue_key(std::string_view session, std::uint64_t number);
[[nodiscard]] std::string encode_cue(const DueCue& cue);
/// Nothing when the bytes fail verification.
[[nodiscard]] std::optional<DueCue> decode_cue(std::uint64_t number, std::string_view bytes);

void add_cue_checks(storage::RecordChecks& checks);

/// Of all sessions, each with its session. Blocks.
[[nodiscard]] Result<std::vector<std::pair<std::string, DueCue>>> load_cues(
    const storage::Store& store);

}  // namespace troupe::live
