// An edge: sessions that are not its own come from its origin, each over one upstream however many
// watch here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/live/session.hpp"
#include "base/result.hpp"
#include "media/chunk.hpp"
#include "media/playlist/segment_window.hpp"
#include "net/api/relay/edge_link.hpp"
#include "net/api/relay/wire.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::api {

struct EdgeOptions {
  std::string origin;    ///< "https://origin:8080"
  std::string instance;  ///< of this server
  /// The bearer token for the origin, with scope `relay`; asked for each connection.
  std::function<std::string()> token;
  std::string ca_file;  ///< PEM; empty: the system's
  std::chrono::milliseconds idle{10'000};
  std::size_t max_sessions = 1'000;
  std::size_t max_fetches = 1'024;   ///< answers of the origin that are kept or on their way
  std::size_t max_waiting = 20'000;  ///< viewers of one session that wait for its upstream
  std::size_t max_said = 1'000;      ///< of them, what is not answered yet
  std::chrono::milliseconds admit_within{5'000};
  std::chrono::milliseconds silent_for{5'000};   ///< then the upstream is taken for broken
  std::chrono::milliseconds stop_after{10'000};  ///< without upstream: viewers are told to wait
};

/// Where what comes goes, as a session's actor would announce it. Called on the edge's thread; none
/// blocks.
struct EdgeSinks {
  std::function<void(const live::PublicationPtr&, const std::optional<media::WindowCuts>&)> start;
  /// The same publication after a hole: playlists begin afresh.
  std::function<void(const live::PublicationPtr&, const std::optional<media::WindowCuts>&)> resume;
  std::function<void(const std::string& id, const media::ChunkPtr&)> chunk;
  std::function<void(const std::string& id, std::uint64_t epoch, const std::vector<media::Track>&)>
      renditions;
  std::function<void(const std::string& id, std::uint64_t epoch, const media::ChunkPtr&)>
      rendition_chunk;
  std::function<void(const std::string& id, const relay::Text& what, std::string_view text)> text;
  std::function<void(const std::string& id, const media::Thumbnail&)> thumbnail;
  std::function<void(const std::string& id, const relay::Caption&)> caption;
  std::function<void(const std::string& id, const relay::Rules& asked)> rules;
  std::function<void(const std::string& id)> stop;
  /// The origin is gone for so long that viewers are told to wait: what came last may be half of a
  /// segment.
  std::function<void(const std::string& id)> lost;
  std::function<void(const std::string& id)> end;
  /// The edge let go of it: nobody watches, and what was kept is out of date soon.
  std::function<void(const std::string& id)> forget;
  /// Who watches here, and over edges of this server.
  std::function<relay::Viewers(const std::string& id)> viewers;
  /// Who watches elsewhere over WebSocket, and what to add to our clock for the origin's.
  std::function<void(const std::string& id, std::int64_t elsewhere, std::int64_t clock_offset_us)>
      tell;
};

/// Thread-safe; has one thread of its own.
class LiveEdge {
 public:
  /// Errors: invalid_argument (origin), io (the certificate authorities cannot be read).
  static Result<std::unique_ptr<LiveEdge>> start(Metrics& metrics, EdgeOptions options,
                                                 EdgeSinks sinks);
  virtual ~LiveEdge() = default;

  /// Runs `then`, on any thread, once viewers of the session may come, or with why not: not_found,
  /// conflict (it has ended), unsupported (a circle), overloaded, unavailable. `via`: servers
  /// that the request came through.
  virtual void enter(const std::string& id, const std::vector<std::string>& via,
                     std::function<void(Result<void>)> then) = 0;
  /// Whether it is relayed now; a look at memory. Counts as a viewer's interest.
  virtual bool relays(const std::string& id) = 0;
  /// As the origin counts.
  [[nodiscard]] virtual relay::Viewers total(const std::string& id) const = 0;

  /// For who joined the chat just now.
  virtual void greet(const std::string& id,
                     std::function<void(Result<std::vector<std::string>>)> then) = 0;
  /// What a viewer said, by its own token; `then` with what to answer, if anything. Errors:
  /// unavailable, overloaded, timeout.
  virtual void say(const std::string& id, std::string token, std::string message,
                   std::function<void(Result<std::string>)> then) = 0;
  virtual void react(const std::string& id, std::size_t reaction, std::uint64_t times) = 0;

  /// GET of the origin, kept for `fresh`; one request however many ask. Errors: unsupported (a
  /// circle), unavailable, timeout, overloaded.
  virtual void fetch(const std::string& target, const std::vector<std::string>& via,
                     std::chrono::milliseconds fresh,
                     std::function<void(Result<relay::Fetched>)> then) = 0;
  /// For people: where to ask for what is not relayed.
  [[nodiscard]] virtual const std::string& origin() const noexcept = 0;
};

}  // namespace troupe::api
