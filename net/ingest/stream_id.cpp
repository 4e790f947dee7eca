#include "net/ingest/stream_id.hpp"

namespace troupe::ingest {
namespace {

constexpr std::size_t kMaxBytes = 512;  // SRT's own bound
constexpr std::string_view kStandard = "#!::", kPlain = "publish:";

Result<StreamId> parse_standard(std::string_view rest) {
  StreamId out;
  while (!rest.empty()) {
    const auto end = rest.find(',');
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos)
      return error(ErrorCode::invalid_argument, "streamid: a pair without =");
    const auto key = pair.substr(0, equals);
    const std::string value(pair.substr(equals + 1));
    if (key == "r") out.resource = value;
    if (key == "m") out.mode = value;
    if (key == "s") out.secret = value;
    if (key == "u") out.user = value;
    if (key == "role") out.role = value;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  if (out.resource.empty()) return error(ErrorCode::invalid_argument, "streamid: r is missing");
  if (out.mode.empty()) out.mode = "request";  // the guidelines' default
  return out;
}

}  // namespace

Result<StreamId> parse_stream_id(std::string_view text) {
  if (text.empty() || text.size() > kMaxBytes)
    return error(ErrorCode::invalid_argument, "streamid: empty or over 512 bytes");
  if (text.substr(0, kStandard.size()) == kStandard)
    return parse_standard(text.substr(kStandard.size()));
  if (text.substr(0, kPlain.size()) != kPlain)
    return error(ErrorCode::invalid_argument, "streamid: not a form that is known");
  const auto rest = text.substr(kPlain.size());
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos)
    return error(ErrorCode::invalid_argument, "streamid: publish:live/<id>:<key>");
  return StreamId{
      std::string(rest.substr(0, colon)), "publish", std::string(rest.substr(colon + 1)), {}, {}};
}

std::string live_session(const StreamId& stream_id) {
  constexpr std::string_view kPrefix = "live/";
  const std::string_view resource(stream_id.resource);
  return resource.substr(0, kPrefix.size()) == kPrefix
             ? std::string(resource.substr(kPrefix.size()))
             : std::string();
}

}  // namespace troupe::ingest
