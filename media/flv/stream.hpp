// One session as FLV for all who watch it so: CMAF chunks in, pieces of tags out. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/flv/format.hpp"

namespace troupe::media::flv {

/// What players have to know before the first picture.
struct Setup {
  std::string opening;  ///< file header, onMetaData, sequence headers: for newcomers
  std::string change;   ///< the same without the file header: for who watches already
};
using SetupPtr = std::shared_ptr<const Setup>;

/// Whole tags.
struct Piece {
  SetupPtr setup;    ///< that its pictures need
  bool key = false;  ///< begins with a key frame: playing can begin here
  std::string bytes;
  std::int64_t start_ms = 0;
  std::chrono::steady_clock::time_point completed;  ///< of its newest chunk
};

/// Picture and sound interleaved by decode time: either waits for the other's of its time, but not
/// longer than kMaxWaitUs of media. The pictures of a chunk leave in one piece, with the sound of
/// their time. Times go on over publications. Not thread-safe.
///
/// The first picture of other codec parameters comes 1 ms after the last of the former, its
/// followers in their own time: mpegts.js 1.8.2 puts up to two of the former behind the new
/// parameters, MSE leaves them out there (Media Source Extensions 3.5.8, "need random access
/// point"), and Chromium plays sound on over a hole of two pictures and waits for them for ever.
class Stream {
 public:
  static constexpr std::int64_t kMaxWaitUs = 300'000;
  /// What is in a piece does not wait longer for what belongs to it.
  static constexpr std::int64_t kMaxPieceUs = 150'000;

  /// A publication: what is published, and what of it to begin with. Its times begin at 0.
  void start(std::optional<Format> video, std::optional<Format> audio, std::vector<Piece>& out);
  /// The picture comes from this track from now on: with its first key frame that does not begin
  /// before `from_us`.
  void take_video(const Format& video, std::int64_t from_us, std::vector<Piece>& out);
  [[nodiscard]] std::uint32_t video_track() const noexcept { return video_ ? video_->track : 0; }

  /// Chunks of other tracks, and pictures that nobody can decode, are passed over. What cannot be
  /// read is, too, up to the next key frame.
  void push(const Chunk& chunk, std::vector<Piece>& out);
  /// Chunks are missing: pictures go on with the next key frame.
  void skip_to_key() noexcept { needs_key_ = true; }
  /// All that waits leaves.
  void flush(std::vector<Piece>& out);

 private:
  static constexpr std::int64_t kNever = INT64_MIN / 2;

  struct Waiting {
    Sample sample;
    std::shared_ptr<const std::string> owner;  ///< of its bytes
  };
  struct Lane {
    std::deque<Waiting> waiting;
    std::int64_t until_us = kNever;  ///< what comes next does not begin before
  };

  void enqueue(const Chunk& chunk, Format& format, Lane& lane);
  void release(bool all, std::vector<Piece>& out);
  [[nodiscard]] Lane* next_lane(bool all);
  void write(const Sample& sample, bool picture, std::vector<Piece>& out);
  [[nodiscard]] bool told() const;
  void set_up(std::int64_t time_ms);
  void close_piece(std::vector<Piece>& out);

  std::optional<Format> video_, audio_;
  bool needs_key_ = true;
  std::optional<std::int64_t> shown_ms_;  ///< when the last picture came
  bool silent_ = false;  ///< sound of a publication is not sent before its first picture
  std::int64_t from_us_ = kNever;
  Lane pictures_, sound_;
  std::int64_t offset_us_ = 0;                     ///< from the publication's times to the stream's
  std::int64_t end_us_ = 0;                        ///< of all so far, on the stream's times
  std::optional<Format> told_video_, told_audio_;  ///< that `setup_` is of
  bool setup_due_ = true;
  SetupPtr setup_;
  Piece piece_;  ///< that is being filled
  bool piece_has_picture_ = false;
  std::int64_t piece_start_us_ = 0;
  std::chrono::steady_clock::time_point completed_;
};

}  // namespace troupe::media::flv
