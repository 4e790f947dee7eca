#include "net/api/live/api.hpp"

#include <charconv>

#include <boost/json.hpp>

#include "actors/live/directory.hpp"
#include "actors/live/live_store.hpp"
#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/system/entity.hpp"
#include "base/ids.hpp"
#include "media/ladder/ladder.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/body.hpp"
#include "net/api/live/parties.hpp"
#include "net/api/live/playlists.hpp"
#include "net/api/live/polls.hpp"
#include "net/api/live/relay.hpp"
#include "net/api/relay/hub.hpp"
#include "net/http/router.hpp"
#include "net/ws/hub.hpp"
#include "storage/read_pool.hpp"

namespace troupe::api {
namespace {

using http::Access;
using http::Request;
using http::Responder;
using ApiPtr = std::shared_ptr<const LiveApi>;
namespace json = boost::json;

constexpr std::size_t kDefaultPage = 50, kMaxPage = 200;
constexpr std::size_t kMaxBody = 16U << 10;
constexpr std::uint64_t kLongestKeyS = 31'536'000;  // a year

void add_sound(json::object& out, const media::SoundStatus& status) {
  using State = media::SoundStatus::State;
  const char* state = status.state == State::on         ? "on"
                      : status.state == State::starting ? "starting"
                                                        : "dropped";
  out["sound_rendition"] = {{"kbit_per_s", status.kbit_per_s}, {"state", state}};
}

void add_pictures(json::object& out, const media::TranscodeStatus& status) {
  if (status.rungs.empty()) return;
  json::array renditions;
  for (const auto& entry : status.rungs) {
    const char* state = entry.state == media::RungState::on          ? "on"
                        : entry.state == media::RungState::starting  ? "starting"
                        : entry.state == media::RungState::returning ? "returning"
                                                                     : "dropped";
    renditions.push_back(json::object{{"name", entry.rung.name},
                                      {"width", entry.size.width},
                                      {"height", entry.size.height},
                                      {"kbit_per_s", entry.rung.kbit_per_s},
                                      {"state", state}});
  }
  out["renditions"] = std::move(renditions);
  out["ladder_lag_ms"] = status.lag.count();
}

std::int64_t viewers_of(const LiveApi& api, const std::string& id) {
  const auto elsewhere = api.relay->viewers(id);
  return api.fanout.viewers(id) + api.playlists.viewers(id) + elsewhere.sockets + elsewhere.players;
}

json::object view(const LiveApi& api, const live::Session& session) {
  const auto place = api.directory.publisher(session.id);
  // One that was on the air when the process before was killed is stored as that.
  const bool left = session.state == live::State::live && !place;
  json::object out{{"id", session.id},
                   {"title", session.title},
                   {"owner", session.owner},
                   {"state", live::to_string(left ? live::State::idle : session.state)},
                   {"viewers", viewers_of(api, session.id)},
                   {"created_ms", session.created_ms},
                   {"watch_path", "/live.html?id=" + session.id},
                   {"ws_path", "/live/" + session.id + "/ws"},
                   {"flv_path", "/live/" + session.id + ".flv"},
                   {"hls_path", "/live/" + session.id + "/index.m3u8"},
                   {"dash_path", "/live/" + session.id + "/manifest.mpd"},
                   {"dash_low_latency_path", "/live/" + session.id + "/low-latency.mpd"}};
  if (place) {
    if (const auto stats = place->stats()) {
      out["publisher"] = {{"kbit_per_s", stats->kbit_per_s},
                          {"frames_per_s", stats->frames_per_s},
                          {"key_interval_s", stats->key_interval_s},
                          {"drift_ms", stats->drift_ms}};
    }
  }
  if (api.thumbnails) out["thumbnails_path"] = "/api/v1/live/" + session.id + "/thumbnails";
  if (api.ladder) {
    const auto status = api.ladder->status(session.id);
    if (status && status->pictures) add_pictures(out, *status->pictures);
    if (status && status->sound) add_sound(out, *status->sound);
  }
  if (api.ingest.describe) api.ingest.describe(session.id, out);
  if (session.views_per_account != 0) out["views_per_account"] = session.views_per_account;
  if (session.viewing.access != live::ViewAccess::standard)
    out["access"] = live::to_string(session.viewing.access);
  if (const auto& countries = session.viewing.countries;
      countries.rule != live::Countries::Rule::any) {
    const auto* rule = countries.rule == live::Countries::Rule::allow ? "allow" : "deny";
    out["countries"] = json::object{{rule, json::value_from(countries.codes)}};
  }
  out["record"] = live::to_string(api.record.mode(session));
  if (session.started_ms != 0) out["started_ms"] = session.started_ms;
  if (session.ended_ms != 0) out["ended_ms"] = session.ended_ms;
  return out;
}

/// What the owner sees: which keys there are, and for how long; what it became, which is for those
/// to find whom the asset is for.
json::object own_view(const LiveApi& api, const live::Session& session) {
  auto out = view(api, session);
  if (session.key.expires_ms != 0) out["key_expires_ms"] = session.key.expires_ms;
  out["backup_key"] = session.backup_key.has_value();
  if (session.backup_key && session.backup_key->expires_ms != 0)
    out["backup_key_expires_ms"] = session.backup_key->expires_ms;
  if (!session.asset.empty()) {
    out["asset"] = session.asset;
    out["asset_path"] = "/api/v1/assets/" + session.asset;
  }
  return out;
}

json::object view_for(const LiveApi& api, const live::Session& session,
                      const std::optional<http::Principal>& who) {
  const bool own = who && (who->subject == session.owner || who->has_scope("admin"));
  return own ? own_view(api, session) : view(api, session);
}

/// With the key, which is not stored and so never shown again.
json::object view_with_key(const LiveApi& api, const live::Session& session, const std::string& key,
                           live::KeyUse use = live::KeyUse::publisher) {
  const bool backup = use == live::KeyUse::backup;
  const std::string in_query = backup ? "&backup=1" : "";
  auto out = own_view(api, session);
  out["publish_key"] = key;
  out["publish_url"] = api.srt_origin() + "?streamid=#!::r=live/" + session.id +
                       ",m=publish,s=" + key + (backup ? ",role=backup" : "");
  out["ingest_path"] = "/api/v1/live/" + session.id + "/ingest?key=" + key + in_query;
  out["broadcast_path"] = "/broadcast.html?id=" + session.id;
  const auto rtmp = api.rtmp_origin ? api.rtmp_origin() : std::string();
  if (!rtmp.empty()) {
    out["rtmp_server"] = rtmp + "/live";
    out["rtmp_stream_key"] = session.id + "?key=" + key + in_query;
  }
  return out;
}

live::Caller caller_of(const Request& request) {
  return {request.principal->subject, request.principal->has_scope("admin")};
}

template <class... Args>
void ask_session(const ApiPtr& api, const Request& request, const std::string& id,
                 std::function<void(const live::Session&)> then, const Responder& out,
                 Args... args) {
  api->asker.ask_as<live::Session>(
      live::kKind, id, request.time_left(),
      [then = std::move(then), out](const Result<live::Session>& reply) {
        if (!reply.ok()) return out.send(reply.error());
        then(*reply);
      },
      std::move(args)...);
}

/// The session's id from the path; answers 404 when it is none.
std::optional<std::string> id_of(const Request& request, const Responder& out) {
  const auto id = parse_id(request.params.at("id"));
  if (id) return id->to_string();
  out.send(error(ErrorCode::not_found, "no such live session"));
  return std::nullopt;
}

void create(const ApiPtr& api, const Request& request, const Responder& out) {
  auto body = http::parse_json_object(request.body);
  if (!body.ok()) return out.send(body.error());
  const auto* title = body->if_contains("title");
  if (title == nullptr || !title->is_string())
    return out.send(error(ErrorCode::invalid_argument, "title: a string"));
  const auto* pull = body->if_contains("pull");
  if (body->size() > (pull == nullptr ? 1U : 2U))
    return out.send(error(ErrorCode::invalid_argument, "unknown members beside title and pull"));
  std::string url;
  if (pull != nullptr) {
    if (!pull->is_string() || !api->ingest.may_pull)
      return out.send(error(ErrorCode::invalid_argument, "pull: a URL"));
    url = pull->get_string();
    const auto may = api->ingest.may_pull(url, request.principal->subject);
    if (!may.ok()) return out.send(may.error());
  }
  const auto key = live::make_key();
  ask_session(
      api, request, make_id_string(),
      [api, request, out, key](const live::Session& session) {
        if (!session.pull_url.empty()) {
          if (auto begun = api->ingest.pull(session.id, session.pull_url, session.owner);
              !begun.ok()) {
            // The last place went meanwhile. One that cannot be pulled is not left behind, and that
            // is so before the answer.
            return api->asker.ask_as<live::Session>(
                live::kKind, session.id, request.time_left(),
                [out, why = begun.error()](const Result<live::Session>&) { out.send(why); },
                live::end_atom::value, caller_of(request));
          }
        }
        auto response = http::json_response(201, view_with_key(*api, session, key));
        response.headers["Location"] = "/api/v1/live/" + session.id;
        out.send(std::move(response));
      },
      out, live::create_atom::value,
      live::NewSession{std::string(title->get_string()),
                       request.principal->subject,
                       {live::hash_key(key), 0},
                       std::move(url)});
}

void list(const ApiPtr& api, const Request& request, const Responder& out) {
  std::size_t limit = kDefaultPage;
  if (const auto text = request.query_value("limit")) {
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size() || limit == 0 ||
        limit > kMaxPage) {
      return out.send(error(ErrorCode::invalid_argument, "limit: 1 to 200"));
    }
  }
  const auto cursor = request.query_value("cursor").value_or("");
  if (!cursor.empty() && !parse_id(cursor))
    return out.send(error(ErrorCode::invalid_argument, "cursor"));
  auto posted = api->context.reads.post(
      [api, out, cursor, limit, who = request.principal](const storage::Store& store) {
        auto sessions = live::list(store, cursor, limit);
        if (!sessions.ok()) return out.send(sessions.error());
        json::array items;
        for (const auto& session : *sessions) items.push_back(view_for(*api, session, who));
        json::object page{{"items", std::move(items)}, {"next_cursor", nullptr}};
        if (sessions->size() == limit) page["next_cursor"] = sessions->back().id;
        out.send(http::json_response(200, page));
      });
  if (!posted.ok()) out.send(posted.error());
}

void show(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto id = id_of(request, out);
  if (!id) return;
  // What there is to watch may be told to more than those who may watch it.
  const bool judged =
      request.query_value("link") || (!api->anonymous_viewers && !request.principal);
  if (judged && !admit_viewer(*api->gate, request, *id, Way::live, out)) return;
  api->asker.ask_as<live::Session>(
      live::kKind, *id, request.time_left(),
      [api, request, id = *id, out](const Result<live::Session>& session) {
        if (session.ok())
          return out.send(http::json_response(200, view_for(*api, *session, request.principal)));
        if (session.code() != ErrorCode::not_found || api->edge == nullptr)
          return out.send(session.error());
        show_relayed(*api, request, id, out);
      },
      live::read_atom::value);
}

void end(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto id = id_of(request, out);
  if (!id) return;
  ask_session(
      api, request, *id,
      [api, out](const live::Session& session) {
        if (api->ingest.ended) api->ingest.ended(session.id);
        out.send(http::json_response(200, own_view(*api, session)));
      },
      out, live::end_atom::value, caller_of(request));
}

/// {"allow": […]}, {"deny": […]} or null.
Result<live::Countries> read_countries(const json::value& value) {
  if (value.is_null()) return live::Countries{};
  const auto bad =
      error(ErrorCode::invalid_argument, "countries: {\"allow\": […]}, {\"deny\": […]} or null");
  if (!value.is_object() || value.get_object().size() != 1) return bad;
  const auto& [name, codes] = *value.get_object().begin();
  if ((name != "allow" && name != "deny") || !codes.is_array()) return bad;
  std::vector<std::string> list;
  for (const auto& code : codes.get_array()) {
    if (!code.is_string()) return bad;
    list.emplace_back(code.get_string());
  }
  using Rule = live::Countries::Rule;
  return live::make_countries(name == "allow" ? Rule::allow : Rule::deny, std::move(list));
}

Result<live::SessionChange> read_change(const Request& request) {
  auto body = body_of(request, {"views_per_account", "access", "countries", "record"});
  if (!body.ok()) return body.error();
  live::SessionChange out;
  const auto most = number_in(*body, "views_per_account");
  if (!most.ok() || most->value_or(0) > live::kMaxViewsPerAccount)
    return error(ErrorCode::invalid_argument, "views_per_account: 0 to 1000");
  if (*most) out.views_per_account = static_cast<std::uint32_t>(**most);
  if (const auto* access = body->if_contains("access")) {
    const auto parsed =
        access->is_null()
            ? Result<live::ViewAccess>(live::ViewAccess::standard)
            : live::parse_view_access(access->is_string() ? access->get_string() : "");
    if (!parsed.ok()) return parsed.error();
    out.access = *parsed;
  }
  if (const auto* countries = body->if_contains("countries")) {
    auto parsed = read_countries(*countries);
    if (!parsed.ok()) return parsed.error();
    out.countries = std::move(*parsed);
  }
  if (const auto* record = body->if_contains("record")) {
    const auto parsed =
        record->is_null()
            ? Result<live::RecordMode>(live::RecordMode::standard)
            : live::parse_record_mode(record->is_string() ? record->get_string() : "");
    if (!parsed.ok()) return parsed.error();
    out.record = *parsed;
  }
  if (body->empty())
    return error(ErrorCode::invalid_argument, "views_per_account, access, countries or record");
  return out;
}

void change(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto id = id_of(request, out);
  if (!id) return;
  auto what = read_change(request);
  if (!what.ok()) return out.send(what.error());
  ask_session(
      api, request, *id,
      [api, out](const live::Session& session) {
        out.send(http::json_response(200, own_view(*api, session)));
      },
      out, live::change_atom::value, caller_of(request), std::move(*what));
}

/// Errors: invalid_argument.
Result<live::KeyUse> use_of(std::string_view name) {
  if (name == "publisher") return live::KeyUse::publisher;
  if (name == "backup") return live::KeyUse::backup;
  return error(ErrorCode::invalid_argument, "for: publisher or backup");
}

void rotate(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto id = id_of(request, out);
  if (!id) return;
  auto body = body_of(request, {"for", "expires_in_s"});
  if (!body.ok()) return out.send(body.error());
  const auto* name = body->if_contains("for");
  const auto use = use_of(name == nullptr     ? "publisher"
                          : name->is_string() ? std::string_view(name->get_string())
                                              : "");
  if (!use.ok()) return out.send(use.error());
  const auto expires = number_in(*body, "expires_in_s");
  if (!expires.ok() || expires->value_or(1) == 0 || expires->value_or(1) > kLongestKeyS)
    return out.send(error(ErrorCode::invalid_argument, "expires_in_s: 1 to 31536000"));
  const auto key = live::make_key();
  const live::PublishKey stored{live::hash_key(key),
                                *expires ? api->context.now_ms() + **expires * 1000 : 0};
  ask_session(
      api, request, *id,
      [api, out, key, use = *use](const live::Session& session) {
        out.send(http::json_response(200, view_with_key(*api, session, key, use)));
      },
      out, live::rotate_atom::value, caller_of(request), live::KeyChange{*use, stored});
}

void revoke(const ApiPtr& api, const Request& request, const Responder& out) {
  const auto id = id_of(request, out);
  if (!id) return;
  const auto use = use_of(request.query_value("for").value_or("publisher"));
  if (!use.ok()) return out.send(use.error());
  ask_session(
      api, request, *id,
      [api, out](const live::Session& session) {
        out.send(http::json_response(200, own_view(*api, session)));
      },
      out, live::rotate_atom::value, caller_of(request), live::KeyChange{*use, std::nullopt});
}

}  // namespace

void mount_live(http::Router& router, ApiPtr api) {
  const auto bind = [&api](void (*handler)(const ApiPtr&, const Request&, const Responder&)) {
    return [api, handler](const Request& request, const Responder& out) {
      handler(api, request, out);
    };
  };
  const http::RouteOptions open{.access = api->anonymous_viewers ? Access::open : Access::token};
  router.add("POST", "/api/v1/live", bind(create), {.max_body_bytes = kMaxBody});
  auto listing = open;
  listing.priority = Priority::bulk;
  router.add("GET", "/api/v1/live", bind(list), listing);
  router.add("GET", "/api/v1/live/{id}", bind(show), {.access = Access::open});
  router.add("PATCH", "/api/v1/live/{id}", bind(change), {.max_body_bytes = kMaxBody});
  router.add("DELETE", "/api/v1/live/{id}", bind(end));
  router.add("POST", "/api/v1/live/{id}/key", bind(rotate), {.max_body_bytes = kMaxBody});
  router.add("DELETE", "/api/v1/live/{id}/key", bind(revoke));
  mount_live_chat(router, api);
  mount_live_polls(router, api);
  mount_live_parties(router, api);
  mount_live_watch(router, std::move(api));
}

}  // namespace troupe::api
