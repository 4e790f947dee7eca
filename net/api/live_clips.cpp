#include "net/api/live_clips.hpp"

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "media/recording/clip_maker.hpp"
#include "net/api/live_access.hpp"
#include "net/http/byte_range.hpp"
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
constexpr int kPartial = 206, kRangeNotSatisfiable = 416;

std::string root_of(const std::string& session) {
  return "/api/v1/live/" + session + "/clips/";
}

json::object view(const media::Clip& clip) {
  json::object out{{"id", clip.id},
                   {"title", clip.title},
                   {"by", clip.by},
                   {"state", media::to_string(clip.state)},
                   {"from_ms", clip.from_us / 1000},
                   {"to_ms", clip.to_us / 1000}};
  if (clip.state == media::ClipState::ready) {
    out["bytes"] = clip.bytes;
    out["pictures"] = clip.pictures;
    out["path"] = root_of(clip.session) + clip.id + "/clip.mp4";
  }
  if (!clip.why.ok())
    out["error"] = {{"code", to_string(clip.why.code())}, {"detail", clip.why.error().detail}};
  return out;
}

std::optional<std::string> session_of(const Request& request, const Responder& out) {
  const auto id = parse_id(request.params.at("id"));
  if (id) return id->to_string();
  out.send(error(ErrorCode::not_found, "no such live session"));
  return std::nullopt;
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

struct Order {
  std::int64_t from_us = 0, to_us = 0;
  std::string title;
};

Result<Order> parse_order(const Request& request) {
  auto body = http::parse_json_object(request.body);
  if (!body.ok()) return body.error();
  Order order;
  for (const auto& [name, value] : *body) {
    boost::system::error_code ec;
    if (name == "title" && value.is_string()) {
      order.title = std::string(value.get_string());
    } else if ((name == "from_ms" || name == "to_ms") && !value.is_double()) {
      constexpr std::int64_t kLatestMs = 100'000'000'000'000;  // the year 5138: no overflow
      const auto ms = value.to_number<std::int64_t>(ec);
      if (ec || ms < 0 || ms > kLatestMs)
        return error(ErrorCode::invalid_argument, std::string(name) + ": Unix milliseconds");
      (name == "from_ms" ? order.from_us : order.to_us) = ms * 1000;
    } else {
      return error(ErrorCode::invalid_argument,
                   "from_ms, to_ms and title, no " + std::string(name));
    }
  }
  if (order.from_us == 0 || order.to_us == 0)
    return error(ErrorCode::invalid_argument, "from_ms and to_ms: Unix milliseconds");
  return order;
}

void create(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto session = session_of(request, out);
  if (!session) return;
  auto order = parse_order(request);
  if (!order.ok()) return out.send(order.error());
  const auto place = [api, out, session = *session, order = *order,
                      by = request.principal->subject](const storage::Store&) {
    auto clip = api->clips.order(session, by, order.title, order.from_us, order.to_us);
    if (!clip.ok()) return out.send(clip.error());
    auto response = http::json_response(202, view(*clip));
    response.headers["Location"] = root_of(session) + clip->id;
    out.send(std::move(response));
  };
  as_moderator(api->asker, request, *session, out, [api, out, place] {
    // The plan looks at the disk.
    if (auto posted = api->reads.post(place); !posted.ok()) out.send(posted.error());
  });
}

void list(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto session = session_of(request, out);
  if (!session) return;
  json::array items;
  for (const auto& clip : api->clips.list(*session)) items.push_back(view(clip));
  out.send(http::json_response(200, json::object{{"items", std::move(items)}}));
}

void show(const ApiPtr& api, const Request& request, const Responder& out) {
  if (const auto clip = clip_of(*api, request, out))
    out.send(http::json_response(200, view(*clip)));
}

void erase(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto clip = clip_of(*api, request, out);
  if (!clip) return;
  as_moderator(api->asker, request, clip->session, out, [api, out, clip = *clip] {
    if (auto gone = api->clips.erase(clip.session, clip.id); !gone.ok())
      return out.send(gone.error());
    out.send(http::json_response(200, view(clip)));
  });
}

/// Bytes that count as being sent until the last response with them has gone.
class Sending {
 public:
  Result<std::shared_ptr<const std::string>> hold(std::string bytes) {
    const auto size = bytes.size();
    if (in_flight_->fetch_add(size) + size > kMaxSending) {
      in_flight_->fetch_sub(size);
      return error(ErrorCode::overloaded, "too many clips are being sent");
    }
    auto* raw = new std::string(std::move(bytes));
    return std::shared_ptr<const std::string>(raw, [counter = in_flight_, size](std::string* gone) {
      delete gone;
      counter->fetch_sub(size);
    });
  }

 private:
  std::shared_ptr<std::atomic<std::uint64_t>> in_flight_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

/// HEAD is the server's; a range that does not exist gets 416 with the size.
void file(const ApiPtr& api, Sending sending, const Request& request, const Responder& out) {
  const auto clip = clip_of(*api, request, out);
  if (!clip) return;
  if (clip->state != media::ClipState::ready)
    return out.send(http::problem(error(ErrorCode::not_found, "the clip is not ready"), 1));
  const auto tag = '"' + clip->id + '"';
  http::Response response;
  response.content_type = "video/mp4";
  response.headers = {{"ETag", tag},
                      {"Accept-Ranges", "bytes"},
                      {"Cache-Control", "public, max-age=86400, immutable"},
                      {"Access-Control-Allow-Origin", "*"}};
  if (request.header("if-none-match") == tag) {
    response.status = 304;
    return out.send(std::move(response));
  }
  auto range = http::parse_byte_range(request.header("range").value_or(""), clip->bytes);
  const auto condition = request.header("if-range");
  if (condition && *condition != tag) range = std::optional<http::ByteRange>();
  if (!range.ok()) {
    auto refused = http::problem_with_status(kRangeNotSatisfiable, range.error());
    refused.headers["Content-Range"] = "bytes */" + std::to_string(clip->bytes);
    return out.send(std::move(refused));
  }
  const auto part = range->value_or(http::ByteRange{0, clip->bytes - 1});
  if (*range) {
    response.status = kPartial;
    response.headers["Content-Range"] = "bytes " + std::to_string(part.first) + "-" +
                                        std::to_string(part.last) + "/" +
                                        std::to_string(clip->bytes);
  }
  auto posted = api->reads.post([=](const storage::Store&) mutable {
    auto bytes = api->clips.read(*clip, part.first, part.size());
    if (!bytes.ok()) return out.send(bytes.error());
    auto held = sending.hold(std::move(*bytes));
    if (!held.ok()) return out.send(held.error());
    response.shared_body = std::move(*held);
    out.send(std::move(response));
  });
  if (!posted.ok()) out.send(posted.error());
}

}  // namespace

void mount_live_clips(http::Router& router, const LiveClipsApi& given) {
  const auto api = std::make_shared<const LiveClipsApi>(given);
  const auto bind = [&api](void (*handler)(const ApiPtr&, const Request&, const Responder&)) {
    return [api, handler](const Request& request, const Responder& out) {
      handler(api, request, out);
    };
  };
  const http::RouteOptions open{
      .access = api->anonymous_viewers ? http::Access::open : http::Access::token,
      .priority = Priority::bulk};
  const std::string root = "/api/v1/live/{id}/clips";
  router.add("POST", root, bind(create), {.max_body_bytes = kMaxBody, .priority = Priority::bulk});
  router.add("GET", root, bind(list), open);
  router.add("GET", root + "/{clip}", bind(show), open);
  router.add("DELETE", root + "/{clip}", bind(erase));
  router.add(
      "GET", root + "/{clip}/clip.mp4",
      [api, sending = Sending()](const Request& request, const Responder& out) {
        file(api, sending, request, out);
      },
      open);
}

}  // namespace troupe::api
