#include "net/ingest/rtmp/chunk_stream.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::ingest::rtmp {
namespace {

constexpr std::uint32_t kExtended = 0xFFFFFF;      // section 5.3.1.3
constexpr std::uint32_t kMaxChunkSize = 0xFFFFFF;  // section 5.4.1: more means the same
constexpr std::array<std::size_t, 4> kMessageHeaderBytes{11, 7, 3, 0};  // section 5.3.1.2

Error broken(const char* why) {
  return error(ErrorCode::invalid_argument, std::string("RTMP: ") + why);
}

std::size_t basic_header_size(std::uint8_t first) {
  const auto id = first & 0x3F;  // section 5.3.1.1: 0 and 1 announce one and two more bytes
  return id == 0 ? 2 : id == 1 ? 3 : 1;
}

}  // namespace

std::uint32_t ChunkReader::chunk_stream() const {
  const Bytes header(header_);
  switch (basic_header_size(header_[0])) {
    case 2:
      return 64U + header[1];
    case 3:
      return 64U + header[1] + 256U * header[2];  // little-endian, unlike all else
    default:
      return header[0] & 0x3FU;
  }
}

/// How long the header is, as far as its first `header_have_` bytes tell.
std::size_t ChunkReader::header_size() const {
  if (header_have_ == 0) return 1;
  const auto basic = basic_header_size(header_[0]);
  const auto format = static_cast<std::size_t>(header_[0] >> 6);
  const auto plain = basic + kMessageHeaderBytes[format];
  if (header_have_ < plain) return plain;
  bool extended = false;
  if (format < 3) {
    extended = read_be(header_, basic, 3) == kExtended;
  } else {
    const auto it = streams_.find(chunk_stream());
    extended = it != streams_.end() && it->second.extended;
  }
  return plain + (extended ? 4 : 0);
}

Result<void> ChunkReader::begin_chunk() {
  const auto id = chunk_stream();
  const auto format = header_[0] >> 6;
  const auto basic = basic_header_size(header_[0]);
  const bool known = streams_.contains(id);
  if (!known && format > 1) return broken("a chunk stream begins without a length");
  if (!known && streams_.size() >= limits_.max_streams)
    return error(ErrorCode::too_large, "RTMP: too many chunk streams");
  auto& stream = streams_[id];
  if (stream.in_message && format != 3) return broken("a message begins within another");
  if (format < 3) {
    stream.time_field = read_be(header_, basic, 3);
    stream.extended = stream.time_field == kExtended;
  }
  if (format < 2) {
    stream.length = read_be(header_, basic + 3, 3);
    stream.type = header_[basic + 6];
  }
  if (format == 0) {
    for (std::size_t i = 4; i-- > 0;)  // the one little-endian number: section 5.3.1.2.1
      stream.message_stream = stream.message_stream << 8 | header_[basic + 7 + i];
  }
  if (stream.extended) stream.time_field = read_be(header_, header_have_ - 4, 4);
  if (!stream.in_message) {
    if (stream.length > limits_.max_message_bytes)
      return error(ErrorCode::too_large, "RTMP: a message over the limit");
    // A new message with a type 3 header repeats the last distance: section 5.3.1.2.4.
    stream.timestamp_ms = format == 0 ? stream.time_field : stream.timestamp_ms + stream.time_field;
    stream.in_message = true;
  }
  chunk_left_ = std::min<std::size_t>(chunk_size_, stream.length - stream.payload.size());
  current_ = &stream;
  header_have_ = 0;
  return {};
}

Result<void> ChunkReader::set_chunk_size(Bytes payload) {
  if (payload.size() < 4) return broken("Set Chunk Size is cut short");
  const auto size = read_be(payload, 0, 4);
  if (size == 0 || size >> 31 != 0) return broken("a chunk size out of range");
  chunk_size_ = std::min(size, kMaxChunkSize);
  return {};
}

Result<void> ChunkReader::abort(Bytes payload) {
  if (payload.size() < 4) return broken("Abort is cut short");
  const auto it = streams_.find(read_be(payload, 0, 4));
  if (it == streams_.end()) return {};
  held_bytes_ -= it->second.payload.size();
  it->second.payload = {};
  it->second.in_message = false;
  return {};
}

Result<void> ChunkReader::finish_message(Stream& stream, const Sink& sink) {
  Message message{stream.timestamp_ms, static_cast<MessageType>(stream.type), stream.message_stream,
                  std::exchange(stream.payload, {})};
  held_bytes_ -= message.payload.size();
  stream.in_message = false;
  switch (message.type) {
    case MessageType::set_chunk_size:
      return set_chunk_size(bytes_of(message.payload));
    case MessageType::abort:
      return abort(bytes_of(message.payload));
    default:
      return sink(std::move(message));
  }
}

Result<void> ChunkReader::feed(Bytes in, const Sink& sink) {
  std::size_t at = 0;
  while (true) {
    if (current_ == nullptr) {
      while (header_have_ < header_size() && at < in.size()) header_[header_have_++] = in[at++];
      if (header_have_ < header_size()) return {};
      if (auto begun = begin_chunk(); !begun.ok()) return begun;
    }
    const auto count = std::min(chunk_left_, in.size() - at);
    if (held_bytes_ + count > limits_.max_held_bytes)
      return error(ErrorCode::too_large, "RTMP: too much in unfinished messages");
    current_->payload.append(reinterpret_cast<const char*>(in.data()) + at, count);
    held_bytes_ += count;
    chunk_left_ -= count;
    at += count;
    if (chunk_left_ > 0) return {};
    auto& stream = *std::exchange(current_, nullptr);
    if (stream.payload.size() < stream.length) continue;
    if (auto done = finish_message(stream, sink); !done.ok()) return done;
  }
}

void append_message(std::string& out, std::uint32_t chunk_stream, MessageType type,
                    std::uint32_t message_stream, std::string_view payload,
                    std::size_t chunk_size) {
  assert(chunk_stream >= 2 && chunk_stream < 64 && payload.size() <= kExtended);
  out.push_back(static_cast<char>(chunk_stream));
  append_be(out, 0, 3);
  append_be(out, payload.size(), 3);
  append_be(out, static_cast<std::uint8_t>(type), 1);
  for (unsigned shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>(message_stream >> shift & 0xFF));
  while (true) {
    const auto size = std::min(chunk_size, payload.size());
    out += payload.substr(0, size);
    payload.remove_prefix(size);
    if (payload.empty()) return;
    out.push_back(static_cast<char>(0xC0U | chunk_stream));
  }
}

}  // namespace troupe::ingest::rtmp
