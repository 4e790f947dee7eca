// Typed keys: byte strings whose order is the order of the scans we do (integers big-endian, text
// terminated).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::storage {

/// The column families. Each domain owns one and lays out its keys in its `*_store.cpp`.
enum class Family : std::uint8_t {
  meta = 0,  ///< schema_version and other facts of the whole data directory
  match,
  live,
  ads,
  feed,
  timeline,     ///< feed timelines: many small keys, scanned newest first
  journal,      ///< offset (8 bytes, big-endian) → EventRecord
  cursors,      ///< consumer name → offset of the next event to read
  idempotency,  ///< scope, key → IdempotencyRecord
};
inline constexpr int kFamilyCount = 9;

[[nodiscard]] std::string_view family_name(Family family) noexcept;

/// Builds a key piece by piece: `KeyBuilder("camp").text(id).u64(n).take()`.
/// A text piece is escaped (00 → 00 FF) and ended by 00 01, so that no key is a prefix of a
/// sibling's and order holds.
class KeyBuilder {
 public:
  /// `tag`: a short constant that names the record kind within the family.
  explicit KeyBuilder(std::string_view tag);
  KeyBuilder& text(std::string_view piece);
  KeyBuilder& u32(std::uint32_t value);
  KeyBuilder& u64(std::uint64_t value);
  /// Orders descending: newest first in a forward scan.
  KeyBuilder& u64_descending(std::uint64_t value);
  [[nodiscard]] std::string take() { return std::move(key_); }
  [[nodiscard]] const std::string& view() const noexcept { return key_; }

 private:
  std::string key_;
};

/// Reads the pieces back in the same order; `ok()` turns false when the key is not so built.
class KeyReader {
 public:
  KeyReader(std::string_view key, std::string_view tag);
  std::string text();
  std::uint32_t u32();
  std::uint64_t u64();
  std::uint64_t u64_descending();
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool at_end() const noexcept { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// The smallest key greater than every key that starts with `prefix`; empty when there is none.
[[nodiscard]] std::string prefix_end(std::string_view prefix);

}  // namespace troupe::storage
