#include "net/api/live/health.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "net/api/live/access.hpp"
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

json::object view(const media::AlertChange& alert) {
  const auto rule = std::string(rule_name(alert.kind));
  return {{"kind", to_string(alert.kind)},
          {"since_ms", alert.second * 1'000},
          {"value", rounded(alert.value)},
          {"limit", alert.limit},
          {"rule", rule}};
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
    json::array alerts;
    for (const auto& alert : health.alerts) alerts.push_back(view(alert));
    auto response = http::json_response(200, json::object{{"id", id},
                                                          {"now_ms", now_us / 1'000},
                                                          {"publishing", health.publishing},
                                                          {"alerts", std::move(alerts)},
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
    const auto oldest = std::ranges::min_element(sessions_, {}, [](const auto& entry) {
      const auto& samples = entry.second.meter.samples();
      return entry.second.meter.running() ? INT64_MAX : samples.empty() ? 0 : samples.back().second;
    });
    clear_alerts(oldest->first, oldest->second);
    sessions_.erase(oldest);
  }
  sessions_[session].meter.start(epoch, tracks, unix_us());
}

void HealthBook::chunk(const std::string& session, const media::Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(session); found != sessions_.end())
    found->second.meter.add(chunk);
}

void HealthBook::look(const std::string& session, std::uint64_t epoch,
                      const media::HealthLook& look) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(session);
      found != sessions_.end() && found->second.meter.epoch() == epoch)
    found->second.meter.look(look);
}

void HealthBook::stop(const std::string& session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  found->second.meter.stop();
  clear_alerts(session, found->second);
}

void HealthBook::forget(const std::string& session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  clear_alerts(session, found->second);
  sessions_.erase(found);
}

HealthBook::View HealthBook::view(const std::string& session, std::int64_t since_second,
                                  std::int64_t now_us) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return {};
  auto& meter = found->second.meter;
  meter.advance(now_us);
  const auto& all = meter.samples();
  const auto from = std::ranges::upper_bound(all, since_second, {}, &media::HealthSample::second);
  return {meter.running(), {from, all.end()}, found->second.alerts.on()};
}

void HealthBook::clear_alerts(const std::string& session, Entry& entry) {
  for (const auto& change : entry.alerts.stop(unix_us() / 1'000'000))
    cleared_.emplace_back(session, change);
}

void HealthBook::set_rules(const std::string& session, const media::AlertRules& rules) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(session); found != sessions_.end())
    found->second.alerts.set_rules(rules);
}

std::vector<std::string> HealthBook::publishing() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [id, entry] : sessions_)
    if (entry.meter.running()) out.push_back(id);
  return out;
}

HealthBook::Changes HealthBook::judge(std::int64_t now_us,
                                      const std::map<std::string, media::ViewersLook>& viewers) {
  const std::lock_guard lock(mutex_);
  auto out = std::exchange(cleared_, {});
  for (auto& [id, entry] : sessions_) {
    if (!entry.meter.running()) continue;
    entry.meter.advance(now_us);
    const auto look = viewers.find(id);
    const auto& all = entry.meter.samples();
    auto at = std::ranges::upper_bound(all, entry.judged_second, {}, &media::HealthSample::second);
    for (; at != all.end(); ++at) {
      entry.judged_second = at->second;
      for (const auto& change :
           entry.alerts.judge(*at, look == viewers.end() ? media::ViewersLook{} : look->second))
        out.emplace_back(id, change);
    }
  }
  return out;
}

void mount_live_health(http::Router& router, LiveHealthApi api) {
  router.add("GET", "/api/v1/live/{id}/health",
             [api = std::move(api)](const Request& request, const Responder& out) {
               show(api, request, out);
             });
}

}  // namespace troupe::api
