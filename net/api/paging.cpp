#include "net/api/paging.hpp"

#include <charconv>

#include <boost/json.hpp>

#include "base/ids.hpp"

namespace troupe::api {

Result<Page> read_page(const http::Request& request) {
  Page page;
  if (const auto limit = request.query_value("limit")) {
    const auto [end, ec] =
        std::from_chars(limit->data(), limit->data() + limit->size(), page.limit);
    if (ec != std::errc() || end != limit->data() + limit->size() || page.limit < 1 ||
        page.limit > 200) {
      return error(ErrorCode::invalid_argument, "limit: must be between 1 and 200");
    }
  }
  page.after = request.query_value("cursor").value_or("");
  if (!page.after.empty() && !parse_id(page.after))
    return error(ErrorCode::invalid_argument, "cursor: not one of ours");
  return page;
}

http::Response page_response(boost::json::array items, const std::string& last) {
  boost::json::object body{{"items", std::move(items)}};
  if (!last.empty()) body["next"] = last;
  return http::json_response(200, body);
}

}  // namespace troupe::api
