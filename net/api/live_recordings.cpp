#include "net/api/live_recordings.hpp"

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "media/recording/recorder.hpp"
#include "net/api/live_access.hpp"
#include "net/api/recorded_file.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;

http::Response media_response(const char* type, const char* caching, std::string body) {
  http::Response response;
  response.content_type = type;
  response.headers = {{"Cache-Control", caching}, {"Access-Control-Allow-Origin", "*"}};
  response.shared_body = std::make_shared<const std::string>(std::move(body));
  return response;
}

http::Response playlist_response(std::string body) {
  return media_response("application/vnd.apple.mpegurl", "no-store", std::move(body));
}

struct Watched {
  std::string id;
  media::Recording recording;
  Responder out;  ///< answers as the viewer should have it
};

/// The recording of the path's session; answers when there is none, or not for this viewer.
std::optional<Watched> watched(const LiveRecordingsApi& api, const Request& request,
                               const Responder& out) {
  if (const auto id = parse_id(request.params.at("id"))) {
    const auto viewing = admit_viewer(*api.gate, request, id->to_string(), Way::recordings, out);
    if (!viewing) return std::nullopt;
    if (auto recording = api.recorder.find(id->to_string()); !recording.empty())
      return Watched{id->to_string(), std::move(recording), as_seen_by(*viewing, out)};
  }
  out.send(error(ErrorCode::not_found, "nothing is recorded of such a session"));
  return std::nullopt;
}

void list(const LiveRecordingsApi& api, const Request& request, const Responder& out) {
  const auto by = watched(api, request, out);
  if (!by) return;
  json::array tracks;
  for (const auto& [kind, track] : by->recording) {
    const auto& first = track.segments.front();
    const auto& last = track.segments.back();
    tracks.push_back(
        {{"kind", media::kind_name(kind)},
         {"mime", track.track.mime},
         {"seconds", static_cast<double>(track.duration_us()) / 1e6},
         {"bytes", track.bytes()},
         {"segments", track.segments.size()},
         {"from_ms", (static_cast<std::int64_t>(first.epoch) + first.start_us) / 1000},
         {"to_ms",
          (static_cast<std::int64_t>(last.epoch) + last.start_us + last.duration_us) / 1000}});
  }
  out.send(http::json_response(
      200, json::object{{"id", by->id},
                        {"hls_path", "/api/v1/live/" + by->id + "/recordings/index.m3u8"},
                        {"tracks", std::move(tracks)}}));
}

void file(const LiveRecordingsApi& api, const Request& request, const Responder& out) {
  const auto kind = parse_track(request.params.at("track"));
  if (!kind) return out.send(error(ErrorCode::not_found, "no such track"));
  const auto by = watched(api, request, out);
  if (!by) return;
  const auto& name = request.params.at("file");
  if (name == "index.m3u8") {
    const auto track = by->recording.find(*kind);
    if (track == by->recording.end()) return out.send(error(ErrorCode::not_found, "no such track"));
    return by->out.send(playlist_response(media::recording_playlist(track->second)));
  }
  const auto wanted = parse_recorded_file(name);
  if (!wanted || wanted->kind == RecordedFile::Kind::captions)
    return out.send(error(ErrorCode::not_found, "no such file"));
  auto posted = api.reads.post([&recorder = api.recorder, id = by->id, kind = *kind,
                                wanted = *wanted, out = by->out](const storage::Store&) {
    const bool segment = wanted.kind == RecordedFile::Kind::segment;
    auto bytes = segment ? recorder.read_segment(id, kind, wanted.epoch, wanted.number)
                         : recorder.read_init(id, kind, wanted.epoch);
    if (!bytes.ok()) return out.send(bytes.error());
    // The last segment still grows.
    out.send(
        media_response(segment ? "video/iso.segment" : "video/mp4", "no-cache", std::move(*bytes)));
  });
  if (!posted.ok()) out.send(posted.error());
}

}  // namespace

void mount_live_recordings(http::Router& router, const LiveRecordingsApi& api) {
  const http::RouteOptions route{.access = http::Access::open, .priority = Priority::bulk};
  const std::string root = "/api/v1/live/{id}/recordings";
  router.add(
      "GET", root, [api](const Request& request, const Responder& out) { list(api, request, out); },
      route);
  router.add(
      "GET", root + "/index.m3u8",
      [api](const Request& request, const Responder& out) {
        if (const auto by = watched(api, request, out))
          by->out.send(playlist_response(media::recording_playlist(by->recording)));
      },
      route);
  router.add(
      "GET", root + "/{track}/{file}",
      [api](const Request& request, const Responder& out) { file(api, request, out); }, route);
}

}  // namespace troupe::api
