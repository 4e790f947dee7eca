// On-demand assets on disk: recordings that were handed over whole, synced, and never change again.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "media/playlist/captions.hpp"
#include "media/recording/recorder.hpp"

namespace troupe::media {

/// One publication of an asset and where it lies on the asset's timeline, which begins at 0.
struct AssetPart {
  std::uint64_t epoch = 0;
  std::vector<Track> tracks;              ///< without `init`
  std::int64_t begin_us = 0, end_us = 0;  ///< of the publication's media
  std::int64_t at_us = 0;                 ///< on the asset's timeline

  [[nodiscard]] std::int64_t duration_us() const noexcept { return end_us - begin_us; }
};

/// What an asset holds. Immutable.
struct AssetMedia {
  Recording recording;
  std::vector<AssetPart> parts;  ///< oldest first
  std::vector<RecordedThumbnail> thumbnails;
  CaptionBook captions;
  bool complete = true;     ///< nothing was gone from the recording's beginning
  std::uint64_t bytes = 0;  ///< of segments and thumbnails

  [[nodiscard]] std::int64_t duration_us() const noexcept;
  [[nodiscard]] const AssetPart* part(std::uint64_t epoch) const noexcept;
  /// Nothing when it is none of the asset's.
  [[nodiscard]] const RecordedSegment* segment(TrackKind kind, std::uint64_t epoch,
                                               std::uint64_t number) const noexcept;
};

/// What is in the folder `name`, in order, with what has to be read for that. Blocks. Errors:
/// corrupt.
[[nodiscard]] Result<AssetMedia> describe_recording(const RecordingFiles& files,
                                                    const std::string& name,
                                                    Recorder::Snapshot recorded);

/// `<root>/<asset>/`: the files of a recording under their names, and `asset.idx`, which lists
/// them. A folder with that name is whole and synced; what is being made is `<asset>.part`.
class AssetFiles {
 public:
  /// Called before each step that leaves a trace on disk. For tests.
  using Step = std::function<void(std::string_view)>;

  explicit AssetFiles(std::filesystem::path root, Step step = {})
      : root_(root), media_(std::move(root)), step_(std::move(step)) {}

  /// Hands a recording over: its files get a second name (or are copied where that is impossible),
  /// are synced, and the folder gets its name. Done before: says what is there. Blocks. Errors:
  /// not_found (nothing is recorded, or it went meanwhile), io, corrupt, unavailable (`stop`).
  Result<AssetMedia> take(const std::string& asset, const RecordingFiles& from,
                          const std::string& session, const Recorder::Snapshot& recorded,
                          const std::atomic<bool>& stop) const;
  /// Errors: not_found, corrupt.
  [[nodiscard]] Result<AssetMedia> load(const std::string& asset) const;
  void erase(const std::string& asset) const;
  /// Those that are whole. Removes what a crash left half made.
  [[nodiscard]] std::vector<std::string> clean() const;
  /// Names of files, as of a recording's.
  [[nodiscard]] const RecordingFiles& media() const noexcept { return media_; }

 private:
  [[nodiscard]] std::filesystem::path folder(const std::string& asset) const {
    return root_ / asset;
  }
  void step(std::string_view name) const {
    if (step_) step_(name);
  }
  Result<void> fill(const std::filesystem::path& part, const RecordingFiles& from,
                    const std::string& session, const Recorder::Snapshot& recorded,
                    const std::atomic<bool>& stop) const;

  const std::filesystem::path root_;
  const RecordingFiles media_;
  const Step step_;
};

/// The lines of `asset.idx`, both ways. Pure. Errors: corrupt.
[[nodiscard]] std::string write_asset_index(const Recorder::Snapshot& recorded);
[[nodiscard]] Result<Recorder::Snapshot> read_asset_index(std::string_view text);

}  // namespace troupe::media
