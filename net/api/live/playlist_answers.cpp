// What players of HLS and DASH are answered, at once or as soon as it is there.
#include <algorithm>

#include "media/playlist/dash.hpp"
#include "net/api/live/playlist_session.hpp"
#include "net/http/body_feed.hpp"

namespace troupe::api {
namespace {

/// Players give up on a playlist that has parts only.
bool has_whole_segment(const media::Rendition& rendition) {
  return !rendition.segments.empty() && rendition.segments.front().complete;
}

http::Response playlist_response(const char* type, media::SharedBytes bytes) {
  http::Response response;
  response.content_type = type;
  response.headers = {{"Cache-Control", "no-store"}, {"Access-Control-Allow-Origin", "*"}};
  response.shared_body = std::move(bytes);
  return response;
}

std::string etag_of(const media::MediaFile& file) {
  return "\"" + media::file_name(file) + "\"";
}

http::Response media_response(const media::MediaFile& file, media::SharedBytes bytes) {
  http::Response response;
  response.content_type =
      file.kind == media::MediaFile::Kind::init ? "video/mp4" : "video/iso.segment";
  // Names are never used twice, so the bytes behind one never change.
  response.headers = {{"Cache-Control", "public, max-age=86400, immutable"},
                      {"Access-Control-Allow-Origin", "*"},
                      {"ETag", etag_of(file)}};
  response.shared_body = std::move(bytes);
  return response;
}

/// A segment without samples (ISO/IEC 14496-12 section 8.16.2: a segment type box).
/// shaka-player 5.2 asks by the clock for what follows the end of a Period until it has learned of
/// that end, does not give those up, and goes on to the next Period only behind them.
http::Response nothing_response() {
  using namespace std::string_view_literals;
  static const auto bytes = std::make_shared<const std::string>("\0\0\0\x14stypmsdh\0\0\0\0msdh"sv);
  http::Response response;
  response.content_type = "video/iso.segment";
  response.headers = {{"Cache-Control", "no-store"}, {"Access-Control-Allow-Origin", "*"}};
  response.shared_body = bytes;
  return response;
}

}  // namespace

http::Response PlaylistSession::begin_feed(const media::Rendition& rendition,
                                           const media::MediaFile& file) {
  auto feed = std::make_shared<http::BodyFeed>();
  for (auto& bytes : window_.under_way(rendition)) feed->push(std::move(bytes));
  auto response = media_response(file, nullptr);
  response.feed = feed;
  feeding_.push_back({rendition.name, file.number, std::move(feed)});
  return response;
}

void PlaylistSession::end_feeds(const std::string& rendition) {
  std::erase_if(feeding_, [&](const Feeding& feeding) {
    if (feeding.rendition != rendition) return false;
    feeding.feed->end();
    return true;
  });
}

void PlaylistSession::end_all_feeds() {
  for (const auto& feeding : feeding_) feeding.feed->end();
  feeding_.clear();
}

std::optional<http::Response> PlaylistSession::answer(const std::string& name,
                                                      const media::Reload& reload) {
  const bool captions = captions_.find(name) != nullptr;
  const auto* rendition = captions ? window_.find(media::TrackKind::video) : window_.find(name);
  if (rendition == nullptr) return http::problem(error(ErrorCode::not_found, "no such rendition"));
  const auto ready = media::is_ready(window_, *rendition, reload);
  if (!ready.ok()) return http::problem(ready.error());
  // Before the first part there is nothing that a playlist could say.
  if (!*ready || rendition->part_target_us == 0) return std::nullopt;
  auto& rendered = rendered_[{name, reload.skip}];
  if (!rendered) {
    const auto prefix = "../../../" + name + "/";
    rendered = std::make_shared<const std::string>(
        captions ? media::caption_playlist(window_, *rendition, reload.skip, prefix)
                 : media::media_playlist(window_, *rendition, reload.skip, prefix));
  }
  return playlist_response("application/vnd.apple.mpegurl", rendered);
}

std::optional<http::Response> PlaylistSession::answer(const std::string& name,
                                                      const media::MediaFile& file) {
  if (const auto* book = captions_.find(name)) {
    const auto* video = window_.find(media::TrackKind::video);
    if (video != nullptr) return answer_captions(*book, *video, file);
  }
  const auto* rendition = window_.find(name);
  if (rendition == nullptr) return http::problem(error(ErrorCode::not_found, "no such rendition"));
  auto found = media::find_file(window_, *rendition, file);
  if (found.bytes) return media_response(file, std::move(found.bytes));
  if (found.under_way) {
    // One that holds nothing yet waits for its first chunk; who is one too many gets it whole.
    if (feeding_.size() >= max_held_) return std::nullopt;
    return begin_feed(*rendition, file);
  }
  if (found.beyond) return nothing_response();
  // While nobody publishes, the number that comes next is that of another Period, with an init of
  // its own: players of DASH learn of it from the manifest.
  const bool other = file.kind == media::MediaFile::Kind::segment && !publishing_;
  if (found.may_come && !other) return std::nullopt;
  return http::problem(error(ErrorCode::not_found, "no such file, or not in the window any more"));
}

std::optional<http::Response> PlaylistSession::answer_captions(const media::CaptionBook& book,
                                                               const media::Rendition& video,
                                                               const media::MediaFile& file) const {
  if (const auto span = media::span_of(video, file)) {
    http::Response response;
    response.content_type = "text/vtt";
    // What was said on a picture out of order may still come.
    response.headers = {{"Cache-Control", "public, max-age=5"},
                        {"Access-Control-Allow-Origin", "*"}};
    response.body = book.webvtt(span->epoch, span->from_us, span->to_us);
    return response;
  }
  const auto found = media::find_file(window_, video, file);
  if (found.may_come || found.under_way) return std::nullopt;
  return http::problem(error(ErrorCode::not_found, "no such file, or not in the window any more"));
}

PlaylistSession::Answers PlaylistSession::release() {
  Answers answers;
  std::erase_if(held_, [&](Held& held) {
    auto response =
        std::visit([&](const auto& wanted) { return answer(held.rendition, wanted); }, held.wanted);
    if (!response) return false;
    answers.emplace_back(std::move(held.out), std::move(*response));
    return true;
  });
  return answers;
}

void PlaylistSession::send(Answers answers) {
  for (auto& [out, response] : answers) out.send(std::move(response));
}

bool PlaylistSession::hold(Held held) {
  if (held_.size() >= max_held_) return false;
  held_.push_back(std::move(held));
  return true;
}

bool PlaylistSession::playlist(const std::string& rendition, const media::Reload& reload,
                               TimePoint now, const http::Responder& out) {
  std::optional<http::Response> response;
  {
    const std::lock_guard lock(mutex_);
    response = answer(rendition, reload);
    const auto longest = std::chrono::seconds(media::max_hold_s(window_));
    if (!response) return hold({rendition, reload, now + longest, out});
  }
  out.send(std::move(*response));
  return true;
}

bool PlaylistSession::file(const std::string& rendition, const media::MediaFile& file,
                           const std::string& if_none_match, TimePoint now,
                           const http::Responder& out) {
  std::optional<http::Response> response;
  {
    const std::lock_guard lock(mutex_);
    response = answer(rendition, file);
    const auto longest = std::chrono::seconds(media::max_hold_s(window_));
    if (!response) return hold({rendition, file, now + longest, out});
  }
  if (response->status == 200 && !response->feed && if_none_match == etag_of(file)) {
    response->status = 304;
    response->shared_body.reset();
  }
  out.send(std::move(*response));
  return true;
}

/// Players read these once and keep to what they say: they should name all renditions.
bool PlaylistSession::awaits_ladder(TimePoint now) const {
  if (await_ladder_.count() == 0 || !publishing_) return false;
  const auto longest = await_ladder_ + std::chrono::seconds(window_.target_duration_s());
  if (now - started_at_ > longest) return false;
  return !made_told_ || std::ranges::any_of(window_.renditions(), [](const auto& rendition) {
    return rendition.made() && !has_whole_segment(rendition);
  });
}

bool PlaylistSession::playable(TimePoint now) const {
  return !window_.renditions().empty() && !awaits_ladder(now) &&
         std::ranges::all_of(window_.renditions(), [](const auto& rendition) {
           return rendition.made() || has_whole_segment(rendition);
         });
}

std::optional<std::string> PlaylistSession::multivariant(const std::string& prefix,
                                                         TimePoint now) const {
  const std::lock_guard lock(mutex_);
  if (!playable(now)) return std::nullopt;
  return media::multivariant_playlist(window_, prefix, captions_.tracks());
}

std::optional<std::string> PlaylistSession::manifest(Dash kind, std::int64_t now_us,
                                                     std::string_view base_url,
                                                     TimePoint now) const {
  const std::lock_guard lock(mutex_);
  if (!playable(now)) return std::nullopt;
  const media::DashExtras extras{events_.streams(), captions_.tracks()};
  return kind == Dash::usual ? media::dash_manifest(window_, now_us, base_url, extras)
                             : media::dash_low_latency_manifest(window_, now_us, base_url, extras);
}

}  // namespace troupe::api
