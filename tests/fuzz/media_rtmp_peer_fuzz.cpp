// Any bytes as an RTMP connection: handshake, chunk stream, commands, media messages. The first
// byte says whether a good handshake went before, and how the rest is cut into reads.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "net/ingest/rtmp/peer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  using namespace troupe::ingest::rtmp;
  if (size == 0) return 0;
  std::size_t formats = 0, frames = 0;
  bool asked = false;
  Peer peer(std::string(kHandshakeRandom, 'r'),
            {.publish = [&](const PublishName& name) -> Result<void> {
               assert(!asked && !name.session.empty() && !name.key.empty());
               asked = true;
               if (name.key == "wrong") return error(ErrorCode::forbidden, "wrong");
               return {};
             },
             .media = {.format =
                           [&](const media::EncodedFormat& format) {
                             assert(asked && formats == 0 && !format.video_config.empty());
                             ++formats;
                           },
                       .frame =
                           [&](const media::EncodedFrame&) {
                             assert(formats == 1);
                             ++frames;
                           }}},
            {.max_message_bytes = 64U << 10, .max_held_bytes = 80U << 10, .max_streams = 8});
  const std::uint8_t mode = data[0];
  if ((mode & 1U) != 0) {
    const std::string shake = "\x03" + std::string(2 * kHandshakeBytes, 'c');
    const auto done = peer.feed(bytes_of(shake));
    assert(done.ok());
  }
  const std::size_t step = mode < 2 ? size : mode;
  for (std::size_t at = 1; at < size; at += step) {
    const auto fed = peer.feed({data + at, std::min(step, size - at)});
    const auto answered = peer.take_output().size();
    assert(answered <= 2 * Peer::kMaxOutput + 4 * kHandshakeBytes);
    if (!fed.ok()) {
      assert(!fed.error().detail.empty());
      return 0;
    }
    if (peer.finished()) return 0;
  }
  return 0;
}
