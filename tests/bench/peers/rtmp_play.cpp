#include "tests/bench/peers/rtmp_play.hpp"

#include <bit>
#include <cstdint>

namespace troupe::bench {
namespace {

constexpr std::size_t kHandshakeBytes = 1536;
constexpr char kSetChunkSize = 1, kCommand = 20;

std::string big_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}
// AMF0 (section 2 of its specification).
std::string key(const std::string& text) {
  return big_endian(text.size(), 2) + text;
}
std::string text(const std::string& value) {
  return '\2' + key(value);
}
std::string number(double value) {
  return std::string(1, '\0') + big_endian(std::bit_cast<std::uint64_t>(value), 8);
}
const std::string kNull(1, '\5');

/// A message in one chunk with a full header (section 5.3.1.2.1).
std::string message(char channel, char type, std::uint8_t stream, const std::string& body) {
  return channel + big_endian(0, 3) + big_endian(body.size(), 3) + type +
         std::string{static_cast<char>(stream), 0, 0, 0} + body;
}

}  // namespace

std::string rtmp_hello() {
  return '\3' + std::string(kHandshakeBytes, '\0');
}

std::string rtmp_play(const std::string& app, const std::string& stream) {
  const auto properties = key("app") + text(app) + key("tcUrl") + text("rtmp://127.0.0.1/" + app) +
                          key("flashVer") + text("LNX 9,0,124,2");
  return std::string(kHandshakeBytes, '\0') + message(2, kSetChunkSize, 0, big_endian(65'536, 4)) +
         message(3, kCommand, 0,
                 text("connect") + number(1) + '\3' + properties + big_endian(9, 3)) +
         message(3, kCommand, 0, text("createStream") + number(2) + kNull) +
         message(8, kCommand, 1, text("play") + number(3) + kNull + text(stream));
}

}  // namespace troupe::bench
