// Live sessions as LL-HLS, HLS and DASH: the window of each session that is on, and the requests
// that wait for its next part.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/live/session.hpp"
#include "media/chunk.hpp"
#include "media/playlist/captions.hpp"
#include "media/playlist/segment_window.hpp"
#include "media/recording/window_shelf.hpp"

namespace boost::asio {
class io_context;
}
namespace troupe {
class Metrics;
}
namespace troupe::http {
class Router;
struct Request;
}  // namespace troupe::http

namespace troupe::api {

struct ViewGate;
struct Viewing;

struct LivePlaylistOptions {
  media::WindowOptions window;
  std::vector<std::string> cue_schemes;  ///< of event messages, announced before they come
  std::shared_ptr<const ViewGate> gate;
  /// How long newcomers wait for the ladder's renditions to begin; 0: there is none.
  std::chrono::milliseconds await_ladder{0};
  /// Where windows outlive the process. Null: nowhere.
  std::shared_ptr<media::WindowShelf> shelf;
  /// Requests of one session that wait; more are answered 503.
  std::size_t max_held = 40'000;
  /// A session's viewers; more are answered 503.
  std::size_t max_viewers = 20'000;
  /// Whether a session exists that has not ended. Any thread; does not block.
  std::function<bool(const std::string& id)> exists;
  /// Whether `account`, if it is not empty, may watch too, as `viewer`; asked with each playlist.
  /// Any thread. Null: it may.
  std::function<Result<void>(const std::string& id, const std::string& viewer,
                             const std::string& account)>
      admit;
  /// Of a session that is not of this server: brings it here, then says so, or why it cannot. Any
  /// thread. Null: nothing comes from elsewhere.
  std::function<void(const std::string& id, const http::Request&,
                     std::function<void(Result<void>)> then)>
      summon;
  /// Somebody asks for a session: whether it comes from elsewhere. Any thread. Null: none does.
  std::function<bool(const std::string& id)> asked;
  /// Sees the requests of players for playlists and media of a session that is on. Null: nobody.
  std::function<void(const std::string& id, const http::Request&, const Viewing&)> observe;
};

/// GET /live/{id}/index.m3u8 and /live/{id}/manifest.mpd give a newcomer a viewer's id; its further
/// requests for playlists go below /live/{id}/v/{viewer}/, which counts it wherever cookies are
/// lost. Media lie at /live/{id}/{rendition}/… for all viewers alike, so that caches can hold
/// them. docs/live.md tells the rest.
/// Thread-safe.
class LivePlaylists {
 public:
  /// `loop` sweeps out viewers who left, requests that waited too long, and windows of sessions
  /// that are over.
  LivePlaylists(boost::asio::io_context& loop, Metrics& metrics, LivePlaylistOptions options);
  ~LivePlaylists();
  /// Lets go of the loop: call it once that has ended and before it is destroyed. Actors may go on
  /// to announce.
  void close();

  void mount(http::Router& router);

  /// As the session's actor announces them; none blocks on the network.
  void start(const live::PublicationPtr& publication);
  void chunk(const std::string& id, const media::Chunk& chunk);
  /// As PlaylistSession::start_relayed.
  void start_relayed(const live::PublicationPtr& publication,
                     const std::optional<media::WindowCuts>& cuts);
  /// Nothing: there is no window.
  [[nodiscard]] std::optional<media::WindowCuts> cuts(const std::string& id) const;
  /// Its window goes; requests that wait are refused.
  void forget(const std::string& id);
  /// The ladder's renditions of the publication `epoch`, and their chunks.
  void set_made(const std::string& id, std::uint64_t epoch,
                const std::vector<media::Track>& tracks);
  void push_made(const std::string& id, std::uint64_t epoch, const media::Chunk& chunk);
  /// From `start_us` of the publication on its captions show `text`.
  void caption(const std::string& id, std::uint64_t epoch, std::int64_t start_us,
               const std::string& text, const media::CaptionTrack& track = {});
  /// Timed metadata.
  void mark(const std::string& id, media::Mark mark);
  void stop(const std::string& id);
  void end(const std::string& id);

  /// Who asked for a playlist of this session within the last 15 seconds.
  [[nodiscard]] std::int64_t viewers(const std::string& id) const;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace troupe::api
