// A stream that we fetch ourselves, from any place that libavformat reads.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "media/packager.hpp"

namespace troupe::media {

struct PullOptions {
  PackagerOptions packager;
  std::chrono::milliseconds open_timeout{20'000};  ///< until the streams are known
  std::chrono::milliseconds idle_timeout{10'000};  ///< without a frame
};

struct Pulled {
  PackageStats stats;
  bool finite = false;  ///< it had a length, and that has been reached
};

/// Schemes that package_url reads.
[[nodiscard]] bool pullable_scheme(std::string_view scheme) noexcept;

/// Reads `url` to its end and hands out its tracks, as package_stream. Frames leave no more than a
/// second before their time, so that a file or a segment of HLS plays in real time. `give_up` is
/// asked all the while; the address that is connected to is the caller's to guard. Blocks. Errors:
/// io (cannot be opened, breaks off), timeout, unsupported, corrupt, too_large (a playlist over 2
/// MiB).
[[nodiscard]] Result<Pulled> package_url(const std::string& url, const PackageSink& sink,
                                         const PullOptions& options,
                                         const std::function<bool()>& give_up);

}  // namespace troupe::media
