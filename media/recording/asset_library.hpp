// Makes assets of recordings one after the other, and reads them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/recording/asset.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::media {

struct AssetOptions {
  std::filesystem::path directory;
  std::filesystem::path recordings;                        ///< where the recorder has its own
  std::uint64_t max_disk_bytes = std::uint64_t{20} << 30;  ///< of all; then no more are made
  std::size_t max_queued = 1'024;
  AssetFiles::Step step;  ///< for tests
};

/// One thread hands recordings over; an order lives as long as the process, whoever gave it gives
/// it again in the next. Thread-safe.
class AssetLibrary {
 public:
  struct Order {
    std::string asset;
    std::string session;
  };
  /// Runs on the library's thread with what became of an order; not at all when the process ends
  /// first. Errors: not_found (nothing is recorded), overloaded (the disk's share is used up), io,
  /// corrupt.
  using Done = std::function<void(const std::string& asset,
                                  const Result<std::shared_ptr<const AssetMedia>>&)>;

  /// Errors: io. `recorder` outlives the library.
  static Result<std::unique_ptr<AssetLibrary>> open(AssetOptions options, Recorder& recorder,
                                                    Metrics& metrics);
  /// Gives up what is being made.
  ~AssetLibrary();

  /// Before the first order. What is on disk and has no place in `known` goes; `pending` is ordered
  /// anew.
  void resume(const std::vector<std::string>& known, const std::vector<Order>& pending, Done done);
  /// Whether the session could become an asset now. Errors: not_found (nothing is recorded),
  /// overloaded (the disk's share is used up, or too many wait).
  [[nodiscard]] Result<void> may_take(const std::string& session) const;
  /// Never blocks; once more for the same asset changes nothing while it waits.
  void order(const Order& order);
  /// Blocks on the disk. Nothing happens when there is none.
  void erase(const std::string& asset);

  /// Of an asset that is whole; may block on the disk. Errors: not_found, corrupt.
  [[nodiscard]] Result<std::shared_ptr<const AssetMedia>> open(const std::string& asset) const;
  [[nodiscard]] const RecordingFiles& files() const noexcept;

 private:
  struct Impl;
  explicit AssetLibrary(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::media
