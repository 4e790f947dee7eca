// One session's publisher and its backup: who is on the air, and one timeline of both. Not
// thread-safe; time is given.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"
#include "net/ingest/publication.hpp"

namespace troupe::ingest {

enum class Role : std::uint8_t { primary, backup };

struct AirOptions {
  std::chrono::milliseconds silent_after{1'000};  ///< Then the other one takes over.
  /// The primary that stands by goes back on the air after so long without a silence; 0: it stands
  /// by.
  std::chrono::milliseconds return_after{30'000};
  std::size_t max_held_bytes = 16U << 20;  ///< of what the one that stands by sends
};

struct AirStatus {
  std::optional<Role> on_air;
  bool standing_by = false;  ///< there is another one
  std::uint32_t switches = 0;
  double gap_ms =
      0;  ///< At the last switch: from the last chunk of the one to the first of the other.
};

class Air {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Air(std::unique_ptr<PublishSink> out, AirOptions options);

  /// Errors: conflict (there is one of this role).
  [[nodiscard]] Result<void> may_join(Role role) const;
  Result<void> join(Role role, Time now);
  /// The last one takes the sink with it: false.
  bool leave(Role role, Time now);

  void tracks(Role role, std::vector<media::Track> tracks, Time now);
  /// Errors: those of the sink, for the one that stands by too.
  Result<void> chunk(Role role, media::ChunkPtr chunk, Time now);

  [[nodiscard]] const AirStatus& status() const noexcept { return status_; }
  /// The sink wants no more: the session has ended, or its key was replaced.
  [[nodiscard]] bool closed() const noexcept { return !verdict_.ok(); }

 private:
  struct Member {
    std::vector<media::Track> tracks;
    std::deque<media::ChunkPtr> held;
    std::size_t held_bytes = 0;
    Time heard, steady_since;
  };
  /// What went out of a track, in its timescale.
  struct Line {
    std::uint32_t timescale = 1;
    std::int64_t end_us = 0;
    std::uint32_t fragment = 0;
    std::int64_t shift_us = 0;   ///< from the publisher's times to ours
    bool to_be_joined = false;   ///< the publisher has changed, and none of its chunks went out
    std::int64_t target_us = 0;  ///< where `shift_us` is led to, so that sound and picture agree
  };

  Member& of(Role role) { return *members_[static_cast<std::size_t>(role)]; }
  [[nodiscard]] bool has(Role role) const {
    return members_[static_cast<std::size_t>(role)] != nullptr;
  }
  [[nodiscard]] bool may_take_over(Role role, const media::Chunk& chunk, Time now);
  void hold(Member& member, media::ChunkPtr chunk);
  /// The first chunk at or after `from` with which decoding can begin.
  static std::deque<media::ChunkPtr>::const_iterator start_from(
      const Member& member, std::deque<media::ChunkPtr>::const_iterator from);
  static bool can_start(const Member& member);
  static void trim(Member& member, std::deque<media::ChunkPtr>::const_iterator start);
  Result<void> take_over(Role role, Time now);
  void begin_publication(Member& member, std::int64_t shift_us);
  void continue_publication(const Member& member);
  static bool join_on(Line& line, const media::Chunk& chunk);
  Result<void> forward(const media::Chunk& chunk, Time now);

  std::unique_ptr<PublishSink> out_;
  const AirOptions options_;
  std::array<std::unique_ptr<Member>, 2> members_;
  std::vector<media::Track> tracks_;  ///< of the publication that is on the air
  std::map<std::uint32_t, Line> lines_;
  std::uint64_t sequence_ = 0;
  Time last_out_, last_completed_;
  AirStatus status_;
  Result<void> verdict_;
};

}  // namespace troupe::ingest
