// Who may watch a live session, and who may look behind its curtain.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "net/api/live/view_link.hpp"
#include "net/http/message.hpp"

namespace troupe {
class Metrics;
}
namespace troupe::actors {
class Asker;
}
namespace troupe::live {
class Directory;
}
namespace troupe::ws {
class Session;
}

namespace troupe::api {

/// What every way to watch goes by. Immutable once the server runs.
struct ViewGate {
  const live::Directory& directory;
  Metrics& metrics;
  bool anonymous_viewers = true;  ///< what sessions ask that ask nothing of their own
  LinkKeys keys;
  /// Where an address is: ISO 3166-1 alpha-2; empty: unknown. Null: always.
  std::function<std::string(const std::string& address)> country;
  bool unknown_country_may = false;
};

/// Who wants to watch: what of a request, or of a WebSocket's, says so.
struct Visitor {
  std::string remote;  ///< address
  std::optional<http::Principal> principal;
  std::optional<std::string> link;  ///< as it came
};
[[nodiscard]] Visitor visitor_of(const http::Request& request);

/// Somebody who may.
struct Viewing {
  std::string account;          ///< whose views these are; empty: nobody's
  std::string viewer;           ///< the link's name for whom it was made
  std::string link;             ///< empty: came without
  std::uint64_t expires_s = 0;  ///< of the link; 0: never
  bool by_token = false;        ///< nobody without one may have the same answer
  bool placed = false;          ///< nor anybody elsewhere
};
/// Somebody who may not.
struct Refusal {
  int status = 403;
  std::uint16_t close_code = 4003;
  /// For programs: "token_needed", "link_needed", "link_malformed", "link_key", "link_signature",
  /// "link_expired", "link_address", "link_session", "link_scope", "country".
  std::string reason;
  std::string detail;
};

/// Judges a viewer, by any protocol; looks at memory only, and blocks on nothing. `session` is an
/// id as Id::to_string writes it; whether there is such a session is another question. Any thread.
[[nodiscard]] std::variant<Viewing, Refusal> live_access(const ViewGate& gate,
                                                         const Visitor& visitor,
                                                         const std::string& session, Way way);

/// The same for a request; answers it when it is refused. Routes of viewers are
/// http::Access::open: what they ask for is asked for here.
[[nodiscard]] std::optional<Viewing> admit_viewer(const ViewGate& gate,
                                                  const http::Request& request,
                                                  const std::string& session, Way way,
                                                  const http::Responder& out);

/// A problem document (RFC 9457) with a member `reason`: 401, 403, or 451 (RFC 7725).
[[nodiscard]] http::Response refusal_response(const Refusal& refusal);
/// Closes with 4002, 4003, or 4451; the text is the reason, a colon and the detail.
void refuse(ws::Session& session, const Refusal& refusal);

/// Answers through `out` as this viewer should have them: with its link in playlists, manifests and
/// redirects, and kept by caches for no others and no longer than it may watch.
[[nodiscard]] http::Responder as_seen_by(const Viewing& viewing, const http::Responder& out);

/// Runs `then`, on a scheduler thread, if the caller owns or moderates the session or is an
/// administrator; else answers 403 (or 404). The route takes a token.
void as_moderator(const actors::Asker& asker, const http::Request& request,
                  const std::string& session, const http::Responder& out,
                  std::function<void()> then);

/// The same without moderators.
void as_owner(const actors::Asker& asker, const http::Request& request, const std::string& session,
              const http::Responder& out, std::function<void()> then);

}  // namespace troupe::api
