#include "net/api/live/thumbnails.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "net/api/live/access.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

using http::Request;
using http::Responder;

void send_picture(const LiveThumbnailsApi& api, const std::string& id, std::int64_t wall_us,
                  const char* caching, const Request& request, const Responder& out) {
  const auto found = api.book->find(id, wall_us);
  if (!found) return out.send(error(ErrorCode::not_found, "no thumbnail yet"));
  const auto etag = "\"" + std::to_string(found->wall_us) + "\"";
  http::Response response;
  response.content_type = "image/jpeg";
  response.headers = {
      {"Cache-Control", caching}, {"ETag", etag}, {"Access-Control-Allow-Origin", "*"}};
  if (request.header("if-none-match") == etag) {
    response.status = 304;
  } else {
    response.shared_body = found->jpeg;
  }
  out.send(std::move(response));
}

struct Watched {
  std::string id;
  Responder out;  ///< answers as the viewer should have it
};

std::optional<Watched> watched(const LiveThumbnailsApi& api, const Request& request,
                               const Responder& out) {
  const auto id = parse_id(request.params.at("id"));
  if (id) {
    const auto viewing = admit_viewer(*api.gate, request, id->to_string(), Way::thumbnails, out);
    if (!viewing) return std::nullopt;
    if (api.exists(id->to_string())) return Watched{id->to_string(), as_seen_by(*viewing, out)};
  }
  out.send(error(ErrorCode::not_found, "no such live session, or it is over"));
  return std::nullopt;
}

}  // namespace

void ThumbnailBook::add(const std::string& session, const media::Thumbnail& thumbnail) {
  const std::lock_guard lock(mutex_);
  if (!sessions_.contains(session) && sessions_.size() >= kMaxSessions) {
    sessions_.erase(std::ranges::min_element(
        sessions_, {}, [](const auto& entry) { return entry.second.thumbnails.back().wall_us; }));
  }
  auto& kept = sessions_[session];
  kept.thumbnails.push_back(thumbnail);
  kept.bytes += thumbnail.jpeg->size();
  while (kept.thumbnails.size() > 1 &&
         (kept.bytes > kMaxBytes ||
          kept.thumbnails.front().wall_us < thumbnail.wall_us - window_us_)) {
    kept.bytes -= kept.thumbnails.front().jpeg->size();
    kept.thumbnails.pop_front();
  }
}

void ThumbnailBook::forget(const std::string& session) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

std::optional<media::Thumbnail> ThumbnailBook::find(const std::string& session,
                                                    std::int64_t wall_us) const {
  const std::lock_guard lock(mutex_);
  const auto kept = sessions_.find(session);
  if (kept == sessions_.end()) return std::nullopt;
  const auto& all = kept->second.thumbnails;
  const auto after = std::ranges::upper_bound(all, wall_us, {}, &media::Thumbnail::wall_us);
  return after == all.begin() ? all.front() : *std::prev(after);
}

std::vector<std::int64_t> ThumbnailBook::times_us(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::int64_t> out;
  if (const auto kept = sessions_.find(session); kept != sessions_.end())
    for (const auto& thumbnail : kept->second.thumbnails) out.push_back(thumbnail.wall_us);
  return out;
}

std::vector<media::Thumbnail> ThumbnailBook::all(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  const auto kept = sessions_.find(session);
  if (kept == sessions_.end()) return {};
  return {kept->second.thumbnails.begin(), kept->second.thumbnails.end()};
}

void mount_live_thumbnails(http::Router& router, LiveThumbnailsApi given) {
  const http::RouteOptions route{.access = http::Access::open};
  const auto api = std::make_shared<const LiveThumbnailsApi>(std::move(given));
  const auto once_here = [api](auto handler) {
    return [api, handler](const Request& request, const Responder& out) {
      const auto id = parse_id(request.params.at("id"));
      if (!api->summon || !id || api->exists(id->to_string())) return handler(request, out);
      api->summon(id->to_string(), request, [handler, request, out](const Result<void>& here) {
        if (!here.ok()) return out.send(here.error());
        handler(request, out);
      });
    };
  };
  router.add("GET", "/api/v1/live/{id}/thumbnails/latest.jpg",
             once_here([api](const Request& request, const Responder& out) {
               if (const auto by = watched(*api, request, out))
                 send_picture(*api, by->id, std::numeric_limits<std::int64_t>::max(), "no-cache",
                              request, by->out);
             }),
             route);
  router.add("GET", "/api/v1/live/{id}/thumbnails",
             once_here([api](const Request& request, const Responder& out) {
               const auto by = watched(*api, request, out);
               if (!by) return;
               if (const auto text = request.query_value("t")) {
                 std::int64_t at_ms = 0;
                 const auto [end, problem] =
                     std::from_chars(text->data(), text->data() + text->size(), at_ms);
                 constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1'000;
                 if (problem != std::errc() || end != text->data() + text->size() || at_ms < 0 ||
                     at_ms > kMost)
                   return out.send(error(ErrorCode::invalid_argument, "t: Unix milliseconds"));
                 return send_picture(*api, by->id, at_ms * 1'000 + 999, "public, max-age=5",
                                     request, by->out);
               }
               boost::json::array items;
               for (const auto time_us : api->book->times_us(by->id))
                 items.push_back(boost::json::object{{"t_ms", time_us / 1'000}});
               out.send(http::json_response(200, boost::json::object{{"items", std::move(items)}}));
             }),
             route);
}

}  // namespace troupe::api
