// Live sessions as FLV: which chunks go into which streams. No sockets, no threads.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/flv/stream.hpp"
#include "net/flv/shared_piece.hpp"

namespace troupe::flv {

struct ChannelLimits {
  /// Of what is kept since the last key frame for newcomers, of each picture; beyond it they wait
  /// for the next.
  std::size_t max_cached_bytes = 16U << 20;
  std::size_t max_cached_pieces = 4'096;
};

/// One picture of a session with its sound, as long as somebody watches it.
struct Channel {
  std::string rendition;  ///< empty: as published
  std::size_t viewers = 0;

  media::flv::Stream stream;
  std::uint32_t wanted = 0;  ///< the track that its picture is to come from
  bool between = false;      ///< has had all before `switch_us`, waits for `wanted`
  std::int64_t switch_us = 0;
  std::deque<SharedPiecePtr> cache;  ///< since the last key frame
  std::size_t cached_bytes = 0;
  std::size_t group_bytes = 0;  ///< of the last whole group of pictures
  std::uint64_t next_number = 1;
  media::flv::SetupPtr setup;
  SharedSetupPtr shared_setup;
};
using ChannelPtr = std::shared_ptr<Channel>;

/// One live session. Chunks are converted when they come, once for each channel, and only while
/// there is one: without, only references to the chunks since the last key frame are kept. Not
/// thread-safe.
class LiveFlv {
 public:
  /// Where new pieces of a channel go.
  using Sink = std::function<void(const ChannelPtr&, SharedPiecePtr)>;

  LiveFlv(const ChannelLimits& limits, Sink sink) : limits_(limits), sink_(std::move(sink)) {}

  /// A publication; nothing happens when it is the one that runs already.
  void start(std::uint64_t epoch, const std::vector<media::Track>& tracks);
  void chunk(const media::ChunkPtr& chunk);
  void set_renditions(std::uint64_t epoch, const std::vector<media::Track>& tracks);
  void rendition_chunk(std::uint64_t epoch, const media::ChunkPtr& chunk);
  void stop();

  /// Whether it can be watched now. Errors: unavailable (nobody publishes), unsupported (in these
  /// codecs), not_found (no such rendition).
  [[nodiscard]] Result<void> check(const std::string& rendition) const;
  /// The channel of that rendition, with one viewer more: to be given back by `close`.
  [[nodiscard]] ChannelPtr open(const std::string& rendition);
  void close(const ChannelPtr& channel);
  [[nodiscard]] std::vector<ChannelPtr> channels() const;
  [[nodiscard]] bool publishing() const noexcept { return publishing_; }
  [[nodiscard]] bool idle() const noexcept { return !publishing_ && channels_.empty(); }

 private:
  /// Chunks of one picture since its last key frame, and of the sound since the oldest of them.
  struct Group {
    std::deque<media::ChunkPtr> chunks;
    std::size_t bytes = 0;
  };

  void clear();
  void keep(Group& group, const media::ChunkPtr& chunk);
  void keep_sound(const media::ChunkPtr& chunk);
  void replay(Channel& channel);
  void published_picture(Channel& channel, const media::Chunk& chunk);
  [[nodiscard]] std::uint32_t track_named(const std::string& rendition) const;
  void want(Channel& channel);
  template <class Change>
  void change(const ChannelPtr& channel, const Change& how);
  void add(Channel& channel, media::flv::Piece&& piece);

  const ChannelLimits limits_;
  const Sink sink_;
  std::uint64_t epoch_ = 0;
  bool publishing_ = false;
  std::optional<Error> refusal_;
  std::optional<media::flv::Format> video_, audio_;
  std::map<std::uint32_t, std::pair<std::string, media::flv::Format>> renditions_;  ///< by track
  std::map<std::uint32_t, Group> groups_;                                           ///< by track
  std::deque<media::ChunkPtr> sound_;
  std::uint64_t next_sequence_ = 0;  ///< 0: any
  std::map<std::uint32_t, std::uint64_t> next_of_rendition_;
  std::map<std::string, ChannelPtr> channels_;
  std::vector<SharedPiecePtr> made_;
};

}  // namespace troupe::flv
