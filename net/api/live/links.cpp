#include "net/api/live/links.hpp"

#include <algorithm>
#include <chrono>

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "net/api/live/body.hpp"
#include "net/http/address_range.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;

constexpr std::size_t kMaxBody = 2U << 10;
constexpr std::uint64_t kLongestS = 31'536'000;  // a year

std::uint64_t unix_s() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

Error bad(const char* what) {
  return error(ErrorCode::invalid_argument, what);
}

Result<void> read_ways(const json::value& value, std::vector<Way>& out) {
  const auto wrong = bad("for: a list of live, thumbnails, recordings and clips, each once");
  if (!value.is_array() || value.get_array().empty()) return wrong;
  for (const auto& entry : value.get_array()) {
    const auto way = entry.is_string() ? parse_way(entry.get_string()) : std::optional<Way>();
    if (!way || std::ranges::find(out, *way) != out.end()) return wrong;
    out.push_back(*way);
  }
  return {};
}

Result<ViewLink> read_wish(const Request& request) {
  auto body = body_of(request, {"expires_in_s", "address", "for", "viewer"});
  if (!body.ok()) return body.error();
  const auto expires = number_in(*body, "expires_in_s");
  if (!expires.ok() || !*expires || **expires == 0 || **expires > kLongestS)
    return bad("expires_in_s: 1 to 31536000");
  ViewLink out;
  out.expires_s = unix_s() + **expires;
  if (const auto* address = body->if_contains("address")) {
    if (!address->is_string()) return bad("address: one, or a range of them");
    auto range = http::AddressRange::parse(address->get_string());
    if (!range.ok()) return range.error();
    out.address = range->to_string();
  }
  if (const auto* ways = body->if_contains("for"))
    if (auto read = read_ways(*ways, out.ways); !read.ok()) return read.error();
  if (const auto* viewer = body->if_contains("viewer")) {
    if (!viewer->is_string() || !is_link_viewer(viewer->get_string()))
      return bad("viewer: 1 to 64 letters, digits and -_.@:");
    out.viewer = std::string(viewer->get_string());
  }
  return out;
}

json::object view(const ViewLink& wish, const std::string& link) {
  const auto live = "/live/" + wish.session, api = "/api/v1/live/" + wish.session;
  const auto with = [&](const std::string& path) { return uri_with_link(path, link); };
  return {{"link", link},
          {"expires_ms", wish.expires_s * 1000},
          {"watch_path", with("/live.html?id=" + wish.session)},
          {"ws_path", with(live + "/ws")},
          {"flv_path", with(live + ".flv")},
          {"hls_path", with(live + "/index.m3u8")},
          {"dash_path", with(live + "/manifest.mpd")},
          {"dash_low_latency_path", with(live + "/low-latency.mpd")},
          {"thumbnails_path", with(api + "/thumbnails")},
          {"recordings_path", with(api + "/recordings/index.m3u8")}};
}

}  // namespace

void mount_live_links(http::Router& router, std::shared_ptr<const ViewGate> gate,
                      const actors::Asker& asker) {
  router.add("POST", "/api/v1/live/{id}/links",
             [gate = std::move(gate), &asker](const Request& request, const Responder& out) {
               const auto id = parse_id(request.params.at("id"));
               if (!id) return out.send(error(ErrorCode::not_found, "no such live session"));
               auto wish = read_wish(request);
               if (!wish.ok()) return out.send(wish.error());
               wish->session = id->to_string();
               as_moderator(asker, request, wish->session, out, [gate, wish = *wish, out] {
                 auto response = http::json_response(200, view(wish, gate->keys.sign(wish)));
                 response.headers["Cache-Control"] = "no-store";
                 out.send(std::move(response));
               });
             },
             {.max_body_bytes = kMaxBody});
}

}  // namespace troupe::api
