#include "net/udp/used_tokens.hpp"

namespace troupe::udp {

bool UsedTokens::take(const std::string& nonce, std::int64_t expires_s, std::int64_t now_s) {
  while (!by_expiry_.empty() && by_expiry_.begin()->first < now_s) {
    nonces_.erase(by_expiry_.begin()->second);
    by_expiry_.erase(by_expiry_.begin());
  }
  if (nonces_.size() >= kMost || !nonces_.insert(nonce).second) return false;
  by_expiry_.emplace(expires_s, nonce);
  return true;
}

}  // namespace troupe::udp
