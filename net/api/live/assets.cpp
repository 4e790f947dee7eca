#include "net/api/live/assets.hpp"

#include <boost/json.hpp>

#include "actors/live/asset_messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "media/recording/asset_library.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/body.hpp"
#include "net/api/paging.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using ApiPtr = std::shared_ptr<const LiveAssetsApi>;

constexpr std::size_t kMaxBody = 4U << 10;

json::object view(const live::Asset& asset) {
  const auto root = "/api/v1/assets/" + asset.id;
  json::object out{{"id", asset.id},
                   {"session", asset.session},
                   {"title", asset.title},
                   {"owner", asset.owner},
                   {"visibility", live::to_string(asset.visibility)},
                   {"state", live::to_string(asset.state)},
                   {"created_ms", asset.created_ms}};
  if (asset.state == live::AssetState::failed)
    out["error"] = {{"code", asset.failure_code}, {"detail", asset.failure}};
  if (asset.state != live::AssetState::ready) return out;
  const auto& facts = asset.facts;
  out["ready_ms"] = asset.ready_ms;
  out["seconds"] = static_cast<double>(facts.duration_us) / 1e6;
  out["bytes"] = facts.bytes;
  out["publications"] = facts.publications;
  out["width"] = facts.width;
  out["height"] = facts.height;
  out["complete"] = facts.complete;
  out["watch_path"] = "/asset.html?id=" + asset.id;
  out["hls_path"] = root + "/media/index.m3u8";
  out["dash_path"] = root + "/media/manifest.mpd";
  if (facts.captions) out["captions_path"] = root + "/media/captions.vtt";
  if (facts.thumbnails) out["thumbnails_path"] = root + "/media/thumbnails.vtt";
  return out;
}

std::optional<std::string> id_of(const Request& request, const Responder& out, const char* what) {
  const auto id = parse_id(request.params.at("id"));
  if (id) return id->to_string();
  out.send(error(ErrorCode::not_found, what));
  return std::nullopt;
}

std::function<void(const Result<live::Asset>&)> show_to(const Responder& out, int status = 200) {
  return [out, status](const Result<live::Asset>& asset) {
    if (!asset.ok()) return out.send(asset.error());
    auto response = http::json_response(status, view(*asset));
    if (status != 200) response.headers["Location"] = "/api/v1/assets/" + asset->id;
    out.send(std::move(response));
  };
}

/// Of its own session, by an owner: the session is asked for its record first.
void create(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto session = id_of(request, out, "no such live session");
  if (!session) return;
  const auto time_left = request.time_left();
  const auto make = [api, out, time_left](const Result<live::Session>& found) {
    if (!found.ok()) return out.send(found.error());
    if (auto may = api->library.may_take(found->id); !may.ok()) return out.send(may.error());
    api->asker.ask_as<live::Asset>(live::kAssetKind, make_id_string(), time_left, show_to(out, 202),
                                   live::create_atom::value, live::NewAsset{*found});
  };
  as_owner(api->asker, request, *session, out, [api, session = *session, time_left, make] {
    api->asker.ask_as<live::Session>(live::kKind, session, time_left, make, live::read_atom::value);
  });
}

void list(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto page = read_page(request);
  if (!page.ok()) return out.send(page.error());
  auto posted = api->context.reads.post(
      [page = *page, caller = caller_of(request), out](const storage::Store& store) {
        std::string last;
        const auto assets =
            live::list_assets(store, page.after, page.limit, caller ? &*caller : nullptr, last);
        if (!assets.ok()) return out.send(assets.error());
        json::object body{{"items", json::array()}, {"next_cursor", nullptr}};
        for (const auto& asset : *assets) body["items"].as_array().push_back(view(asset));
        if (!last.empty()) body["next_cursor"] = last;
        out.send(http::json_response(200, body));
      });
  if (!posted.ok()) out.send(posted.error());
}

void show(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto id = id_of(request, out, "no such asset");
  if (!id) return;
  api->asker.ask_as<live::Asset>(
      live::kAssetKind, *id, request.time_left(),
      [out, caller = caller_of(request)](const Result<live::Asset>& asset) {
        const bool hidden = asset.ok() && !live::may_see(*asset, caller ? &*caller : nullptr);
        if (hidden) return out.send(error(ErrorCode::not_found, "no such asset"));
        show_to(out)(asset);
      },
      live::read_atom::value);
}

Result<live::AssetChange> read_change(const Request& request) {
  auto body = body_of(request, {"title", "visibility"});
  if (!body.ok()) return body.error();
  if (body->empty()) return error(ErrorCode::invalid_argument, "title or visibility");
  live::AssetChange out;
  for (const auto& [name, value] : *body) {
    if (!value.is_string())
      return error(ErrorCode::invalid_argument, std::string(name) + ": a string");
    const std::string text(value.get_string());
    if (name == "title") {
      out.title = text;
      continue;
    }
    const auto visibility = live::parse_visibility(text);
    if (!visibility.ok()) return visibility.error();
    out.visibility = *visibility;
  }
  return out;
}

void change(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto id = id_of(request, out, "no such asset");
  if (!id) return;
  auto what = read_change(request);
  if (!what.ok()) return out.send(what.error());
  api->asker.ask_as<live::Asset>(live::kAssetKind, *id, request.time_left(), show_to(out),
                                 live::change_atom::value, *caller_of(request), std::move(*what));
}

void erase(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto id = id_of(request, out, "no such asset");
  if (!id) return;
  api->asker.ask_as<live::Asset>(live::kAssetKind, *id, request.time_left(), show_to(out),
                                 live::erase_atom::value, *caller_of(request));
}

}  // namespace

std::optional<live::Caller> caller_of(const Request& request) {
  if (!request.principal) return std::nullopt;
  return live::Caller{request.principal->subject, request.principal->has_scope("admin")};
}

void mount_live_assets(http::Router& router, const LiveAssetsApi& given) {
  const auto api = std::make_shared<const LiveAssetsApi>(given);
  const auto bind = [&api](void (*handler)(const ApiPtr&, const Request&, const Responder&)) {
    return [api, handler](const Request& request, const Responder& out) {
      handler(api, request, out);
    };
  };
  const http::RouteOptions open{
      .access = api->anonymous_viewers ? http::Access::open : http::Access::token,
      .priority = Priority::bulk};
  const std::string root = "/api/v1/assets";
  router.add("POST", "/api/v1/live/{id}/assets", bind(create), {.max_body_bytes = kMaxBody});
  router.add("GET", root, bind(list), open);
  router.add("GET", root + "/{id}", bind(show), open);
  router.add("PATCH", root + "/{id}", bind(change), {.max_body_bytes = kMaxBody});
  router.add("DELETE", root + "/{id}", bind(erase));
  mount_asset_media(router, api);
}

}  // namespace troupe::api
