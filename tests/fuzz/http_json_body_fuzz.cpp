// Any bytes as a JSON body: what is accepted can be written and read again.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>

#include <boost/json.hpp>

#include "net/http/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::http;
  const auto body = parse_json_object(std::string(reinterpret_cast<const char*>(data), size));
  if (!body.ok()) {
    assert(body.code() == troupe::ErrorCode::invalid_argument && !body.error().detail.empty());
    return 0;
  }
  const auto again = parse_json_object(boost::json::serialize(*body));
  assert(again.ok());
  return 0;
}
