// Common Media Client Data: what players tell with their requests (CTA-5004, and of CTA-5004-A the
// keys for live). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::api {

/// The keys that we use; what was not told is empty.
struct Cmcd {
  std::string session_id;                        ///< sid, at most 64 bytes
  std::optional<std::uint64_t> bitrate_kbps;     ///< br, of what is asked for
  std::optional<std::uint64_t> buffer_ms;        ///< bl
  std::optional<std::uint64_t> throughput_kbps;  ///< mtp, as measured
  std::optional<std::uint64_t> latency_ms;       ///< ltc: behind live
  std::optional<std::uint64_t> start_ms;    ///< msd: from the wish to play to the first picture
  std::optional<std::uint64_t> starved_ms;  ///< bsd: how long the last starvation took
  bool starved = false;                     ///< bs: the buffer ran dry since the last request
  bool starting = false;                    ///< su: wanted urgently, to start or recover
  char streaming_format = 0;                ///< sf: 'd' DASH, 'h' HLS, 's' smooth, 'o' other

  friend bool operator==(const Cmcd&, const Cmcd&) = default;
};

inline constexpr std::size_t kMaxCmcdBytes = 2'048;

/// Takes the pairs of one header, or of the decoded query argument, into `out`. What is malformed
/// ends the reading, since nothing after it can be told apart; keys that are not known, or have
/// values that make no sense, are passed over. More than kMaxCmcdBytes: nothing is read.
void read_cmcd(std::string_view text, Cmcd& out);

}  // namespace troupe::api
