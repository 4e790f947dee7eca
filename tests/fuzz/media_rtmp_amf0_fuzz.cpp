// Any bytes as AMF0 values: what can be read is written back and read the same.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>

#include "net/ingest/rtmp/amf0.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  using namespace troupe::ingest::rtmp;
  const auto values = decode_amf0({data, size});
  if (!values.ok()) {
    assert(values.code() == ErrorCode::invalid_argument);
    return 0;
  }
  std::string bytes;
  for (const auto& value : *values) append_amf0(bytes, value);
  const auto again = decode_amf0(bytes_of(bytes));
  assert(again.ok());
  std::string twice;
  for (const auto& value : *again) append_amf0(twice, value);
  assert(bytes == twice);  // not the values: a NaN is not equal to itself
  return 0;
}
