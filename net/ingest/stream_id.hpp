// What an SRT caller asks for: the Stream ID of its handshake.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace troupe::ingest {

struct StreamId {
  std::string resource;  ///< "live/<session id>"
  std::string mode;      ///< "publish", "request", …
  std::string secret;    ///< the publish key
  std::string user;
  std::string role;  ///< "backup", or empty
};

/// The standard form `#!::r=live/<id>,m=publish,s=<key>[,u=<name>][,role=backup]` (SRT Access
/// Control guidelines) and, for encoders with little room, `publish:live/<id>:<key>`. At most 512
/// bytes. Errors: invalid_argument.
[[nodiscard]] Result<StreamId> parse_stream_id(std::string_view text);

/// The session id of "live/<id>"; empty when the resource is another.
[[nodiscard]] std::string live_session(const StreamId& stream_id);

}  // namespace troupe::ingest
