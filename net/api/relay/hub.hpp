// The origin's side of the relay: each edge gets the media of a session once, however many watch
// there, and tells how many these are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/api/relay/wire.hpp"
#include "net/ws/hub.hpp"

namespace boost::asio {
class io_context;
}
namespace troupe {
class Metrics;
}

namespace troupe::api {

struct RelayLimits {
  std::size_t max_edges_per_session = 256;
  std::size_t max_cached_bytes = 16U << 20;  ///< of a group of pictures, for edges that come
  std::size_t max_cached_chunks = 4'096;
  std::size_t max_waiting = 1'000;     ///< of one edge: what its viewers said, unanswered
  std::chrono::seconds silent_for{5};  ///< then its viewers count no more, and it is closed
  std::size_t resume_below_bytes = 2U
                                   << 20;  ///< An edge that was slow goes on with no more unsent.
};

struct RelayOptions {
  std::string instance;  ///< of this server
  /// Where the session's window cuts.
  std::function<std::optional<media::WindowCuts>(const std::string& id)> cuts;
  /// Viewers of an edge reacted.
  std::function<void(const std::string& id, std::size_t reaction, std::uint64_t times)> react;
  /// What the session asks of viewers.
  std::function<relay::Rules(const std::string& id)> rules;
  /// The texts of those that are still to come.
  std::function<std::vector<std::string>(const std::string& id)> cues;
  /// Those that are kept, oldest first.
  std::function<std::vector<media::Thumbnail>(const std::string& id)> thumbnails;
  /// Who watches, here and everywhere else; `below`: over edges of this server. Must not ask the
  /// hub.
  std::function<relay::Viewers(const std::string& id, const relay::Viewers& below)> total;
  /// Whether the session is relayed to this server itself.
  std::function<bool(const std::string& id)> foreign;
  /// For who joins the chat; `then` on any thread.
  std::function<void(const std::string& id,
                     std::function<void(Result<std::vector<std::string>>)> then)>
      greet;
  /// What a viewer of an edge said, and what to answer it; `then` on any thread.
  std::function<void(const std::string& id, const relay::Forward& said,
                     std::function<void(std::string)> then)>
      say;
  RelayLimits limits;
};

/// Thread-safe. Destroy the fan-out's tap with it.
class RelayHub : public std::enable_shared_from_this<RelayHub> {
 public:
  RelayHub(boost::asio::io_context& loop, ws::Fanout& fanout, Metrics& metrics,
           RelayOptions options);
  ~RelayHub();
  /// Once, when it is held by a shared_ptr; before anything is published.
  void start();
  /// Lets go of the loop, as Fanout::close.
  void close();

  /// What the ladder makes from now on, also of sound; the rest is heard of by the tap.
  void renditions(const std::string& id, std::uint64_t epoch,
                  const std::vector<media::Track>& tracks);

  void caption(const std::string& id, const relay::Caption& caption);
  void thumbnail(const std::string& id, const media::Thumbnail& thumbnail);
  /// RelayOptions::rules has another answer now.
  void rules_changed(const std::string& id);

  /// In the WsHandler of an edge that may relay `id`: a session that is there.
  void adopt(const std::string& id, const std::shared_ptr<ws::Session>& session);
  /// On its loop, once it is known that there is such a session. Errors: overloaded.
  Result<void> join(const std::string& id, const std::shared_ptr<ws::Session>& session);

  /// Who watches over edges.
  [[nodiscard]] relay::Viewers viewers(const std::string& id) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace troupe::api
