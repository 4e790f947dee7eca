// A reader of media playlists that objects to whatever draft-ietf-hls-rfc8216bis forbids. Shares no
// code with the writer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::test {

struct ReadPart {
  double duration = 0;
  std::string uri;
  bool independent = false;
};
struct ReadSegment {
  double duration = 0;  ///< 0: still under way
  std::string uri;      ///< empty: still under way
  std::string map;
  std::string date_time;
  bool discontinuity = false;
  bool gap = false;
  std::vector<ReadPart> parts;
};
/// Where another playlist is, by its rendition report.
struct ReadReport {
  std::uint64_t last_number = 0;
  std::optional<std::size_t> last_part;
};
struct ReadPlaylist {
  int version = 0;
  double target_duration = 0;
  double part_target = 0;
  std::uint64_t media_sequence = 0;
  std::uint64_t discontinuity_sequence = 0;
  std::size_t skipped = 0;
  bool ended = false;
  std::string hint;
  std::vector<std::string> reports;            ///< the URIs
  std::map<std::string, ReadReport> reported;  ///< what each of them says
  std::vector<ReadSegment> segments;
  std::vector<std::string> objections;  ///< rules that are broken, in words with the section
};

[[nodiscard]] ReadPlaylist read_playlist(std::string_view text);

/// Objections to what another playlist reported of `list` at the same time (section 4.4.5.4).
[[nodiscard]] std::vector<std::string> check_report(const ReadReport& report,
                                                    const ReadPlaylist& list);

/// Objections to a multivariant playlist (section 4.4.6); none: it keeps the rules.
[[nodiscard]] std::vector<std::string> check_multivariant(std::string_view text);

/// What a later state of the same playlist must not have changed (section 6.2.1): target durations,
/// and what the segments that both hold are.
[[nodiscard]] std::vector<std::string> compare_playlists(const ReadPlaylist& before,
                                                         const ReadPlaylist& after);

}  // namespace troupe::test
