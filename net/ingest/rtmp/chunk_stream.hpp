// RTMP's chunk stream: messages cut into chunks and interleaved (Adobe RTMP 1.0, section 5.3).
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "net/ingest/rtmp/bytes.hpp"

namespace troupe::ingest::rtmp {

/// Message types: sections 5.4 and 7.1.
enum class MessageType : std::uint8_t {
  set_chunk_size = 1,
  abort = 2,
  acknowledgement = 3,
  user_control = 4,
  window_size = 5,
  peer_bandwidth = 6,
  audio = 8,
  video = 9,
  data_amf3 = 15,
  command_amf3 = 17,
  data = 18,
  command = 20,
  aggregate = 22,
};

struct Message {
  std::uint32_t timestamp_ms = 0;
  MessageType type{};
  std::uint32_t stream = 0;
  std::string payload;
};

struct ChunkLimits {
  std::size_t max_message_bytes = 8U << 20;  ///< a key frame of 4K video with room to spare
  /// Of all messages in progress. Interleaving is for one picture and some sound.
  std::size_t max_held_bytes = 9U << 20;
  std::size_t max_streams = 32;  ///< encoders use three to five
};

/// Puts messages together. Memory grows only with the bytes that came, not with lengths that were
/// promised.
class ChunkReader {
 public:
  using Sink = std::function<Result<void>(Message&&)>;

  explicit ChunkReader(ChunkLimits limits = {}) : limits_(limits) {}

  /// Set Chunk Size and Abort are obeyed here and do not reach `sink`, whose error ends the reading
  /// and is returned. Errors: invalid_argument (the protocol is broken), too_large. Feed nothing
  /// after an error.
  Result<void> feed(Bytes in, const Sink& sink);

  [[nodiscard]] std::size_t held_bytes() const noexcept { return held_bytes_; }

 private:
  struct Stream {
    std::uint32_t timestamp_ms = 0;
    std::uint32_t time_field = 0;  ///< what the last header said: a time or a distance
    bool extended = false;
    std::uint32_t length = 0;
    std::uint8_t type = 0;
    std::uint32_t message_stream = 0;
    bool in_message = false;
    std::string payload;
  };

  [[nodiscard]] std::size_t header_size() const;
  [[nodiscard]] std::uint32_t chunk_stream() const;
  Result<void> begin_chunk();
  Result<void> finish_message(Stream& stream, const Sink& sink);
  Result<void> set_chunk_size(Bytes payload);
  Result<void> abort(Bytes payload);

  const ChunkLimits limits_;
  std::uint32_t chunk_size_ = 128;  ///< until told otherwise: section 5.4.1
  std::unordered_map<std::uint32_t, Stream> streams_;
  std::size_t held_bytes_ = 0;
  /// Basic header (3), message header (11), extended timestamp (4).
  std::array<std::uint8_t, 18> header_{};
  std::size_t header_have_ = 0;
  Stream* current_ = nullptr;  ///< whose chunk is being read; null: a header is
  std::size_t chunk_left_ = 0;
};

/// Appends `message` as one type 0 chunk and as many type 3 chunks as it takes, at time 0.
void append_message(std::string& out, std::uint32_t chunk_stream, MessageType type,
                    std::uint32_t message_stream, std::string_view payload, std::size_t chunk_size);

}  // namespace troupe::ingest::rtmp
