// Identifiers: time-ordered, unguessable, written as 26 characters that sort as their bytes do.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A ULID (https://github.com/ulid/spec): 48 bits of Unix milliseconds, 80 random bits from
/// libsodium. Text form is Crockford base32, upper case, 26 characters; text order equals byte
/// order equals time order.
struct Id {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] std::string to_string() const;
  /// Unix time in milliseconds at which the id was made.
  [[nodiscard]] std::uint64_t time_ms() const noexcept;

  friend auto operator<=>(const Id&, const Id&) = default;
};

/// A new id for now; within one thread, ids made in the same millisecond still ascend. Any thread.
[[nodiscard]] Id make_id();
/// A new id that is greater than `last`: for sequences that are made by one owner on changing
/// threads.
[[nodiscard]] Id make_id_after(const Id& last);
/// `make_id().to_string()`.
[[nodiscard]] std::string make_id_string();
/// Parses the text form (either case); nothing when it is not one.
[[nodiscard]] std::optional<Id> parse_id(std::string_view text) noexcept;

}  // namespace troupe
