// Any bytes as the Stream ID of an SRT caller.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/ingest/stream_id.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  const auto id = ingest::parse_stream_id({reinterpret_cast<const char*>(data), size});
  if (!id.ok()) {
    assert(id.code() == ErrorCode::invalid_argument);
    return 0;
  }
  assert(size <= 512);
  assert(id->resource.find(ingest::live_session(*id)) != std::string::npos);
  return 0;
}
