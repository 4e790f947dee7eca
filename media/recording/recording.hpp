// What is on disk of a live session, and its names there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"

namespace troupe::media {

/// A file of whole chunks of one track.
struct RecordedSegment {
  std::uint64_t epoch = 0;   ///< publication: Unix microseconds of its start
  std::uint64_t number = 0;  ///< within the publication
  std::int64_t start_us = 0;
  std::int64_t duration_us = 0;
  std::uint64_t bytes = 0;
  bool key = true;  ///< begins with a key frame; not where the stream had none in time
};

/// Of a segment, unless it is a single chunk: what is over it is cut without a key frame.
inline constexpr std::uint64_t kMaxSegmentBytes = 64U << 20;

/// One track over the publications of a session, oldest first.
struct RecordedTrack {
  Track track;  ///< of the newest publication; without `init`
  std::vector<RecordedSegment> segments;

  [[nodiscard]] std::int64_t duration_us() const noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept;
};

using Recording = std::map<TrackKind, RecordedTrack>;

/// A small JPEG of a picture.
struct RecordedThumbnail {
  std::uint64_t epoch = 0;
  std::int64_t media_us = 0;  ///< on the publication's timeline
  std::uint64_t bytes = 0;

  friend bool operator==(const RecordedThumbnail&, const RecordedThumbnail&) = default;
};

/// `<root>/<session>/<epoch>/`: `publication.json`, and for each track `<kind>-init.mp4`,
/// `<kind>-<n>.m4s` and beside it `<kind>-<n>.idx`, a line "start_us duration_us bytes" for each
/// chunk ("between" behind the first where that is no key frame), written after the chunk itself:
/// what a crash cut off has no line. `captions.txt`, a line
/// "start_us text-in-JSON" for each change; `thumb-<media_us>.jpg`, whole when it has that name.
/// `<root>/<session>/whole` and `trimmed` are marks.
class RecordingFiles {
 public:
  explicit RecordingFiles(std::filesystem::path root) : root_(std::move(root)) {}

  /// Only the characters of ids: what comes from outside never leaves the root.
  [[nodiscard]] static bool is_name(std::string_view session) noexcept;
  [[nodiscard]] std::filesystem::path folder(const std::string& session) const;
  [[nodiscard]] std::filesystem::path folder(const std::string& session, std::uint64_t epoch) const;
  [[nodiscard]] std::filesystem::path init(const std::string& session, std::uint64_t epoch,
                                           TrackKind kind) const;
  [[nodiscard]] std::filesystem::path segment(const std::string& session, TrackKind kind,
                                              const RecordedSegment& segment) const;
  [[nodiscard]] static std::filesystem::path index_of(std::filesystem::path segment);
  [[nodiscard]] std::filesystem::path captions(const std::string& session,
                                               std::uint64_t epoch) const;
  [[nodiscard]] std::filesystem::path thumbnail(const std::string& session, std::uint64_t epoch,
                                                std::int64_t media_us) const;
  [[nodiscard]] std::filesystem::path description(const std::string& session,
                                                  std::uint64_t epoch) const;

  /// Makes the publication's folder with init segments. Errors: io.
  Result<void> begin(const std::string& session, std::uint64_t epoch,
                     const std::vector<Track>& tracks) const;
  /// All sessions that have a folder.
  [[nodiscard]] std::vector<std::string> sessions() const;
  /// Everything of `session` that is whole; files that make no sense are left out.
  [[nodiscard]] Recording load(const std::string& session) const;
  /// In order of time.
  [[nodiscard]] std::vector<RecordedThumbnail> load_thumbnails(const std::string& session) const;
  /// Of one publication, without `init`; empty when there is no such.
  [[nodiscard]] std::vector<Track> tracks(const std::string& session, std::uint64_t epoch) const;
  void erase(const std::string& session, TrackKind kind, const RecordedSegment& segment) const;
  void erase(const std::string& session) const;
  /// All but the marks.
  void erase_publications(const std::string& session) const;
  void erase(const std::string& session, std::uint64_t epoch) const;

  /// The first `bytes` bytes of a file. Errors: not_found, io, too_large (over kMaxReadBytes).
  [[nodiscard]] static Result<std::string> read(const std::filesystem::path& file,
                                                std::optional<std::uint64_t> bytes = std::nullopt);
  static constexpr std::uint64_t kMaxReadBytes = 2 * kMaxSegmentBytes;
  /// Exactly these bytes. Errors: not_found, io.
  [[nodiscard]] static Result<std::string> read_range(const std::filesystem::path& file,
                                                      std::uint64_t offset, std::uint64_t size);
  /// Replaces what is there. Errors: io.
  static Result<void> write(const std::filesystem::path& file, std::string_view bytes);

 private:
  std::filesystem::path root_;
};

[[nodiscard]] std::string_view kind_name(TrackKind kind) noexcept;
/// What an index says behind what does not begin with a key frame.
inline constexpr std::string_view kBetween = "between";
/// Unix time of its first picture.
[[nodiscard]] std::int64_t begin_us(const RecordedSegment& segment) noexcept;
[[nodiscard]] std::int64_t end_us(const RecordedSegment& segment) noexcept;

}  // namespace troupe::media
