// Game tokens that have opened their connection, until they expire.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>

namespace troupe::udp {

/// Times are Unix seconds. Each call costs the logarithm of how many are remembered.
class UsedTokens {
 public:
  /// Beyond so many nobody comes in: a thousand connects a second, for as long as a token holds.
  static constexpr std::size_t kMost = 65'536;

  /// False when it was used before, or there are too many.
  [[nodiscard]] bool take(const std::string& nonce, std::int64_t expires_s, std::int64_t now_s);
  [[nodiscard]] std::size_t size() const noexcept { return nonces_.size(); }

 private:
  std::unordered_set<std::string> nonces_;
  std::multimap<std::int64_t, std::string> by_expiry_;
};

}  // namespace troupe::udp
