// A browser's recorder over WebSocket: a text message says what it records, binary ones carry it.
#include <boost/json.hpp>

#include "net/api/live/push.hpp"
#include "net/api/live/push_request.hpp"
#include "net/http/router.hpp"
#include "net/ingest/push_ingest.hpp"
#include "net/ws/session.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using PushPtr = std::shared_ptr<ingest::PushIngest>;
using SessionPtr = std::shared_ptr<ws::Session>;

/// What a page may have sent and not seen acknowledged. More than half of it makes the publisher's
/// pipe full (PushOptions::max_unpackaged_bytes), so that room in it is told.
constexpr std::uint64_t kWindow = 2U << 20;
constexpr std::uint64_t kAcknowledgeEach = 128U << 10;

/// One page. Lives on its session's loop.
struct Page {
  ingest::PublishRequest request;
  std::string address;
  std::shared_ptr<ingest::PushPublisher> publisher;  ///< once it has said what it records
  std::uint64_t received = 0;
  std::uint64_t acknowledged = 0;
};
using PagePtr = std::shared_ptr<Page>;

void tell(ws::Session& session, const json::object& message) {
  static_cast<void>(session.send(ws::text_frame(json::serialize(message))));
}

void close(ws::Session& session, const Error& why) {
  constexpr std::size_t kMaxReason = 123;  // RFC 6455, section 5.5
  session.close(ws::close_code(why.code), why.detail.substr(0, kMaxReason));
}

void acknowledge(ws::Session& session, Page& page, std::uint64_t at_least) {
  if (!page.publisher) return;
  const auto taken = page.publisher->taken();
  if (taken - page.acknowledged < at_least) return;
  page.acknowledged = taken;
  tell(session, {{"type", "ack"}, {"bytes", taken}});
}

void tell_tracks(ws::Session& session, const std::vector<media::Track>& tracks) {
  json::array list;
  for (const auto& track : tracks)
    list.push_back({{"kind", track.kind == media::TrackKind::video ? "video" : "audio"},
                    {"codecs", track.codecs},
                    {"width", track.width},
                    {"height", track.height}});
  tell(session, {{"type", "live"}, {"tracks", std::move(list)}});
}

void start(const PushPtr& push, const SessionPtr& session, const PagePtr& page,
           const std::string& mime) {
  const auto container = container_of(mime);
  if (!container || *container == media::Container::mpegts)
    return close(*session, error(ErrorCode::unsupported, "mime must be video/webm or video/mp4"));
  const std::weak_ptr<ws::Session> weak = session;
  const std::weak_ptr<Page> weak_page = page;
  auto publisher = push->open({.request = page->request,
                               .address = page->address,
                               .container = *container,
                               .on_room =
                                   [weak, weak_page] {
                                     const auto alive = weak.lock();
                                     if (!alive) return;
                                     alive->post([alive, weak_page] {
                                       if (const auto its = weak_page.lock())
                                         acknowledge(*alive, *its, 1);
                                     });
                                   },
                               .on_end =
                                   [weak](const Result<media::PackageStats>& outcome) {
                                     const auto alive = weak.lock();
                                     if (!alive) return;
                                     if (!outcome.ok()) return close(*alive, outcome.error());
                                     alive->close(1000, "the publication has ended");
                                   },
                               .on_tracks =
                                   [weak](const std::vector<media::Track>& tracks) {
                                     if (const auto alive = weak.lock())
                                       tell_tracks(*alive, tracks);
                                   }});
  if (!publisher.ok()) return close(*session, publisher.error());
  page->publisher = std::move(*publisher);
  tell(*session, {{"type", "started"}, {"window", kWindow}});
}

void on_text(const PushPtr& push, const SessionPtr& session, const PagePtr& page,
             std::string_view text) {
  const auto message = http::parse_json_object(std::string(text));
  if (!message.ok()) return close(*session, message.error());
  const auto field = [&](std::string_view name) {
    const auto* value = message->if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  };
  if (field("type") == "start" && !page->publisher)
    return start(push, session, page, field("mime"));
  if (field("type") == "stop" && page->publisher) return page->publisher->end({});
  close(*session, error(ErrorCode::invalid_argument, "start once, then stop"));
}

void on_bytes(const SessionPtr& session, Page& page, std::string_view bytes) {
  if (!page.publisher)
    return close(*session, error(ErrorCode::invalid_argument, "say start first"));
  page.received += bytes.size();
  if (page.received - page.publisher->taken() > 2 * kWindow) {
    const auto why = error(ErrorCode::too_large, "more than the window allows was sent");
    page.publisher->end(why);
    return close(*session, why);
  }
  static_cast<void>(page.publisher->write(bytes));
  acknowledge(*session, page, kAcknowledgeEach);
}

}  // namespace

void mount_live_push_ws(http::Router& router, PushPtr push) {
  router.add_ws("/api/v1/live/{id}/publish",
                [push](const http::Request& request, const SessionPtr& session) {
                  auto asked = publish_request(request);
                  if (!asked.ok()) return close(*session, asked.error());
                  auto page = std::make_shared<Page>();
                  page->request = std::move(*asked);
                  page->address = request.remote;
                  session->on_message([push, page, weak = std::weak_ptr<ws::Session>(session)](
                                          std::string_view bytes, bool text) {
                    const auto self = weak.lock();
                    if (!self) return;
                    if (text) return on_text(push, self, page, bytes);
                    on_bytes(self, *page, bytes);
                  });
                  session->on_close([page] {
                    if (page->publisher) page->publisher->end({});
                  });
                },
                {.access = http::Access::own});
}

}  // namespace troupe::api
