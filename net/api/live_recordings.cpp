#include "net/api/live_recordings.hpp"

#include <charconv>

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "media/recording/recorder.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;

/// "init-<epoch>.mp4" or "segment-<epoch>-<n>.m4s".
struct RecordedFile {
  std::uint64_t epoch = 0;
  std::optional<std::uint64_t> number;  ///< nothing: the init segment
};

std::optional<RecordedFile> parse_file(std::string_view name) {
  const auto take = [&](std::string_view text) {
    if (!name.starts_with(text)) return false;
    name.remove_prefix(text.size());
    return true;
  };
  const auto take_number = [&](std::uint64_t& number) {
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (problem != std::errc()) return false;
    name.remove_prefix(static_cast<std::size_t>(end - name.data()));
    return true;
  };
  RecordedFile file;
  if (take("init-") && take_number(file.epoch) && name == ".mp4") return file;
  if (take("segment-") && take_number(file.epoch) && take("-") &&
      take_number(file.number.emplace()) && name == ".m4s")
    return file;
  return std::nullopt;
}

std::optional<media::TrackKind> kind_of(const std::string& name) {
  for (const auto kind : {media::TrackKind::video, media::TrackKind::audio})
    if (name == media::kind_name(kind)) return kind;
  return std::nullopt;
}

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

/// The recording of the path's session; answers 404 when there is none.
std::optional<media::Recording> recording_of(const LiveRecordingsApi& api, const Request& request,
                                             const Responder& out) {
  const auto id = parse_id(request.params.at("id"));
  auto recording = id ? api.recorder.find(id->to_string()) : media::Recording{};
  if (!recording.empty()) return recording;
  out.send(error(ErrorCode::not_found, "nothing is recorded of such a session"));
  return std::nullopt;
}

void list(const LiveRecordingsApi& api, const Request& request, const Responder& out) {
  const auto recording = recording_of(api, request, out);
  if (!recording) return;
  const auto id = parse_id(request.params.at("id"))->to_string();
  json::array tracks;
  for (const auto& [kind, track] : *recording) {
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
      200, json::object{{"id", id},
                        {"hls_path", "/api/v1/live/" + id + "/recordings/index.m3u8"},
                        {"tracks", std::move(tracks)}}));
}

void file(const LiveRecordingsApi& api, const Request& request, const Responder& out) {
  const auto kind = kind_of(request.params.at("track"));
  const auto recording = kind ? recording_of(api, request, out) : std::nullopt;
  if (!kind) return out.send(error(ErrorCode::not_found, "no such track"));
  if (!recording) return;
  const auto& name = request.params.at("file");
  if (name == "index.m3u8") {
    const auto track = recording->find(*kind);
    if (track == recording->end()) return out.send(error(ErrorCode::not_found, "no such track"));
    return out.send(playlist_response(media::recording_playlist(track->second)));
  }
  const auto wanted = parse_file(name);
  if (!wanted) return out.send(error(ErrorCode::not_found, "no such file"));
  const auto id = parse_id(request.params.at("id"))->to_string();
  auto posted = api.reads.post(
      [&recorder = api.recorder, id, kind = *kind, wanted = *wanted, out](const storage::Store&) {
        auto bytes = wanted.number ? recorder.read_segment(id, kind, wanted.epoch, *wanted.number)
                                   : recorder.read_init(id, kind, wanted.epoch);
        if (!bytes.ok()) return out.send(bytes.error());
        // The last segment still grows.
        out.send(media_response(wanted.number ? "video/iso.segment" : "video/mp4", "no-cache",
                                std::move(*bytes)));
      });
  if (!posted.ok()) out.send(posted.error());
}

}  // namespace

void mount_live_recordings(http::Router& router, const LiveRecordingsApi& api) {
  const http::RouteOptions route{
      .access = api.anonymous_viewers ? http::Access::open : http::Access::token,
      .priority = Priority::bulk};
  const std::string root = "/api/v1/live/{id}/recordings";
  router.add(
      "GET", root, [api](const Request& request, const Responder& out) { list(api, request, out); },
      route);
  router.add(
      "GET", root + "/index.m3u8",
      [api](const Request& request, const Responder& out) {
        if (const auto recording = recording_of(api, request, out))
          out.send(playlist_response(media::recording_playlist(*recording)));
      },
      route);
  router.add(
      "GET", root + "/{track}/{file}",
      [api](const Request& request, const Responder& out) { file(api, request, out); }, route);
}

}  // namespace troupe::api
