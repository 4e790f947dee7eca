// One RTMP connection without its socket: bytes in, bytes out, and what the peer wants. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "net/ingest/rtmp/amf0.hpp"
#include "net/ingest/rtmp/chunk_stream.hpp"
#include "net/ingest/rtmp/handshake.hpp"
#include "net/ingest/rtmp/media.hpp"
#include "net/ingest/rtmp/publish_name.hpp"

namespace troupe::ingest::rtmp {

struct PeerEvents {
  /// The peer asks to publish. An error refuses it and is told to it.
  std::function<Result<void>(const PublishName&)> publish;
  MediaSink media;  ///< what it publishes
};

/// A server's side that takes publishers only. Not thread-safe.
class Peer {
 public:
  /// `random`: kHandshakeRandom bytes.
  Peer(std::string random, PeerEvents events, ChunkLimits limits = {});

  /// Errors end the connection: send what there is of `take_output()` (it tells the peer why where
  /// the protocol can), then close. invalid_argument (the protocol is broken), unsupported,
  /// too_large, overloaded (it does not read our answers), and what `publish` gave.
  Result<void> feed(Bytes in);
  /// What is to be sent. More than kMaxOutput unsent is an error of the next `feed`.
  [[nodiscard]] std::string take_output() { return std::exchange(out_, {}); }
  void set_unsent(std::size_t bytes) noexcept { unsent_ = bytes; }

  /// Tells a publisher why its publication ends.
  void fail(const Error& why);

  [[nodiscard]] bool publishing() const noexcept { return publishing_; }
  /// It has said goodbye.
  [[nodiscard]] bool finished() const noexcept { return finished_; }

  /// Answers are some 200 bytes: whoever lets this many wait only wants to fill our memory.
  static constexpr std::size_t kMaxOutput = 64U << 10;

 private:
  Result<void> on_message(Message&& message);
  Result<void> on_media(Message&& message);
  Result<void> on_aggregate(const Message& message);
  Result<void> on_command(const Message& message);
  Result<void> on_connect(double transaction, const AmfArray& command);
  Result<void> on_publish(const AmfArray& command);
  Result<void> on_user_control(Bytes payload);
  void acknowledge();

  void control(MessageType type, std::string_view payload);
  void answer(const char* name, double transaction, AmfValue properties, AmfValue information);
  void status(const char* level, const char* code, const std::string& description);

  Handshake handshake_;
  PeerEvents events_;
  ChunkReader reader_;
  MediaReader media_;
  std::string out_;
  std::size_t unsent_ = 0;
  std::size_t chunk_size_ = 128;  ///< of ours, until we told another: section 5.4.1
  std::uint32_t received_ = 0;    ///< since the handshake, modulo 2^32: section 5.4.3
  std::uint32_t acknowledged_ = 0;
  std::uint32_t window_ = 0;  ///< 0: the peer wants no acknowledgements
  bool connected_ = false;
  bool publishing_ = false;
  bool finished_ = false;
};

}  // namespace troupe::ingest::rtmp
