// The live domain behind one door: publishers come in by it, whatever protocol they speak; viewers
// watch through it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/live/domain.hpp"
#include "actors/live/publisher_place.hpp"
#include "actors/live/session.hpp"
#include "base/result.hpp"
#include "media/captions/caption_reader.hpp"
#include "media/chunk.hpp"
#include "media/health/alerts.hpp"
#include "media/ladder/ladder.hpp"
#include "media/playlist/segment_window.hpp"
#include "media/recording/window_shelf.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/api.hpp"
#include "net/api/relay/edge.hpp"

namespace boost::asio {
class io_context;
}

namespace troupe::api {

/// One publisher, from its acceptance to its end. Used by one thread at a time; never blocks.
class LivePublisher {
 public:
  virtual ~LivePublisher() = default;  ///< The session waits for the next publisher from here on.

  /// The codecs are known. A second call begins a new publication: players start afresh.
  virtual void tracks(std::vector<media::Track> tracks) = 0;
  /// After `tracks`. Errors: not_found (the session has ended: disconnect), forbidden (its key was
  /// replaced), conflict (no tracks).
  virtual Result<void> chunk(media::ChunkPtr chunk) = 0;
};

struct LiveGatewayOptions {
  /// Sessions that are not of this server come from there. Nothing: none do.
  std::optional<EdgeOptions> edge;
  /// Whose a bearer token is, that an edge passes on. Null: nobody's.
  std::function<Result<http::Principal>(const std::string& token)> verify;
  std::function<std::string()>
      srt_origin;  ///< "srt://127.0.0.1:9000", asked when a session is made
  std::function<std::string()> rtmp_origin;  ///< "rtmp://127.0.0.1:1935"; empty: there is none
  LiveIngestHooks ingest;
  bool anonymous_viewers = true;
  /// That links to watch are signed with. Empty: one is made, and forgotten with the gateway.
  std::optional<LinkKeys> link_keys;
  /// Where an address is: ISO 3166-1 alpha-2, or empty. Null: nobody knows.
  std::function<std::string(const std::string& address)> country;
  bool unknown_country_may = false;      ///< watch a session with a rule about countries
  std::size_t views_per_account = 0;     ///< at once, over all sessions; 0: any number
  media::WindowOptions window;           ///< of HLS and DASH
  std::vector<std::string> cue_schemes;  ///< manifests announce them before there is a cue
  media::CaptionLanguages caption_languages;
  media::AlertRules alerts;                   ///< of sessions that set none of their own
  bool loudness = true;                       ///< sound is decoded to measure it
  media::LadderOptions ladder;                ///< without rungs and thumbnails: nothing is decoded
  std::shared_ptr<media::WindowShelf> shelf;  ///< as LivePlaylistOptions
  live::Recording record;  ///< and what belongs beside its chunks; nothing blocks
  std::function<void(const std::string& id, std::uint64_t epoch, const media::Thumbnail&)>
      record_thumbnail;
  std::function<void(const std::string& id, std::uint64_t epoch, const media::CaptionEvent&)>
      record_caption;
};

/// Thread-safe. Destroy it once the loops have ended and before they are destroyed; actors may live
/// on.
class LiveGateway {
 public:
  /// Adds the entity kind and the routes. Errors: io, corrupt (stored sessions cannot be read).
  static Result<std::unique_ptr<LiveGateway>> start(actors::Context& context,
                                                    const actors::Asker& asker,
                                                    std::vector<boost::asio::io_context*> loops,
                                                    http::Router& router,
                                                    LiveGatewayOptions options);
  virtual ~LiveGateway() = default;

  /// Whether `key` may publish to session `id` now; for a listener's callback: looks at memory
  /// only. Errors: not_found, forbidden, conflict.
  [[nodiscard]] virtual Result<void> may_publish(const std::string& id, std::string_view key,
                                                 live::KeyUse use) const = 0;
  /// The key that a publisher shows, for who seats publishers itself and asks before each chunk.
  /// Errors: not_found, forbidden.
  virtual Result<std::shared_ptr<const live::KeyHold>> hold(const std::string& id,
                                                            std::string_view key,
                                                            live::KeyUse use) const = 0;
  /// The session's own, for the server itself. Errors: not_found.
  virtual Result<std::shared_ptr<const live::KeyHold>> own_hold(const std::string& id) const = 0;
  /// The same, and takes the session's one publisher's place.
  virtual Result<std::unique_ptr<LivePublisher>> publish(const std::string& id,
                                                         const std::string& key) = 0;
  /// The same for the server itself, which needs no key. Errors: not_found, conflict.
  virtual Result<std::unique_ptr<LivePublisher>> publish_own(const std::string& id) = 0;

  /// For other routes by which sessions are watched.
  [[nodiscard]] virtual std::shared_ptr<const ViewGate> gate() const = 0;
};

}  // namespace troupe::api
