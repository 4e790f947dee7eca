#include "net/ingest/rtmp/handshake.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::ingest::rtmp {

Result<std::size_t> Handshake::feed(Bytes in, std::string& out) {
  std::size_t taken = 0;
  while (!done_ && taken < in.size()) {
    const auto wanted = answered_ ? kHandshakeBytes : 1 + kHandshakeBytes;
    const auto count = std::min(wanted - held_.size(), in.size() - taken);
    held_.append(reinterpret_cast<const char*>(in.data()) + taken, count);
    taken += count;
    if (static_cast<std::uint8_t>(held_[0]) != kVersion && !answered_)
      return error(ErrorCode::unsupported, "RTMP version 3 only");
    if (held_.size() < wanted) break;
    if (answered_) {
      // C2 should repeat S1, but encoders fill it as they like: nothing depends on it.
      done_ = true;
      held_.clear();
      break;
    }
    assert(random_.size() == kHandshakeRandom);
    out.push_back(static_cast<char>(kVersion));
    append_be(out, 0, 8);  // S1: time, zero
    out += random_;
    out.append(held_, 1, kHandshakeBytes);  // S2 is C1 again
    answered_ = true;
    held_.clear();
  }
  return taken;
}

}  // namespace troupe::ingest::rtmp
