// Which session an RTMP publisher means, and with which key. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace troupe::ingest::rtmp {

struct PublishName {
  std::string session;
  std::string key;
  bool backup = false;
};

/// `<session>?key=<key>[&backup=1]`, as the stream name of OBS and the end of ffmpeg's URL; other
/// parameters are ignored. At most 512 bytes. Errors: invalid_argument.
[[nodiscard]] Result<PublishName> parse_publish_name(std::string_view name);

}  // namespace troupe::ingest::rtmp
