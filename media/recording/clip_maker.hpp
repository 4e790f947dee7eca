// Makes clips one after the other, and keeps them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/recording/clip.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::media {

enum class ClipState : std::uint8_t { queued, making, ready, failed };
/// "queued", "making", "ready", "failed".
[[nodiscard]] std::string_view to_string(ClipState state) noexcept;

struct Clip {
  std::string id;
  std::string session;  ///< or asset: what it is of
  std::string by;       ///< user id
  std::string title;
  ClipCut cut = ClipCut::key_frame;
  ClipState state = ClipState::queued;
  std::int64_t from_us = 0, to_us = 0;  ///< wanted; what it holds once it is ready. Unix time.
  std::uint64_t bytes = 0;
  std::uint64_t pictures = 0;
  Result<void> why;  ///< of `failed`

  friend bool operator==(const Clip& a, const Clip& b) {
    return a.id == b.id && a.state == b.state;
  }
};

struct ClipOptions {
  std::filesystem::path directory;
  std::int64_t max_us = 600'000'000;
  std::int64_t max_encoded_us = 120'000'000;  ///< of one that is encoded anew
  std::uint64_t max_bytes = 64U << 20;        ///< of one: it is held in memory while it is sent
  std::uint64_t max_disk_bytes = std::uint64_t{2} << 30;  ///< of all that are kept
  std::size_t max_queued = 16;
  std::size_t max_of_session = 100;
};

/// `<directory>/<session>/<id>.mp4` and beside it `<id>.json`, written last: what a crash cut off
/// has none and is removed at the next start. One thread of nice 10 makes them. Thread-safe.
class ClipMaker {
 public:
  /// Finds what a clip is to be made of, on any thread; as plan_clip.
  using Planner = std::function<Result<ClipPlan>(const std::string& source, std::int64_t from_us,
                                                 std::int64_t to_us)>;
  /// Errors: io.
  static Result<std::unique_ptr<ClipMaker>> open(ClipOptions options, Planner planner,
                                                 Metrics& metrics);
  /// Gives up what is being made.
  ~ClipMaker();

  /// Errors: invalid_argument, not_found (nothing is recorded of that time), too_large, conflict
  /// (as many of the session as may be), overloaded (too many wait, or the disk's share is used
  /// up).
  struct Order {
    std::string session;
    std::string by, title;
    std::int64_t from_us = 0, to_us = 0;
    ClipCut cut = ClipCut::key_frame;
  };
  Result<Clip> order(const Order& order);
  [[nodiscard]] std::optional<Clip> find(const std::string& session, const std::string& id) const;
  /// Newest first.
  [[nodiscard]] std::vector<Clip> list(const std::string& session) const;
  /// Blocks on the disk. Errors: not_found, conflict (it is being made).
  Result<void> erase(const std::string& session, const std::string& id);
  /// All of a session or an asset that is gone. Blocks on the disk.
  void erase_of(const std::string& source);
  /// What there are clips of.
  [[nodiscard]] std::set<std::string> sources() const;
  /// Of a clip that is ready; blocks on the disk. Errors: not_found, io.
  [[nodiscard]] Result<std::string> read(const Clip& clip, std::uint64_t offset,
                                         std::uint64_t size) const;

 private:
  struct Impl;
  explicit ClipMaker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::media
