// Any bytes as a WebSocket client's: however they are cut, the events are the same and memory stays
// bounded.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/ws/frame.hpp"

namespace {

constexpr std::size_t kMaxMessageBytes = 4096;

std::string events(std::string_view bytes, std::size_t portion) {
  using namespace troupe::ws;
  std::string heard;
  FrameParser::Sink sink;
  sink.message = [&heard](std::string_view message, bool is_text) {
    assert(message.size() <= kMaxMessageBytes);
    assert(!is_text || is_valid_utf8(message));
    heard.append(is_text ? "t" : "b").append(message);
  };
  sink.ping = [&heard](std::string_view payload) { heard.append("i").append(payload); };
  sink.pong = [&heard](std::string_view payload) { heard.append("o").append(payload); };
  sink.close = [&heard](std::uint16_t code) { heard.append("c" + std::to_string(code)); };
  FrameParser parser(kMaxMessageBytes);
  for (std::size_t at = 0; at < bytes.size(); at += portion) {
    if (const auto bad = parser.feed(bytes.substr(at, portion), sink); bad != 0) {
      assert(bad == 1002 || bad == 1007 || bad == 1009);
      return heard + "!" + std::to_string(bad);
    }
  }
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = events(bytes, std::max<std::size_t>(1, size));
  for (const std::size_t portion : {1U, 3U, 7U}) assert(events(bytes, portion) == whole);
  return 0;
}
