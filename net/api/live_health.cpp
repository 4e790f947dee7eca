#include "net/api/live_health.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "net/api/live_access.hpp"
#include "net/http/router.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// To the thousandth: what is beyond is noise, and ten minutes of it are long.
double rounded(double value) {
  constexpr double kParts = 1'000;
  return std::round(value * kParts) / kParts;
}

json::object view(const media::HealthSample& sample) {
  json::object out{{"t_ms", sample.second * 1'000},
                   {"video_kbit_per_s", rounded(sample.video_kbit_per_s)},
                   {"audio_kbit_per_s", rounded(sample.audio_kbit_per_s)},
                   {"frames_per_s", rounded(sample.frames_per_s)},
                   {"key_interval_s", rounded(sample.key_interval_s)},
                   {"drift_ms", rounded(sample.drift_ms)},
                   {"av_offset_ms", rounded(sample.av_offset_ms)},
                   {"gaps", sample.gaps},
                   {"gap_ms", rounded(sample.gap_ms)}};
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) out[name] = rounded(*value);
  };
  add("luma", sample.luma);
  add("picture_change", sample.picture_change);
  add("momentary_lufs", sample.momentary_lufs);
  add("short_term_lufs", sample.short_term_lufs);
  return out;
}

/// Unix milliseconds of `since`; 0 without one.
Result<std::int64_t> since_of(const Request& request) {
  std::int64_t since_ms = 0;
  const auto text = request.query_value("since");
  if (!text) return since_ms;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), since_ms);
  if (problem != std::errc() || end != text->data() + text->size() || since_ms < 0)
    return error(ErrorCode::invalid_argument, "since: Unix milliseconds");
  return since_ms;
}

void show(const LiveHealthApi& api, const Request& request, const Responder& out) {
  const auto parsed = parse_id(request.params.at("id"));
  if (!parsed) return out.send(error(ErrorCode::not_found, "no such live session"));
  const auto since_ms = since_of(request);
  if (!since_ms.ok()) return out.send(since_ms.error());
  const auto id = parsed->to_string();
  as_moderator(api.asker, request, id, out, [book = api.book, id, out, since = *since_ms / 1'000] {
    const auto now_us = unix_us();
    const auto health = book->view(id, since, now_us);
    json::array samples;
    for (const auto& sample : health.samples) samples.push_back(view(sample));
    auto response = http::json_response(200, json::object{{"id", id},
                                                          {"now_ms", now_us / 1'000},
                                                          {"publishing", health.publishing},
                                                          {"samples", std::move(samples)}});
    response.headers["Cache-Control"] = "no-store";
    out.send(std::move(response));
  });
}

}  // namespace

void HealthBook::start(const std::string& session, std::uint64_t epoch,
                       const std::vector<media::Track>& tracks) {
  const std::lock_guard lock(mutex_);
  if (!sessions_.contains(session) && sessions_.size() >= kMaxSessions) {
    sessions_.erase(std::ranges::min_element(sessions_, {}, [](const auto& entry) {
      const auto& samples = entry.second.samples();
      return entry.second.running() ? INT64_MAX : samples.empty() ? 0 : samples.back().second;
    }));
  }
  sessions_[session].start(epoch, tracks, unix_us());
}

void HealthBook::chunk(const std::string& session, const media::Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(session); found != sessions_.end())
    found->second.add(chunk);
}

void HealthBook::look(const std::string& session, std::uint64_t epoch,
                      const media::HealthLook& look) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(session);
      found != sessions_.end() && found->second.epoch() == epoch)
    found->second.look(look);
}

void HealthBook::stop(const std::string& session) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(session); found != sessions_.end()) found->second.stop();
}

void HealthBook::forget(const std::string& session) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

HealthBook::View HealthBook::view(const std::string& session, std::int64_t since_second,
                                  std::int64_t now_us) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return {};
  auto& meter = found->second;
  meter.advance(now_us);
  const auto& all = meter.samples();
  const auto from = std::ranges::upper_bound(all, since_second, {}, &media::HealthSample::second);
  return {meter.running(), {from, all.end()}};
}

void mount_live_health(http::Router& router, LiveHealthApi api) {
  router.add("GET", "/api/v1/live/{id}/health",
             [api = std::move(api)](const Request& request, const Responder& out) {
               show(api, request, out);
             });
}

}  // namespace troupe::api
