// Any bytes as a request target, decoded and routed.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/http/request_head.hpp"
#include "net/http/router.hpp"

namespace {

troupe::http::Router make_router() {
  troupe::http::Router router;
  const auto nothing = [](const troupe::http::Request&, const troupe::http::Responder&) {};
  router.add("GET", "/", nothing);
  router.add("GET", "/users/{id}", nothing);
  router.add("PUT", "/users/{id}/following/{other}", nothing);
  router.add("GET", "/media/{session}/{rest*}", nothing);
  return router;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::http;
  static const Router router = make_router();
  Header header;
  header.version(11);
  header.set(boost::beast::http::field::host, "x");
  header.target({reinterpret_cast<const char*>(data), size});
  const auto request = read_head(header, "127.0.0.1");
  if (!request.ok()) {
    assert(request.code() == troupe::ErrorCode::invalid_argument);
    return 0;
  }
  for (const char* method : {"GET", "PUT", "WEBSOCKET"}) {
    const auto match = router.match(method, request->path);
    assert(match.route == nullptr || match.allowed.empty() || !match.params.empty());
    for (const auto& [name, value] : match.params)
      assert(request->path.find(value) != std::string::npos);
  }
  return 0;
}
