// Thumbnails of live sessions over HTTP: what the rewind bar shows.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "media/ladder/thumbnail.hpp"

namespace troupe::http {
class Router;
struct Request;
}  // namespace troupe::http

namespace troupe::api {

struct ViewGate;

/// The thumbnails of each session's window, in memory. Thread-safe.
class ThumbnailBook {
 public:
  static constexpr std::size_t kMaxBytes = 4U << 20;  ///< of one session; the oldest go first
  static constexpr std::size_t kMaxSessions = 1'024;  ///< that longest had none goes

  explicit ThumbnailBook(std::int64_t window_us) : window_us_(window_us) {}

  void add(const std::string& session, const media::Thumbnail& thumbnail);
  void forget(const std::string& session);
  /// The last at or before `wall_us`, else the oldest; nothing when there is none.
  [[nodiscard]] std::optional<media::Thumbnail> find(const std::string& session,
                                                     std::int64_t wall_us) const;
  [[nodiscard]] std::vector<std::int64_t> times_us(const std::string& session) const;
  [[nodiscard]] std::vector<media::Thumbnail> all(const std::string& session) const;

 private:
  struct Kept {
    std::deque<media::Thumbnail> thumbnails;
    std::size_t bytes = 0;
  };
  const std::int64_t window_us_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Kept> sessions_;
};

struct LiveThumbnailsApi {
  std::shared_ptr<const ThumbnailBook> book;
  std::function<bool(const std::string& id)> exists;
  std::shared_ptr<const ViewGate> gate;
  /// As LivePlaylistOptions::summon.
  std::function<void(const std::string& id, const http::Request&,
                     std::function<void(Result<void>)> then)>
      summon;
};

/// GET /api/v1/live/{id}/thumbnails, with `?t=` a picture, and …/thumbnails/latest.jpg.
void mount_live_thumbnails(http::Router& router, LiveThumbnailsApi api);

}  // namespace troupe::api
