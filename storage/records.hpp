// The storage room's own records, both ways. Reading verifies the bytes first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/batch.hpp"
#include "storage/journal.hpp"

namespace troupe::storage {

[[nodiscard]] std::string encode_event(const Event& event, std::uint64_t time_ms);
/// Nothing when the bytes fail verification. `offset` is taken over as it is.
[[nodiscard]] std::optional<JournalEntry> decode_event(std::uint64_t offset,
                                                       std::string_view bytes);

struct Remembered {
  std::uint64_t expires_ms = 0;
  std::string response;
};
[[nodiscard]] std::string encode_remembered(std::string_view response, std::uint64_t expires_ms);
[[nodiscard]] std::optional<Remembered> decode_remembered(std::string_view bytes);

[[nodiscard]] std::string encode_cursor(std::uint64_t next_offset);
[[nodiscard]] std::optional<std::uint64_t> decode_cursor(std::string_view bytes);

[[nodiscard]] std::string encode_meta(std::uint64_t number, std::string_view text = {});
[[nodiscard]] std::optional<std::uint64_t> decode_meta_number(std::string_view bytes);

[[nodiscard]] std::string idempotency_key(std::string_view scope, std::string_view key);
[[nodiscard]] std::string cursor_key(std::string_view consumer);
[[nodiscard]] std::string journal_key(std::uint64_t offset);
/// Nothing when the key is not 8 bytes.
[[nodiscard]] std::optional<std::uint64_t> journal_offset(std::string_view key) noexcept;

}  // namespace troupe::storage
