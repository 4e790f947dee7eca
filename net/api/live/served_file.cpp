#include "net/api/live/served_file.hpp"

#include "net/http/byte_range.hpp"

namespace troupe::api {
namespace {

constexpr int kPartial = 206, kNotModified = 304, kRangeNotSatisfiable = 416;

}  // namespace

Result<std::shared_ptr<const std::string>> SendBudget::hold(std::string bytes) const {
  const auto size = bytes.size();
  if (in_flight_->fetch_add(size) + size > max_bytes_) {
    in_flight_->fetch_sub(size);
    return error(ErrorCode::overloaded, "too many files are being sent");
  }
  auto* raw = new std::string(std::move(bytes));
  return std::shared_ptr<const std::string>(raw, [counter = in_flight_, size](std::string* gone) {
    delete gone;
    counter->fetch_sub(size);
  });
}

http::Response serve_file(const SendBudget& budget, const http::Request& request,
                          const ServedFile& file) {
  const auto tag = '"' + file.tag + '"';
  http::Response response;
  response.content_type = file.type;
  response.headers = {{"ETag", tag},
                      {"Accept-Ranges", "bytes"},
                      {"Cache-Control", file.caching},
                      {"Access-Control-Allow-Origin", "*"}};
  if (request.header("if-none-match") == tag) {
    response.status = kNotModified;
    return response;
  }
  if (file.size == 0) return response;
  auto range = http::parse_byte_range(request.header("range").value_or(""), file.size);
  const auto condition = request.header("if-range");
  if (condition && *condition != tag) range = std::optional<http::ByteRange>();
  if (!range.ok()) {
    auto refused = http::problem_with_status(kRangeNotSatisfiable, range.error());
    refused.headers["Content-Range"] = "bytes */" + std::to_string(file.size);
    return refused;
  }
  const auto part = range->value_or(http::ByteRange{0, file.size - 1});
  if (*range) {
    response.status = kPartial;
    response.headers["Content-Range"] = "bytes " + std::to_string(part.first) + "-" +
                                        std::to_string(part.last) + "/" + std::to_string(file.size);
  }
  auto bytes = file.read(part.first, part.size());
  if (!bytes.ok()) return http::problem(bytes.error());
  auto held = budget.hold(std::move(*bytes));
  if (!held.ok()) return http::problem(held.error());
  response.shared_body = std::move(*held);
  return response;
}

http::Response serve_text(const SendBudget& budget, const http::Request& request, std::string type,
                          std::string caching, std::string text) {
  ServedFile file;
  file.type = std::move(type);
  file.tag = std::to_string(std::hash<std::string>()(text));
  file.caching = std::move(caching);
  file.size = text.size();
  file.read = [&text](std::uint64_t offset, std::uint64_t size) -> Result<std::string> {
    return text.substr(offset, size);
  };
  return serve_file(budget, request, file);
}

}  // namespace troupe::api
