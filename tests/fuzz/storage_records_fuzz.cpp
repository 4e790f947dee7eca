// Any bytes as a stored record or key: corrupt ones are refused, whole ones code to the same again.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "storage/keys.hpp"
#include "storage/records.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::storage;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto event = decode_event(7, bytes)) {
    const auto again =
        decode_event(7, encode_event({event->entity, event->type, event->payload}, event->time_ms));
    assert(again && again->entity == event->entity && again->payload == event->payload);
  }
  if (const auto remembered = decode_remembered(bytes)) {
    const auto again =
        decode_remembered(encode_remembered(remembered->response, remembered->expires_ms));
    assert(again && again->response == remembered->response);
  }
  if (const auto next = decode_cursor(bytes)) assert(decode_cursor(encode_cursor(*next)) == next);
  static_cast<void>(decode_meta_number(bytes));
  if (const auto offset = journal_offset(bytes)) assert(journal_key(*offset) == bytes);
  // A key in every order of its parts.
  KeyReader reader(bytes, "k");
  for (std::size_t i = 0; i < size % 8; ++i) {
    if (i % 2 == 0) static_cast<void>(reader.text());
    if (i % 2 == 1) static_cast<void>(reader.u64());
  }
  return 0;
}
