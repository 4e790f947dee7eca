// Sessions between servers, for the routes of viewers: at the origin what an edge asks for, at an
// edge what its own sessions do not answer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/api/live/api.hpp"
#include "net/api/relay/wire.hpp"
#include "net/http/message.hpp"

namespace troupe::ws {
class Session;
}

namespace troupe::api {

/// Scope of tokens by which an edge relays sessions.
inline constexpr const char* kRelayScope = "relay";

/// The texts for who joins the chat of a session of this server, or of one that is relayed here.
/// `then` on any thread.
void greet_viewer(const LiveApi& api, const std::string& id,
                  std::function<void(Result<std::vector<std::string>>)> then);

/// What a viewer of an edge said: its token is judged here, or further up. `then` on any thread
/// with what to answer; empty: nothing.
void say_for_viewer(const std::shared_ptr<const LiveApi>& api, const std::string& id,
                    const relay::Forward& said, std::function<void(std::string)> then);

/// WebSocket /live/{id}/ws?relay=1&via=…
void serve_edge(const std::shared_ptr<const LiveApi>& api, const http::Request& request,
                const std::string& id, const std::shared_ptr<ws::Session>& session);

/// Whether its origin, and not this server, may say what the session asks of viewers: that is known
/// once it is relayed to here.
[[nodiscard]] bool maybe_relayed(const LiveApi& api, const std::string& id);

/// GET of a session's own JSON that is asked for at an edge: the origin's, with `origin`.
void show_relayed(const LiveApi& api, const http::Request& request, const std::string& id,
                  const http::Responder& out);
/// The servers that a request came through, as they told in Troupe-Via; of others than servers,
/// which have the scope, it is not believed. Errors: as relay::parse_via.
[[nodiscard]] Result<std::vector<std::string>> via_of(const LiveApi& api,
                                                      const http::Request& request);

}  // namespace troupe::api
