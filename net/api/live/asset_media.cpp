// What players ask of an asset.
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "media/recording/asset_library.hpp"
#include "media/recording/asset_playlist.hpp"
#include "net/api/live/assets.hpp"
#include "net/api/live/recorded_file.hpp"
#include "net/api/live/served_file.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

using http::Request;
using http::Responder;
using ApiPtr = std::shared_ptr<const LiveAssetsApi>;
using MediaPtr = std::shared_ptr<const media::AssetMedia>;

/// Of assets that are on their way to clients, all together.
constexpr std::uint64_t kMaxSending = 512U << 20;
constexpr const char* kHls = "application/vnd.apple.mpegurl";
constexpr const char* kVtt = "text/vtt; charset=utf-8";

/// An asset that the caller may play. The asset's files never change; what tells of them may, with
/// the next version of the server, and is asked for anew.
struct Playing {
  const media::AssetLibrary& library;
  live::Asset asset;
  MediaPtr media;
  SendBudget budget;

  [[nodiscard]] std::string caching(std::string_view how) const {
    const bool shared = asset.visibility != live::Visibility::owner_only;
    return (shared ? "public, " : "private, ") + std::string(how);
  }
  [[nodiscard]] http::Response text(const Request& request, const char* type,
                                    std::string body) const {
    return serve_text(budget, request, type, caching("no-cache"), std::move(body));
  }
  /// `size`: of the file, from its beginning.
  [[nodiscard]] http::Response file(const Request& request, const char* type,
                                    const std::filesystem::path& path, std::uint64_t size) const {
    ServedFile served;
    served.type = type;
    served.tag =
        asset.id + "-" + path.parent_path().filename().string() + "-" + path.filename().string();
    served.caching = caching("max-age=31536000, immutable");
    served.size = size;
    served.read = [&path](std::uint64_t offset, std::uint64_t bytes) {
      return media::RecordingFiles::read_range(path, offset, bytes);
    };
    return serve_file(budget, request, served);
  }
};

http::Response no_file() {
  return http::problem(error(ErrorCode::not_found, "no such file"));
}

http::Response root_file(const Playing& playing, const Request& request) {
  const auto& name = request.params.at("file");
  const auto& media = *playing.media;
  if (name == "index.m3u8") return playing.text(request, kHls, media::asset_playlist(media));
  if (name == "manifest.mpd")
    return playing.text(request, "application/dash+xml", media::asset_manifest(media));
  if (name == "captions.vtt") return playing.text(request, kVtt, media::asset_captions(media));
  if (name == "thumbnails.vtt") return playing.text(request, kVtt, media::asset_thumbnails(media));
  const auto wanted = parse_recorded_thumbnail(name);
  if (!wanted) return no_file();
  for (const auto& one : media.thumbnails) {
    if (one.epoch != wanted->epoch || one.media_us != wanted->media_us) continue;
    return playing.file(
        request, "image/jpeg",
        playing.library.files().thumbnail(playing.asset.id, one.epoch, one.media_us), one.bytes);
  }
  return no_file();
}

http::Response captions_file(const Playing& playing, const Request& request) {
  const auto& media = *playing.media;
  const auto& name = request.params.at("file");
  if (name == "index.m3u8")
    return playing.text(request, kHls, media::asset_captions_playlist(media));
  const auto wanted = parse_recorded_file(name);
  if (!wanted || wanted->kind != RecordedFile::Kind::captions) return no_file();
  auto cues = media::asset_captions_segment(media, wanted->epoch, wanted->number);
  return cues ? playing.text(request, kVtt, std::move(*cues)) : no_file();
}

http::Response track_file(const Playing& playing, const Request& request) {
  if (request.params.at("track") == "captions") return captions_file(playing, request);
  const auto kind = parse_track(request.params.at("track"));
  if (!kind || !playing.media->recording.contains(*kind)) return no_file();
  const auto& name = request.params.at("file");
  if (name == "index.m3u8")
    return playing.text(request, kHls, media::asset_playlist(*playing.media, *kind));
  const auto wanted = parse_recorded_file(name);
  if (!wanted) return no_file();
  const auto& files = playing.library.files();
  const auto& id = playing.asset.id;
  if (wanted->kind == RecordedFile::Kind::init && playing.media->part(wanted->epoch) != nullptr) {
    const auto path = files.init(id, wanted->epoch, *kind);
    std::error_code ec;
    const auto size = std::filesystem::file_size(path, ec);
    return ec ? no_file() : playing.file(request, "video/mp4", path, size);
  }
  const auto* segment = playing.media->segment(*kind, wanted->epoch, wanted->number);
  if (wanted->kind != RecordedFile::Kind::segment || segment == nullptr) return no_file();
  return playing.file(request, "video/iso.segment", files.segment(id, *kind, *segment),
                      segment->bytes);
}

/// Finds what is to be played and answers with what `serve` makes of it; on the read pool.
void play(const ApiPtr& api, const SendBudget& budget, const Request& request, const Responder& out,
          http::Response (*serve)(const Playing&, const Request&)) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) return out.send(error(ErrorCode::not_found, "no such asset"));
  auto posted = api->context.reads.post([api, budget, request, out, serve,
                                         id = id->to_string()](const storage::Store& store) {
    auto asset = live::load_asset(store, id);
    if (!asset.ok()) return out.send(asset.error());
    const auto caller = caller_of(request);
    if (!live::may_see(*asset, caller ? &*caller : nullptr))
      return out.send(error(ErrorCode::not_found, "no such asset"));
    if (asset->state != live::AssetState::ready)
      return out.send(http::problem(error(ErrorCode::not_found, "the asset is not ready"), 1));
    auto media = api->library.open(id);
    if (!media.ok()) return out.send(media.error());
    out.send(serve(Playing{api->library, std::move(*asset), std::move(*media), budget}, request));
  });
  if (!posted.ok()) out.send(posted.error());
}

}  // namespace

void mount_asset_media(http::Router& router, const ApiPtr& api) {
  const http::RouteOptions route{
      .access = api->anonymous_viewers ? http::Access::open : http::Access::token,
      .priority = Priority::bulk};
  const SendBudget budget(kMaxSending);
  const std::string root = "/api/v1/assets/{id}/media/";
  router.add(
      "GET", root + "{file}",
      [api, budget](const Request& request, const Responder& out) {
        play(api, budget, request, out, root_file);
      },
      route);
  router.add(
      "GET", root + "{track}/{file}",
      [api, budget](const Request& request, const Responder& out) {
        play(api, budget, request, out, track_file);
      },
      route);
}

}  // namespace troupe::api
