// Fragmented MP4 as a stream of bytes: its opening, then one sample after the other, each as soon
// as its last byte is there. Only for this room.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "media/mp4_fragments.hpp"
#include "media/packager.hpp"

namespace troupe::media {

class Mp4Reader {
 public:
  /// Bounds on what is held at once.
  static constexpr std::size_t kMaxHead = 1U << 20;  ///< a `moov`, or a `moof`

  explicit Mp4Reader(const ByteSource& source) : source_(source) {}

  /// Everything up to and with `moov`, for a demuxer to read the codec parameters from. Errors:
  /// corrupt, unsupported (not fragmented), too_large.
  Result<std::string> open();
  /// The next sample's place; nothing at the end of the stream. Its bytes have to be read next.
  Result<std::optional<Mp4Sample>> next();
  /// The bytes of that sample into `to`; false: the stream has ended before.
  [[nodiscard]] bool read(std::uint8_t* to, std::size_t size);

 private:
  struct Box {
    std::string type;
    std::uint64_t payload = 0;  ///< bytes of it
    std::string header;
  };
  Result<std::optional<Box>> next_box();
  Result<void> fragment(const Box& box);
  Result<void> again(const Box& box);
  Result<std::string> payload_of(const Box& box);
  [[nodiscard]] bool skip(std::uint64_t size);

  const ByteSource& source_;
  std::uint64_t position_ = 0;  ///< bytes read
  std::string moov_;
  std::vector<Mp4Track> tracks_;
  std::deque<Mp4Sample> samples_;  ///< of the last fragment, not yet read
  std::uint64_t data_end_ = 0;     ///< of the `mdat` that is being read; 0: none is
};

}  // namespace troupe::media
