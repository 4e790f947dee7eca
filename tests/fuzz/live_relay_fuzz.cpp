// Any bytes as what another server says over the relay of a live session: the first tells which way
// and in what form.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/api/relay/media.hpp"
#include "net/api/relay/wire.hpp"

namespace relay = troupe::api::relay;

namespace {

/// Two bytes tell how long an init segment is; what is behind it is a chunk.
void check_media(std::string_view bytes) {
  if (bytes.size() < 2) return;
  const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8U |
                      static_cast<unsigned char>(bytes[1]);
  bytes.remove_prefix(2);
  troupe::media::Track track;
  track.id = 1;
  track.init = std::make_shared<const std::string>(bytes.substr(0, length));
  relay::MediaCheck check;
  if (!check.add({track}).ok()) return;
  troupe::media::Chunk chunk;
  chunk.track = 1;
  chunk.bytes = std::make_shared<const std::string>(bytes.substr(std::min(length, bytes.size())));
  static_cast<void>(check.check(chunk));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      auto said = relay::parse_down(bytes);
      if (!said.ok()) break;
      relay::MediaCheck check;
      if (const auto* publication = std::get_if<relay::Publication>(&*said))
        static_cast<void>(check.add(publication->tracks));
      break;
    }
    case 1:
      static_cast<void>(relay::parse_up(bytes));
      break;
    case 2:
      // From the allocator, and so aligned, as what comes over a socket is.
      static_cast<void>(relay::parse_media(std::string(bytes), {}));
      break;
    default:
      check_media(bytes);
  }
  return 0;
}
