#include "net/api/live/playlists.hpp"

#include <shared_mutex>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/playlist_session.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

using namespace std::chrono_literals;
using http::Request;
using http::Responder;
using SessionPtr = std::shared_ptr<PlaylistSession>;
using Clock = std::chrono::steady_clock;

/// Requests may be held for three target durations and be answered a little later.
constexpr auto kRouteTimeout = 30s;
constexpr auto kSweepEvery = 500ms;

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

http::Response text_response(const char* type, std::string body) {
  http::Response response;
  response.content_type = type;
  response.headers = {{"Cache-Control", "no-store"}, {"Access-Control-Allow-Origin", "*"}};
  response.body = std::move(body);
  return response;
}

}  // namespace

struct LivePlaylists::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& loop, Metrics& metrics, LivePlaylistOptions given)
      : options(std::move(given)),
        timer(std::in_place, loop),
        held(metrics.gauge("troupe_live_playlist_requests_held",
                           "Requests for playlists and parts that wait for them")),
        viewers(metrics.gauge("troupe_live_playlist_viewers", "Viewers of HLS and DASH")),
        windows(metrics.gauge("troupe_live_playlist_windows", "Sessions with a window")),
        refused(metrics.counter("troupe_live_playlist_refused_total",
                                "Requests refused because too many wait or watch")) {}

  void sweep_later() {
    timer->expires_after(kSweepEvery);
    timer->async_wait([weak = weak_from_this()](const auto& ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      self->sweep();
      self->sweep_later();
    });
  }

  void sweep() {
    std::vector<std::pair<std::string, SessionPtr>> all;
    {
      const std::shared_lock lock(mutex);
      all.assign(sessions.begin(), sessions.end());
    }
    std::size_t waiting = 0, watching = 0;
    for (const auto& [id, session] : all) {
      if (!session->sweep(Clock::now())) {
        const std::unique_lock lock(mutex);
        if (session->sweep(Clock::now())) continue;  // somebody publishes again
        sessions.erase(id);
        if (options.shelf) options.shelf->forget(id);
        continue;
      }
      waiting += session->held();
      watching += session->viewers();
    }
    held.Set(static_cast<double>(waiting));
    viewers.Set(static_cast<double>(watching));
    windows.Set(static_cast<double>(all.size()));
  }

  [[nodiscard]] SessionPtr find(const std::string& id) const {
    const std::shared_lock lock(mutex);
    const auto found = sessions.find(id);
    return found == sessions.end() ? nullptr : found->second;
  }

  /// A session that is watched.
  struct Watched {
    std::string id;
    SessionPtr session;
    Viewing viewing;
    Responder out;  ///< answers as the viewer should have it
  };

  /// The session of the path; answers when there is none to play, or not for this viewer.
  std::optional<Watched> watched(const Request& request, const Responder& out) const {
    const auto parsed = parse_id(request.params.at("id"));
    if (!parsed) {
      out.send(error(ErrorCode::not_found, "no such live session"));
      return std::nullopt;
    }
    const auto id = parsed->to_string();
    auto viewing = admit_viewer(*options.gate, request, id, Way::live, out);
    if (!viewing) return std::nullopt;
    if (auto session = find(id)) {
      if (options.observe) options.observe(id, request, *viewing);
      auto answer = as_seen_by(*viewing, out);
      return Watched{id, std::move(session), std::move(*viewing), std::move(answer)};
    }
    if (options.exists(id) || (options.asked && options.asked(id))) {
      out.send(http::problem(error(ErrorCode::unavailable, "nobody publishes now"), 2));
    } else {
      out.send(error(ErrorCode::not_found, "no such live session, or it is over"));
    }
    return std::nullopt;
  }

  /// Runs `then` once the session is here, if it is to come from elsewhere.
  void once_here(const Request& request, const Responder& out, std::function<void()> then) {
    const auto parsed = parse_id(request.params.at("id"));
    if (!options.summon || !parsed) return then();
    const auto id = parsed->to_string();
    if (find(id)) {
      if (options.asked) options.asked(id);
      return then();
    }
    if (options.exists(id)) return then();
    options.summon(id, request, [out, then = std::move(then)](const Result<void>& here) {
      if (!here.ok()) return out.send(here.error());
      then();
    });
  }

  SessionPtr session_for(const std::string& id) {
    const std::unique_lock lock(mutex);
    auto& slot = sessions[id];
    if (!slot)
      slot = std::make_shared<PlaylistSession>(options.window, options.max_held,
                                               options.await_ladder, options.cue_schemes);
    return slot;
  }

  /// `how` begins a publication in the session's window; again in a new one when the sweep took the
  /// window away meanwhile.
  void begin(const std::string& id, const std::function<void(PlaylistSession&)>& how) {
    for (SessionPtr session; session == nullptr || find(id) != session;) {
      session = session_for(id);
      how(*session);
    }
  }

  void too_many(const Responder& out) {
    refused.Increment();
    out.send(error(ErrorCode::overloaded, "too many viewers"));
  }

  /// Counts the viewer; answers when it may not watch.
  bool admitted(const Watched& watched, const std::string& viewer) {
    if (options.admit) {
      if (auto fine = options.admit(watched.id, viewer, watched.viewing.account); !fine.ok()) {
        watched.out.send(fine.error());
        return false;
      }
    }
    if (watched.session->seen(viewer, Clock::now(), options.max_viewers)) return true;
    too_many(watched.out);
    return false;
  }

  /// A newcomer of HLS gets the addresses of playlists of its own.
  void enter_hls(const Request& request, const Responder& out) {
    const auto by = watched(request, out);
    if (!by) return;
    const auto viewer = make_id_string();
    auto text = by->session->multivariant("v/" + viewer + "/", Clock::now());
    if (!text) return just_beginning(out);
    if (!admitted(*by, viewer)) return;
    by->out.send(text_response("application/vnd.apple.mpegurl", std::move(*text)));
  }

  /// One of DASH is sent to a manifest of its own: players ask for updates where they were led, and
  /// do not agree on what else a manifest may say about that.
  void enter_dash(const Request& request, const Responder& out) {
    const auto by = watched(request, out);
    if (!by) return;
    const auto name = request.path.substr(request.path.rfind('/') + 1);
    http::Response response;
    response.status = 302;
    response.headers = {{"Location", "v/" + make_id_string() + "/" + name},
                        {"Cache-Control", "no-store"},
                        {"Access-Control-Allow-Origin", "*"}};
    by->out.send(std::move(response));
  }

  static void just_beginning(const Responder& out) {
    out.send(http::problem(error(ErrorCode::unavailable, "the stream is just beginning"), 1));
  }

  void playlist(const Request& request, const Responder& out) {
    const auto& rendition = request.params.at("rendition");
    const auto viewer = parse_id(request.params.at("viewer"));
    if (!viewer) return out.send(error(ErrorCode::not_found, "no such rendition"));
    const auto reload =
        media::parse_reload(request.query_value("_HLS_msn"), request.query_value("_HLS_part"),
                            request.query_value("_HLS_skip"));
    if (!reload.ok()) return out.send(reload.error());
    const auto by = watched(request, out);
    if (!by || !admitted(*by, viewer->to_string())) return;
    if (!by->session->playlist(rendition, *reload, Clock::now(), by->out)) too_many(out);
  }

  void update_manifest(const Request& request, const Responder& out) {
    const auto viewer = parse_id(request.params.at("viewer"));
    if (!viewer) return out.send(error(ErrorCode::not_found, "no such viewer"));
    const auto by = watched(request, out);
    if (!by || !admitted(*by, viewer->to_string())) return;
    const auto kind = request.path.ends_with("/low-latency.mpd")
                          ? PlaylistSession::Dash::low_latency
                          : PlaylistSession::Dash::usual;
    auto text = by->session->manifest(kind, unix_us(), "../../", Clock::now());
    if (!text) return just_beginning(out);
    by->out.send(text_response("application/dash+xml", std::move(*text)));
  }

  void file(const Request& request, const Responder& out) {
    const auto& rendition = request.params.at("rendition");
    const auto& name = request.params.at("file");
    const auto file = media::is_captions_folder(rendition) ? media::parse_caption_file(name)
                                                           : media::parse_media_file(name);
    if (!file) return out.send(error(ErrorCode::not_found, "no such file"));
    const auto by = watched(request, out);
    if (!by) return;
    const auto known = request.header("if-none-match").value_or("");
    if (!by->session->file(rendition, *file, known, Clock::now(), by->out)) too_many(out);
  }

  const LivePlaylistOptions options;
  std::optional<boost::asio::steady_timer> timer;  ///< used on the loop

  prometheus::Gauge &held, &viewers, &windows;
  prometheus::Counter& refused;
  mutable std::shared_mutex mutex;
  std::unordered_map<std::string, SessionPtr> sessions;
};

LivePlaylists::LivePlaylists(boost::asio::io_context& loop, Metrics& metrics,
                             LivePlaylistOptions options)
    : impl_(std::make_shared<Impl>(loop, metrics, std::move(options))) {
  if (const auto& shelf = impl_->options.shelf) {
    for (auto& [id, window] : shelf->take_loaded())
      impl_->session_for(id)->restore(std::move(window), Clock::now());
  }
  boost::asio::post(loop, [weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->sweep_later();
  });
}

LivePlaylists::~LivePlaylists() = default;

void LivePlaylists::close() {
  impl_->timer.reset();
}

void LivePlaylists::start(const live::PublicationPtr& publication) {
  impl_->begin(publication->session_id, [&](PlaylistSession& session) {
    if (impl_->options.shelf) session.shelve(impl_->options.shelf, publication->session_id);
    session.start(*publication);
  });
}

void LivePlaylists::start_relayed(const live::PublicationPtr& publication,
                                  const std::optional<media::WindowCuts>& cuts) {
  impl_->begin(publication->session_id,
               [&](PlaylistSession& session) { session.start_relayed(*publication, cuts); });
}

std::optional<media::WindowCuts> LivePlaylists::cuts(const std::string& id) const {
  const auto session = impl_->find(id);
  return session ? std::optional(session->cuts()) : std::nullopt;
}

void LivePlaylists::forget(const std::string& id) {
  const auto session = impl_->find(id);
  if (!session) return;
  {
    const std::unique_lock lock(impl_->mutex);
    impl_->sessions.erase(id);
  }
  session->break_off();
}

void LivePlaylists::chunk(const std::string& id, const media::Chunk& chunk) {
  if (const auto session = impl_->find(id)) session->push(chunk);
}

void LivePlaylists::set_made(const std::string& id, std::uint64_t epoch,
                             const std::vector<media::Track>& tracks) {
  if (const auto session = impl_->find(id)) session->set_made(epoch, tracks);
}

void LivePlaylists::push_made(const std::string& id, std::uint64_t epoch,
                              const media::Chunk& chunk) {
  if (const auto session = impl_->find(id)) session->push_made(epoch, chunk);
}

void LivePlaylists::caption(const std::string& id, std::uint64_t epoch, std::int64_t start_us,
                            const std::string& text, const media::CaptionTrack& track) {
  if (const auto session = impl_->find(id)) session->caption(epoch, start_us, text, track);
}

void LivePlaylists::mark(const std::string& id, media::Mark mark) {
  if (const auto session = impl_->find(id)) session->mark(std::move(mark));
}

void LivePlaylists::stop(const std::string& id) {
  if (const auto session = impl_->find(id)) session->stop(Clock::now());
}

void LivePlaylists::end(const std::string& id) {
  if (const auto session = impl_->find(id)) session->end(Clock::now());
}

std::int64_t LivePlaylists::viewers(const std::string& id) const {
  const auto session = impl_->find(id);
  return session ? static_cast<std::int64_t>(session->viewers()) : 0;
}

void LivePlaylists::mount(http::Router& router) {
  const http::RouteOptions route{.access = http::Access::open,
                                 .timeout = kRouteTimeout,
                                 .priority = Priority::vital};  // from memory, no actor is asked
  const auto bind = [impl = impl_](void (Impl::*handler)(const Request&, const Responder&)) {
    return [impl, handler](const Request& request, const Responder& out) {
      if (!impl->options.summon) return (*impl.*handler)(request, out);
      impl->once_here(request, out,
                      [impl, handler, request, out] { (*impl.*handler)(request, out); });
    };
  };
  router.add("GET", "/live/{id}/index.m3u8", bind(&Impl::enter_hls), route);
  router.add("GET", "/live/{id}/manifest.mpd", bind(&Impl::enter_dash), route);
  router.add("GET", "/live/{id}/v/{viewer}/manifest.mpd", bind(&Impl::update_manifest), route);
  router.add("GET", "/live/{id}/low-latency.mpd", bind(&Impl::enter_dash), route);
  router.add("GET", "/live/{id}/v/{viewer}/low-latency.mpd", bind(&Impl::update_manifest), route);
  router.add("GET", "/live/{id}/v/{viewer}/{rendition}/index.m3u8", bind(&Impl::playlist), route);
  router.add("GET", "/live/{id}/{rendition}/{file}", bind(&Impl::file), route);
}

}  // namespace troupe::api
