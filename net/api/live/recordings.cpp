#include "net/api/live/recordings.hpp"

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "media/recording/asset_playlist.hpp"
#include "media/recording/recorder.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/recorded_file.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;

/// That are told of a recording: an hour of one every five seconds. Pages ask again and again.
constexpr std::ptrdiff_t kMaxThumbnails = 720;

http::Response media_response(const char* type, const char* caching, std::string body) {
  http::Response response;
  response.content_type = type;
  response.headers = {{"Cache-Control", caching}, {"Access-Control-Allow-Origin", "*"}};
  response.body = std::move(body);
  return response;
}

http::Response playlist_response(std::string body) {
  return media_response("application/vnd.apple.mpegurl", "no-store", std::move(body));
}

Error nothing_recorded() {
  return error(ErrorCode::not_found, "nothing is recorded of such a session");
}

struct Watched {
  std::string id;
  Responder out;  ///< answers as the viewer should have it
};

/// Whose recording the path names; answers when it is not for this viewer.
std::optional<Watched> watched(const LiveRecordingsApi& api, const Request& request,
                               const Responder& out) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) {
    out.send(nothing_recorded());
    return std::nullopt;
  }
  const auto viewing = admit_viewer(*api.gate, request, id->to_string(), Way::recordings, out);
  if (!viewing) return std::nullopt;
  return Watched{id->to_string(), as_seen_by(*viewing, out)};
}

void list(const LiveRecordingsApi& api, const Request& request, const Responder& out) {
  const auto by = watched(api, request, out);
  if (!by) return;
  const auto recording = api.recorder.find(by->id);
  if (recording.empty()) return by->out.send(nothing_recorded());
  json::array tracks;
  for (const auto& [kind, track] : recording) {
    const auto& first = track.segments.front();
    const auto& last = track.segments.back();
    tracks.push_back({{"kind", media::kind_name(kind)},
                      {"mime", track.track.mime},
                      {"seconds", static_cast<double>(track.duration_us()) / 1e6},
                      {"bytes", track.bytes()},
                      {"segments", track.segments.size()},
                      {"from_ms", media::begin_us(first) / 1000},
                      {"to_ms", media::end_us(last) / 1000}});
  }
  out.send(http::json_response(
      200, json::object{{"id", by->id},
                        {"hls_path", "/api/v1/live/" + by->id + "/recordings/index.m3u8"},
                        {"tracks", std::move(tracks)}}));
}

Error no_such_file() {
  return error(ErrorCode::not_found, "no such file");
}

/// What is there now. Once more when a publication leaves the window while it is looked at.
Result<media::AssetMedia> described(const media::Recorder& recorder, const std::string& id) {
  Result<media::AssetMedia> media = nothing_recorded();
  for (int attempt = 0; attempt < 2 && !media.ok(); ++attempt) {
    auto recording = recorder.find(id);
    if (recording.empty()) return nothing_recorded();
    auto thumbnails = recorder.thumbnails(id);
    if (std::ssize(thumbnails) > kMaxThumbnails)
      thumbnails.erase(thumbnails.begin(), thumbnails.end() - kMaxThumbnails);
    media = describe_recording(recorder.files(), id,
                               {std::move(recording), std::move(thumbnails), true});
  }
  return media;
}

http::Response track_playlist(const media::AssetMedia& media, media::TrackKind kind) {
  if (!media.recording.contains(kind))
    return http::problem(error(ErrorCode::not_found, "no such track"));
  return playlist_response(media::asset_playlist(media, kind));
}

http::Response captions(const media::AssetMedia& media, const std::string& name) {
  if (name == "index.m3u8") return playlist_response(media::asset_captions_playlist(media));
  const auto wanted = parse_recorded_file(name);
  if (!wanted || wanted->kind != RecordedFile::Kind::captions) return http::problem(no_such_file());
  auto cues = media::asset_captions_segment(media, wanted->epoch, wanted->number);
  if (!cues) return http::problem(no_such_file());
  return media_response("text/vtt; charset=utf-8", "no-cache", std::move(*cues));
}

http::Response bytes(const media::Recorder& recorder, const std::string& id, media::TrackKind kind,
                     const RecordedFile& wanted) {
  const bool segment = wanted.kind == RecordedFile::Kind::segment;
  auto read = segment ? recorder.read_segment(id, kind, wanted.epoch, wanted.number)
                      : recorder.read_init(id, kind, wanted.epoch);
  if (!read.ok()) return http::problem(read.error());
  // The last segment still grows.
  return media_response(segment ? "video/iso.segment" : "video/mp4", "no-cache", std::move(*read));
}

http::Response thumbnail(const media::Recorder& recorder, const std::string& id,
                         const media::RecordedThumbnail& wanted) {
  auto read =
      media::RecordingFiles::read(recorder.files().thumbnail(id, wanted.epoch, wanted.media_us));
  if (!read.ok()) return http::problem(no_such_file());
  return media_response("image/jpeg", "public, max-age=86400, immutable", std::move(*read));
}

/// Slow clients keep what they are sent: all of it together has a bound.
http::Response counted(const SendBudget& budget, http::Response response) {
  auto held = budget.hold(std::exchange(response.body, {}));
  if (!held.ok()) return http::problem(held.error());
  response.shared_body = std::move(*held);
  return response;
}

/// Answers with what `make` makes, on a thread that may block.
void answer(const LiveRecordingsApi& api, const Watched& by,
            std::function<http::Response(const media::Recorder&)> make) {
  auto posted = api.reads.post([&recorder = api.recorder, sending = api.sending, out = by.out,
                                make = std::move(make)](const storage::Store&) {
    out.send(counted(sending, make(recorder)));
  });
  if (!posted.ok()) by.out.send(posted.error());
}

/// The same with what is recorded described.
void answer_of_all(const LiveRecordingsApi& api, const Watched& by,
                   std::function<http::Response(const media::AssetMedia&)> make) {
  answer(api, by, [id = by.id, make = std::move(make)](const media::Recorder& recorder) {
    const auto media = described(recorder, id);
    return media.ok() ? make(*media) : http::problem(media.error());
  });
}

void root_file(const LiveRecordingsApi& api, const Request& request, const Responder& out) {
  const auto by = watched(api, request, out);
  if (!by) return;
  const auto& name = request.params.at("file");
  if (name == "index.m3u8") {
    return answer_of_all(api, *by, [](const media::AssetMedia& media) {
      return playlist_response(media::asset_playlist(media));
    });
  }
  if (name == "thumbnails.vtt") {
    return answer_of_all(api, *by, [](const media::AssetMedia& media) {
      return media_response("text/vtt; charset=utf-8", "no-cache", media::asset_thumbnails(media));
    });
  }
  const auto wanted = parse_recorded_thumbnail(name);
  if (!wanted) return by->out.send(no_such_file());
  answer(api, *by, [id = by->id, wanted = *wanted](const media::Recorder& recorder) {
    return thumbnail(recorder, id, wanted);
  });
}

void file(const LiveRecordingsApi& api, const Request& request, const Responder& out) {
  const auto by = watched(api, request, out);
  if (!by) return;
  const auto& name = request.params.at("file");
  if (request.params.at("track") == "captions") {
    return answer_of_all(api, *by,
                         [name](const media::AssetMedia& media) { return captions(media, name); });
  }
  const auto kind = parse_track(request.params.at("track"));
  if (!kind) return by->out.send(error(ErrorCode::not_found, "no such track"));
  if (name == "index.m3u8") {
    return answer_of_all(api, *by, [kind = *kind](const media::AssetMedia& media) {
      return track_playlist(media, kind);
    });
  }
  const auto wanted = parse_recorded_file(name);
  if (!wanted || wanted->kind == RecordedFile::Kind::captions) return by->out.send(no_such_file());
  answer(api, *by, [id = by->id, kind = *kind, wanted = *wanted](const media::Recorder& recorder) {
    return bytes(recorder, id, kind, wanted);
  });
}

}  // namespace

void mount_live_recordings(http::Router& router, const LiveRecordingsApi& api) {
  const http::RouteOptions route{.access = http::Access::open, .priority = Priority::bulk};
  const std::string root = "/api/v1/live/{id}/recordings";
  router.add(
      "GET", root, [api](const Request& request, const Responder& out) { list(api, request, out); },
      route);
  router.add(
      "GET", root + "/{file}",
      [api](const Request& request, const Responder& out) { root_file(api, request, out); }, route);
  router.add(
      "GET", root + "/{track}/{file}",
      [api](const Request& request, const Responder& out) { file(api, request, out); }, route);
}

}  // namespace troupe::api
