// Any bytes as a stored record or key: corrupt ones are refused, whole ones code to the same again.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/keys.hpp"
#include "storage/records.hpp"

namespace {

/// Any key, behind a tag that it may or may not have, in several orders of its parts.
void read_any_key(std::string_view bytes) {
  using troupe::storage::KeyBuilder;
  using troupe::storage::KeyReader;
  const std::string tagged = KeyBuilder("k").view() + std::string(bytes);
  for (const std::string_view key : {bytes, std::string_view(tagged)}) {
    KeyReader reader(key, "k");
    for (std::size_t i = 0; reader.ok() && !reader.at_end(); ++i) {
      switch ((bytes.size() + i) % 4) {
        case 0:
          static_cast<void>(reader.text());
          break;
        case 1:
          static_cast<void>(reader.u32());
          break;
        case 2:
          static_cast<void>(reader.u64());
          break;
        case 3:
          static_cast<void>(reader.u64_descending());
          break;
      }
    }
  }
}

/// A key made of the bytes reads back whole, and texts order as their keys do.
void key_of(std::string_view bytes) {
  using troupe::storage::KeyBuilder;
  using troupe::storage::KeyReader;
  const auto first = bytes.substr(0, bytes.size() / 2), second = bytes.substr(bytes.size() / 2);
  const auto key = KeyBuilder("k").text(first).u64(bytes.size()).text(second).u32(7).take();
  KeyReader reader(key, "k");
  assert(reader.text() == first);
  assert(reader.u64() == bytes.size());
  assert(reader.text() == second);
  assert(reader.u32() == 7 && reader.at_end());
  const auto one = KeyBuilder("k").text(first).take(), other = KeyBuilder("k").text(second).take();
  assert((first < second) == (one < other));
  const auto end = troupe::storage::prefix_end(first);
  assert(end.empty() || (std::string(first) + "\xff\xff" < end && std::string(first) < end));
}

}  // namespace

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
  if (const auto number = decode_meta_number(bytes))
    assert(decode_meta_number(encode_meta(*number)) == number);
  if (const auto offset = journal_offset(bytes)) assert(journal_key(*offset) == bytes);
  read_any_key(bytes);
  key_of(bytes);
  return 0;
}
