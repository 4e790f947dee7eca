// How many views an account has open at once, over all sessions.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.hpp"

namespace troupe::api {

/// A view is a connection, or a player that asks for playlists. It has a name, so that one that
/// comes back takes the place of what it lost, also before that is noticed. A connection and a
/// player of one name are two views. Thread-safe.
class ViewBook {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kPlayerGone{15};
  /// Players of an account that watch without a bound: more make no difference to any bound, and
  /// are not counted.
  static constexpr std::size_t kMostCounted = 1'000;

  /// `most` of an account; 0: any number.
  explicit ViewBook(std::size_t most) : most_(most) {}

  /// A connection: until the returned function is called. `replaced` runs, on another's thread,
  /// when the same view comes in again. `most` other than 0 takes the place of the usual bound.
  /// Errors: forbidden.
  Result<std::function<void()>> enter(const std::string& account, const std::string& name,
                                      std::size_t most, TimePoint now,
                                      std::function<void()> replaced);
  /// A player: until it has not asked for kPlayerGone. Errors: forbidden.
  Result<void> seen(const std::string& account, const std::string& name, std::size_t most,
                    TimePoint now);

  [[nodiscard]] std::size_t views(const std::string& account, TimePoint now) const;

 private:
  struct View {
    std::uint64_t serial = 0;
    std::function<void()> replaced;  ///< null: a player
    TimePoint seen{};
    [[nodiscard]] bool gone(TimePoint now) const { return !replaced && now - seen > kPlayerGone; }
  };
  using Views = std::map<std::string, View>;
  [[nodiscard]] static Result<void> check(Views& views, const std::string& view, std::size_t most,
                                          TimePoint now);
  void leave(const std::string& account, const std::string& view, std::uint64_t serial);
  void sweep(TimePoint now);

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Views> accounts_;
  std::uint64_t next_serial_ = 1;
  TimePoint swept_{};
};

}  // namespace troupe::api
