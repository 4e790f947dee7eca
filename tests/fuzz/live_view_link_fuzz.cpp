// Any bytes as a link to watch by: what is read can be signed again and reads the same.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/api/live/view_link.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::api;
  static const auto keys = LinkKeys::own(std::string(32, 'k'));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto link = read_link(text);
  // Whatever is in a query may stand in a playlist.
  static_cast<void>(hls_with_link(text, "L"));
  static_cast<void>(dash_with_link(text, "L"));
  if (!link.ok()) return 0;
  assert(!keys.check(*link).ok());
  const auto signed_again = keys.sign(link->link);
  const auto again = read_link(signed_again);
  if (!again.ok()) {
    assert(signed_again.size() > kMaxLinkBytes);
    return 0;
  }
  assert(keys.check(*again).ok());
  assert(again->link.session == link->link.session && again->link.viewer == link->link.viewer);
  return 0;
}
