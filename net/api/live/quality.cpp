#include "net/api/live/quality.hpp"

#include <algorithm>
#include <mutex>

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "base/token_bucket.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/quality_book.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;

constexpr std::size_t kMaxBody = 2U << 10;
constexpr std::size_t kMaxSessionId = 64;
constexpr std::uint64_t kMaxFigure = 31'536'000'000;  // a year of milliseconds
/// Of one address, behind which a household or an office may be.
constexpr RateLimit kBeacons{20, 100};
constexpr std::size_t kMaxAddresses = 10'000;

struct State {
  explicit State(LiveQualityApi given) : api(std::move(given)) {}

  LiveQualityApi api;
  std::mutex mutex;
  RateLimiter rate{kBeacons, kMaxAddresses};
};
using StatePtr = std::shared_ptr<State>;

Error bad(std::string what) {
  return error(ErrorCode::invalid_argument, std::move(what));
}

Result<void> read_text(const json::value& value, std::string_view name, Beacon& beacon) {
  if (!value.is_string()) return bad(std::string(name) + ": a string");
  const std::string text(value.get_string());
  if (name == "protocol") {
    if (text != "ws" && text != "hls" && text != "dash" && text != "other")
      return bad("protocol: ws, hls, dash or other");
    beacon.protocol = text;
    return {};
  }
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
  });
  if (text.empty() || text.size() > kMaxSessionId || !visible)
    return bad("sid: 1 to 64 visible characters");
  beacon.session_id = text;
  return {};
}

std::optional<std::uint64_t>* figure(std::string_view name, Beacon& beacon) {
  if (name == "start_ms") return &beacon.start_ms;
  if (name == "watched_ms") return &beacon.watched_ms;
  if (name == "rebuffers") return &beacon.rebuffers;
  if (name == "rebuffer_ms") return &beacon.rebuffer_ms;
  if (name == "latency_ms") return &beacon.latency_ms;
  if (name == "bitrate_kbps") return &beacon.bitrate_kbps;
  return nullptr;
}

Result<Beacon> parse_beacon(const std::string& body) {
  auto document = http::parse_json_object(body);
  if (!document.ok()) return document.error();
  Beacon beacon;
  for (const auto& [key, value] : *document) {
    const std::string_view name(key);
    if (name == "sid" || name == "protocol") {
      if (auto read = read_text(value, name, beacon); !read.ok()) return read.error();
    } else if (name == "failed") {
      if (!value.is_bool()) return bad("failed: true or false");
      beacon.failed = value.get_bool();
    } else if (auto* into = figure(name, beacon)) {
      if (!value.is_number()) return bad(std::string(name) + ": a number");
      const auto number = value.to_number<double>();
      if (!(number >= 0 && number <= static_cast<double>(kMaxFigure)))
        return bad(std::string(name) + ": from 0 to a year");
      *into = static_cast<std::uint64_t>(number);
    } else {
      return bad("unknown member " + std::string(name));
    }
  }
  if (beacon.session_id.empty() || beacon.protocol.empty()) return bad("sid and protocol");
  return beacon;
}

void take_beacon(const StatePtr& state, const Request& request, const Responder& out) {
  {
    const std::lock_guard lock(state->mutex);
    if (!state->rate.take(request.remote, std::chrono::steady_clock::now()).allowed)
      return out.send(error(ErrorCode::rate_limited, "too many beacons of this address"));
  }
  const auto id = parse_id(request.params.at("id"));
  if (id && !admit_viewer(*state->api.gate, request, id->to_string(), Way::live, out)) return;
  if (!id || !state->api.exists(id->to_string()))
    return out.send(error(ErrorCode::not_found, "no such live session, or it is over"));
  const auto beacon = parse_beacon(request.body);
  if (!beacon.ok()) return out.send(beacon.error());
  if (auto noted =
          state->api.book->note(id->to_string(), *beacon, std::chrono::steady_clock::now());
      !noted.ok())
    return out.send(noted.error());
  http::Response response;
  response.status = 204;
  response.headers = {{"Access-Control-Allow-Origin", "*"}};
  out.send(std::move(response));
}

json::object spread(const Spread& values) {
  return {{"count", values.count()}, {"p50", values.quantile(0.5)}, {"p95", values.quantile(0.95)}};
}

json::object view(const Quality& quality) {
  const auto time = quality.watched_ms + quality.rebuffer_ms;
  return {{"playing", quality.playing},
          {"playbacks", quality.playbacks},
          {"failures", quality.failures},
          {"rebuffers", quality.rebuffers},
          {"rebuffer_ratio", time > 0 ? quality.rebuffer_ms / time : 0.0},
          {"start_ms", spread(quality.start_ms)},
          {"latency_ms", spread(quality.latency_ms)},
          {"throughput_kbps", spread(quality.throughput_kbps)},
          {"bitrate_kbps", spread(quality.bitrate_kbps)}};
}

void show(const StatePtr& state, const Request& request, const Responder& out) {
  const auto parsed = parse_id(request.params.at("id"));
  if (!parsed) return out.send(error(ErrorCode::not_found, "no such live session"));
  const auto id = parsed->to_string();
  as_moderator(state->api.asker, request, id, out, [state, id, out] {
    json::object protocols;
    for (const auto& [name, quality] :
         state->api.book->report(id, std::chrono::steady_clock::now()))
      protocols[name] = view(quality);
    out.send(http::json_response(200, json::object{{"id", id}, {"protocols", protocols}}));
  });
}

}  // namespace

void note_cmcd(QualityBook& book, const std::string& session, const http::Request& request,
               const std::string& viewer) {
  Cmcd cmcd;
  if (const auto query = request.query_value("CMCD")) read_cmcd(*query, cmcd);
  for (const auto* name : {"cmcd-object", "cmcd-request", "cmcd-session", "cmcd-status"}) {
    if (const auto header = request.header(name)) read_cmcd(*header, cmcd);
  }
  if (cmcd.session_id.empty()) cmcd.session_id = viewer;
  if (!cmcd.session_id.empty()) book.note(session, cmcd, std::chrono::steady_clock::now());
}

void mount_live_quality(http::Router& router, LiveQualityApi api) {
  const auto state = std::make_shared<State>(std::move(api));
  router.add(
      "POST", "/live/{id}/beacon",
      [state](const Request& request, const Responder& out) { take_beacon(state, request, out); },
      {.access = http::Access::open, .max_body_bytes = kMaxBody, .priority = Priority::bulk});
  router.add("GET", "/api/v1/live/{id}/quality",
             [state](const Request& request, const Responder& out) { show(state, request, out); });
}

}  // namespace troupe::api
