// Win and billing notices: what a bid's nurl and burl carry, unguessable and self-contained.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/auction/budget.hpp"
#include "base/ids.hpp"

namespace troupe::auction {

struct Notice {
  Id campaign;
  Id bid;
  Nanos price = 0;
  std::uint64_t expires_ms = 0;
  std::uint64_t epoch = 0;  ///< activation of the campaign that reserved the price

  friend bool operator==(const Notice&, const Notice&) = default;
};

/// Seals notices with a keyed BLAKE2b (libsodium crypto_generichash, 128 bits).
class NoticeSeal {
 public:
  /// The key is derived from the server's token key.
  explicit NoticeSeal(std::string_view secret);
  [[nodiscard]] std::string seal(const Notice& notice) const;
  /// Nothing unless the text was made by `seal` with the same secret.
  [[nodiscard]] std::optional<Notice> open(std::string_view text) const;

 private:
  std::array<unsigned char, 32> key_{};
};

}  // namespace troupe::auction
