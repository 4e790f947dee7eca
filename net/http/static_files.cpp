#include "net/http/static_files.hpp"

#include <fstream>
#include <iterator>
#include <map>

#include <fmt/format.h>
#include <xxhash.h>

namespace troupe::http {
namespace {

constexpr std::size_t kMaxTotalBytes = 32U << 20;
constexpr const char* kPolicy =
    "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob:; img-src 'self' "
    "data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'self'";

std::string content_type(const std::filesystem::path& path) {
  static const std::map<std::string, std::string> types{{".html", "text/html; charset=utf-8"},
                                                        {".js", "text/javascript; charset=utf-8"},
                                                        {".css", "text/css; charset=utf-8"},
                                                        {".svg", "image/svg+xml"},
                                                        {".png", "image/png"},
                                                        {".json", "application/json"},
                                                        {".ico", "image/x-icon"},
                                                        {".woff2", "font/woff2"}};
  const auto it = types.find(path.extension().string());
  return it == types.end() ? "application/octet-stream" : it->second;
}

void serve(Router& router, const std::string& at, std::shared_ptr<const std::string> bytes,
           const std::string& type) {
  const auto etag = fmt::format("\"{:016x}\"", XXH64(bytes->data(), bytes->size(), 0));
  router.add("GET", at,
             [bytes, type, etag](const Request& request, const Responder& responder) {
               Response response;
               response.content_type = type;
               response.headers = {{"ETag", etag},
                                   {"Cache-Control", "no-cache"},
                                   {"Content-Security-Policy", kPolicy}};
               if (request.header("if-none-match") == etag) {
                 response.status = 304;
               } else {
                 response.shared_body = bytes;
               }
               responder.send(std::move(response));
             },
             {.access = Access::open, .priority = Priority::vital});  // from memory, no actor
}

}  // namespace

Result<std::size_t> mount_static_files(Router& router, const std::filesystem::path& directory) {
  std::error_code ec;
  std::filesystem::recursive_directory_iterator it(directory, ec), end;
  if (ec) return error(ErrorCode::io, directory.string() + ": " + ec.message());
  std::size_t files = 0, total = 0;
  for (; it != end; it.increment(ec)) {
    if (ec) return error(ErrorCode::io, ec.message());
    if (!it->is_regular_file() || it->path().filename().string().front() == '.') continue;
    std::ifstream file(it->path(), std::ios::binary);
    auto bytes = std::make_shared<const std::string>(std::istreambuf_iterator<char>(file),
                                                     std::istreambuf_iterator<char>());
    if (!file) return error(ErrorCode::io, "cannot read " + it->path().string());
    total += bytes->size();
    if (total > kMaxTotalBytes)
      return error(ErrorCode::too_large, "the web directory holds over 32 MiB");
    const auto relative = it->path().lexically_relative(directory).generic_string();
    const auto type = content_type(it->path());
    serve(router, "/" + relative, bytes, type);
    if (it->path().filename() == "index.html") {
      const auto folder = it->path().parent_path().lexically_relative(directory).generic_string();
      serve(router, folder == "." ? "/" : "/" + folder + "/", bytes, type);
    }
    ++files;
  }
  return files;
}

}  // namespace troupe::http
