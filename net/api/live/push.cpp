#include "net/api/live/push.hpp"

#include <boost/json.hpp>

#include "net/api/live/push_request.hpp"
#include "net/http/body_stream.hpp"
#include "net/http/router.hpp"
#include "net/ingest/push_ingest.hpp"

namespace troupe::api {
namespace {

using PushPtr = std::shared_ptr<ingest::PushIngest>;

/// Statuses that fit a body better than those of the codes: what came was the client's.
http::Response refusal(const Error& why) {
  constexpr int kBadRequest = 400, kTimeout = 408, kMediaType = 415;
  if (why.code == ErrorCode::corrupt) return http::problem_with_status(kBadRequest, why);
  if (why.code == ErrorCode::timeout) return http::problem_with_status(kTimeout, why);
  if (why.code == ErrorCode::unsupported) return http::problem_with_status(kMediaType, why);
  return http::problem(why);
}

http::Response told(const Result<media::PackageStats>& outcome) {
  if (!outcome.ok()) return refusal(outcome.error());
  return http::json_response(
      200, boost::json::object{{"video_frames", outcome->video_frames},
                               {"audio_frames", outcome->audio_frames},
                               {"repaired_timestamps", outcome->repaired_timestamps}});
}

class Body final : public http::BodyReader {
 public:
  explicit Body(std::shared_ptr<ingest::PushPublisher> publisher)
      : publisher_(std::move(publisher)) {}
  bool bytes(std::string_view piece) override { return publisher_->write(piece); }
  void end(const Result<void>& how) override { publisher_->end(how); }

 private:
  const std::shared_ptr<ingest::PushPublisher> publisher_;
};

std::shared_ptr<http::BodyReader> take(const PushPtr& push, const http::Request& request,
                                       std::shared_ptr<http::BodyFlow> flow,
                                       const http::Responder& out) {
  const auto asked = publish_request(request);
  if (!asked.ok()) {
    out.send(asked.error());
    return nullptr;
  }
  const auto container = container_of(request.header("content-type").value_or(""));
  if (!container) {
    out.send(refusal(
        error(ErrorCode::unsupported, "Content-Type must be video/mp2t, video/mp4 or video/webm")));
    return nullptr;
  }
  auto publisher = push->open(
      {.request = *asked,
       .address = request.remote,
       .container = *container,
       .on_room = [flow = std::move(flow)] { flow->resume(); },
       .on_end = [out](const Result<media::PackageStats>& outcome) { out.send(told(outcome)); },
       .on_tracks = {}});
  if (publisher.ok()) return std::make_shared<Body>(std::move(*publisher));
  out.send(refusal(publisher.error()));
  return nullptr;
}

}  // namespace

void mount_live_push(http::Router& router, PushPtr push) {
  const auto handler = [push](const http::Request& request, std::shared_ptr<http::BodyFlow> flow,
                              const http::Responder& out) {
    return take(push, request, std::move(flow), out);
  };
  for (const auto* method : {"PUT", "POST"})
    router.add_stream(method, "/api/v1/live/{id}/ingest", handler, {.access = http::Access::own});
  mount_live_push_ws(router, std::move(push));
}

}  // namespace troupe::api
