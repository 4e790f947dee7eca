// The least that an RTMP player must say.
#pragma once

#include <string>

namespace troupe::bench {

/// C0 and C1 of the plain handshake (RTMP specification 1.0, section 5.2).
[[nodiscard]] std::string rtmp_hello();
/// What a server answers to it: S0, S1 and S2.
constexpr std::size_t kRtmpHelloAnswerBytes = 1 + 2 * 1536;
/// C2, and connect, createStream and play at once: the stream's number is taken to be 1, which all
/// servers give first.
[[nodiscard]] std::string rtmp_play(const std::string& app, const std::string& stream);

}  // namespace troupe::bench
