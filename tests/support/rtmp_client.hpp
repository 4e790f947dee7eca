// An RTMP encoder under the test's hand: it sends just the messages it is given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/ingest/rtmp/amf0.hpp"
#include "net/ingest/rtmp/chunk_stream.hpp"
#include "tests/support/http_fixture.hpp"

namespace troupe::test {

struct FlvTag {
  ingest::rtmp::MessageType type;
  std::uint32_t time_ms;
  std::string payload;
};
/// The tags of an FLV file of `seconds` of picture and tone, encoded as for live at 30 pictures a
/// second, a key frame each second. `sound`: with AAC.
[[nodiscard]] std::vector<FlvTag> flv_clip(int seconds, bool sound = true);

class RtmpClient {
 public:
  /// Connects; the handshake is not sent yet.
  explicit RtmpClient(std::uint16_t port) : socket_(port) {}

  /// Handshake, connect and publish of `name` ("session?key=…"). False: it was refused; why stands
  /// in `heard`.
  bool publish(const std::string& name);
  void handshake();
  void command(const ingest::rtmp::AmfArray& values);
  void send(const FlvTag& tag);
  void send_bytes(std::string_view bytes) const { socket_.send(bytes); }

  /// Reads until the server has said `text` or closed; whether it has said it.
  bool hears(std::string_view text) { return socket_.until(text).find(text) != std::string::npos; }
  /// Reads to the end.
  bool closed() { return socket_.closed(); }
  [[nodiscard]] const std::string& heard() const noexcept { return socket_.seen(); }

 private:
  RawSocket socket_;
};

}  // namespace troupe::test
