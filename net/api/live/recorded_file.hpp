// The names under which recordings and assets have their files in HTTP.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/recording/recording.hpp"

namespace troupe::api {

/// "init-<epoch>.mp4", "segment-<epoch>-<n>.m4s" or "segment-<epoch>-<n>.vtt".
struct RecordedFile {
  enum class Kind : std::uint8_t { init, segment, captions };
  Kind kind = Kind::init;
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;  ///< not of an init segment
};
[[nodiscard]] std::optional<RecordedFile> parse_recorded_file(std::string_view name);

/// "thumb-<epoch>-<media_us>.jpg"; without the size.
[[nodiscard]] std::optional<media::RecordedThumbnail> parse_recorded_thumbnail(
    std::string_view name);

/// "video" or "audio".
[[nodiscard]] std::optional<media::TrackKind> parse_track(std::string_view name);

}  // namespace troupe::api
