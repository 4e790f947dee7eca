#include "net/ingest/rtmp/publish_name.hpp"

namespace troupe::ingest::rtmp {
namespace {
constexpr std::size_t kMaxBytes = 512;  // as a stream id of SRT
constexpr std::string_view kKey = "key=";
}  // namespace

Result<PublishName> parse_publish_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxBytes)
    return error(ErrorCode::invalid_argument, "the stream name is empty or over 512 bytes");
  const auto question = name.find('?');
  PublishName out{std::string(name.substr(0, question)), {}, false};
  auto rest = question == std::string_view::npos ? std::string_view() : name.substr(question + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    if (pair.starts_with(kKey)) out.key = pair.substr(kKey.size());
    if (pair == "backup=1") out.backup = true;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  if (out.session.empty() || out.key.empty())
    return error(ErrorCode::invalid_argument, "the stream name must be <session>?key=<key>");
  return out;
}

}  // namespace troupe::ingest::rtmp
