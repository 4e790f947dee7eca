// Cursor pagination, the same for every list: `?limit=1..200&cursor=…` in, `{"items": […], "next":
// "…"}` out.
#pragma once

#include <string>

#include <boost/json/array.hpp>

#include "base/result.hpp"
#include "net/http/message.hpp"

namespace troupe::api {

/// A list looks at no more records than this for one page.
inline constexpr std::size_t kMaxScan = 20'000;

struct Page {
  std::size_t limit = 50;
  std::string after;  ///< the last item of the page before; empty: from the start
};

/// Errors: invalid_argument (limit out of range, a cursor that is not one of ours).
[[nodiscard]] Result<Page> read_page(const http::Request& request);
/// `last`: the last item's id when there may be more, else empty.
[[nodiscard]] http::Response page_response(boost::json::array items, const std::string& last);

}  // namespace troupe::api
