#include "net/api/live/clips.hpp"

#include <boost/json.hpp>

#include "actors/live/live_store.hpp"
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "media/recording/clip_maker.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/assets.hpp"
#include "net/api/live/served_file.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using ApiPtr = std::shared_ptr<const LiveClipsApi>;

constexpr std::size_t kMaxBody = 4U << 10;
/// Of clips that are on their way to clients, all together.
constexpr std::uint64_t kMaxSending = 512U << 20;

std::string path_of(const LiveClipsApi& api, const media::Clip& clip) {
  return api.home.root + "/" + clip.session + "/clips/" + clip.id;
}

json::object view(const LiveClipsApi& api, const media::Clip& clip) {
  json::object out{{"id", clip.id},
                   {"title", clip.title},
                   {"by", clip.by},
                   {"exact", clip.cut == media::ClipCut::picture},
                   {"state", media::to_string(clip.state)},
                   {"from_ms", clip.from_us / 1000},
                   {"to_ms", clip.to_us / 1000}};
  if (clip.state == media::ClipState::ready) {
    out["bytes"] = clip.bytes;
    out["pictures"] = clip.pictures;
    out["path"] = path_of(api, clip) + "/clip.mp4";
  }
  if (!clip.why.ok())
    out["error"] = {{"code", to_string(clip.why.code())}, {"detail", clip.why.error().detail}};
  return out;
}

/// Runs `then` with the path's id if the caller may do it.
void admit(const ClipHome::Admission& admission, const Request& request, const Responder& out,
           std::function<void(const std::string& id, const Responder& out)> then) {
  const auto id = parse_id(request.params.at("id"));
  if (!id) return out.send(error(ErrorCode::not_found, "there is nothing of that name"));
  const auto name = id->to_string();
  admission(request, name, out,
            [name, then = std::move(then)](const Responder& admitted) { then(name, admitted); });
}

std::optional<media::Clip> clip_of(const LiveClipsApi& api, const Request& request,
                                   const Responder& out) {
  const auto session = parse_id(request.params.at("id"));
  const auto id = parse_id(request.params.at("clip"));
  auto clip = session && id ? api.clips.find(session->to_string(), id->to_string())
                            : std::optional<media::Clip>();
  if (!clip) out.send(error(ErrorCode::not_found, "no such clip"));
  return clip;
}

Result<media::ClipMaker::Order> parse_order(const Request& request) {
  auto body = http::parse_json_object(request.body);
  if (!body.ok()) return body.error();
  media::ClipMaker::Order order;
  for (const auto& [name, value] : *body) {
    boost::system::error_code ec;
    if (name == "title" && value.is_string()) {
      order.title = std::string(value.get_string());
    } else if (name == "exact" && value.is_bool()) {
      order.cut = value.get_bool() ? media::ClipCut::picture : media::ClipCut::key_frame;
    } else if ((name == "from_ms" || name == "to_ms") && !value.is_double()) {
      constexpr std::int64_t kLatestMs = 100'000'000'000'000;  // the year 5138: no overflow
      const auto ms = value.to_number<std::int64_t>(ec);
      if (ec || ms < 0 || ms > kLatestMs)
        return error(ErrorCode::invalid_argument, std::string(name) + ": Unix milliseconds");
      (name == "from_ms" ? order.from_us : order.to_us) = ms * 1000;
    } else {
      return error(ErrorCode::invalid_argument,
                   "from_ms, to_ms, title and exact, no " + std::string(name));
    }
  }
  if (order.from_us == 0 || order.to_us == 0)
    return error(ErrorCode::invalid_argument, "from_ms and to_ms: Unix milliseconds");
  return order;
}

void create(const ApiPtr& api, const Request& request, const Responder& out) {
  auto order = parse_order(request);
  if (!order.ok()) return out.send(order.error());
  order->by = request.principal->subject;
  const auto place = [api, order = *order](const std::string& id, const Responder& admitted) {
    auto placed = order;
    placed.session = id;
    // The plan looks at the disk.
    auto posted = api->reads.post([api, placed, admitted](const storage::Store&) {
      const auto clip = api->clips.order(placed);
      if (!clip.ok()) return admitted.send(clip.error());
      auto response = http::json_response(202, view(*api, *clip));
      response.headers["Location"] = path_of(*api, *clip);
      admitted.send(std::move(response));
    });
    if (!posted.ok()) admitted.send(posted.error());
  };
  admit(api->home.make, request, out, place);
}

void list(const ApiPtr& api, const Request& request, const Responder& out) {
  admit(api->home.watch, request, out, [api](const std::string& id, const Responder& admitted) {
    json::array items;
    for (const auto& clip : api->clips.list(id)) items.push_back(view(*api, clip));
    admitted.send(http::json_response(200, json::object{{"items", std::move(items)}}));
  });
}

void show(const ApiPtr& api, const Request& request, const Responder& out) {
  admit(api->home.watch, request, out,
        [api, request](const std::string&, const Responder& admitted) {
          if (const auto clip = clip_of(*api, request, admitted))
            admitted.send(http::json_response(200, view(*api, *clip)));
        });
}

void erase(const ApiPtr& api, const Request& request, const Responder& out) {
  admit(api->home.make, request, out,
        [api, request](const std::string&, const Responder& admitted) {
          const auto clip = clip_of(*api, request, admitted);
          if (!clip) return;
          auto posted = api->reads.post([api, admitted, clip = *clip](const storage::Store&) {
            if (auto gone = api->clips.erase(clip.session, clip.id); !gone.ok())
              return admitted.send(gone.error());
            admitted.send(http::json_response(200, view(*api, clip)));
          });
          if (!posted.ok()) admitted.send(posted.error());
        });
}

void send_file(const ApiPtr& api, const SendBudget& budget, const Request& request,
               const Responder& out) {
  const auto clip = clip_of(*api, request, out);
  if (!clip) return;
  if (clip->state != media::ClipState::ready)
    return out.send(http::problem(error(ErrorCode::not_found, "the clip is not ready"), 1));
  auto posted = api->reads.post([=, clip = *clip](const storage::Store&) {
    ServedFile served{.type = "video/mp4",
                      .tag = clip.id,
                      .caching = "public, max-age=86400, immutable",
                      .size = clip.bytes,
                      .read = [&](std::uint64_t offset, std::uint64_t size) {
                        return api->clips.read(clip, offset, size);
                      }};
    out.send(serve_file(budget, request, served));
  });
  if (!posted.ok()) out.send(posted.error());
}

void file(const ApiPtr& api, const SendBudget& budget, const Request& request,
          const Responder& out) {
  admit(api->home.watch, request, out,
        [api, budget, request](const std::string&, const Responder& admitted) {
          send_file(api, budget, request, admitted);
        });
}

/// A responder whose answers no shared cache keeps.
Responder kept_private(const Responder& out) {
  return Responder([out](http::Response response) {
    const auto caching = response.headers.find("Cache-Control");
    if (caching != response.headers.end() && caching->second.starts_with("public"))
      caching->second.replace(0, 6, "private");
    out.send(std::move(response));
  });
}

}  // namespace

ClipHome clips_of_sessions(actors::Context& context, const actors::Asker& asker,
                           std::shared_ptr<const ViewGate> gate) {
  ClipHome home;
  home.root = "/api/v1/live";
  home.make = [&asker](const Request& request, const std::string& id, const Responder& out,
                       ClipHome::Then then) {
    as_moderator(asker, request, id, out, [out, then = std::move(then)] { then(out); });
  };
  home.watch = [&context, gate = std::move(gate)](const Request& request, const std::string& id,
                                                  const Responder& out,
                                                  const ClipHome::Then& then) {
    const auto viewing = admit_viewer(*gate, request, id, Way::clips, out);
    if (!viewing) return;
    // The gate lets through what it does not know, and an asset has rules of its own.
    auto posted = context.reads.post([=, viewing = *viewing](const storage::Store& store) {
      const auto session = live::load_session(store, id);
      if (!session.ok()) return out.send(session.error());
      if (!*session) return out.send(error(ErrorCode::not_found, "no such live session"));
      then(as_seen_by(viewing, out));
    });
    if (!posted.ok()) out.send(posted.error());
  };
  return home;
}

ClipHome clips_of_assets(actors::Context& context, bool anonymous_viewers) {
  using Judge = Result<void> (*)(const live::Asset&, const live::Caller*);
  const auto judged = [&context](Judge judge, bool strangers) -> ClipHome::Admission {
    return [&context, judge, strangers](const Request& request, const std::string& id,
                                        const Responder& out, const ClipHome::Then& then) {
      if (!strangers && !request.principal)
        return out.send(error(ErrorCode::unauthenticated, "this needs a bearer token"));
      auto posted =
          context.reads.post([=, caller = caller_of(request)](const storage::Store& store) {
            const auto asset = live::load_asset(store, id);
            if (!asset.ok()) return out.send(asset.error());
            const auto may = judge(*asset, caller ? &*caller : nullptr);
            if (!may.ok()) return out.send(may.error());
            const bool shared = asset->visibility != live::Visibility::owner_only;
            then(shared ? out : kept_private(out));
          });
      if (!posted.ok()) out.send(posted.error());
    };
  };
  const Judge sees = [](const live::Asset& asset, const live::Caller* caller) {
    if (live::may_see(asset, caller)) return Result<void>();
    return Result<void>(error(ErrorCode::not_found, "no such asset"));
  };
  const Judge owns = [](const live::Asset& asset, const live::Caller* caller) {
    if (!live::may_see(asset, caller))
      return Result<void>(error(ErrorCode::not_found, "no such asset"));
    if (caller != nullptr && live::owns(asset, *caller)) return Result<void>();
    return Result<void>(error(ErrorCode::forbidden, "only the owner"));
  };
  return {"/api/v1/assets", judged(owns, false), judged(sees, anonymous_viewers)};
}

void mount_live_clips(http::Router& router, LiveClipsApi given) {
  const auto api = std::make_shared<const LiveClipsApi>(std::move(given));
  const auto bind = [&api](void (*handler)(const ApiPtr&, const Request&, const Responder&)) {
    return [api, handler](const Request& request, const Responder& out) {
      handler(api, request, out);
    };
  };
  const http::RouteOptions open{.access = http::Access::open, .priority = Priority::bulk};
  const std::string root = api->home.root + "/{id}/clips";
  router.add("POST", root, bind(create), {.max_body_bytes = kMaxBody, .priority = Priority::bulk});
  router.add("GET", root, bind(list), open);
  router.add("GET", root + "/{clip}", bind(show), open);
  router.add("DELETE", root + "/{clip}", bind(erase));
  router.add(
      "GET", root + "/{clip}/clip.mp4",
      [api, budget = SendBudget(kMaxSending)](const Request& request, const Responder& out) {
        file(api, budget, request, out);
      },
      open);
}

}  // namespace troupe::api
