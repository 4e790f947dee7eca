#include "net/api/live/alerts.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/health.hpp"
#include "net/api/live/quality_book.hpp"
#include "net/http/router.hpp"
#include "storage/batch.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"
#include "storage/writer.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using media::AlertKind;

constexpr std::string_view kTag = "alerts";
constexpr std::size_t kMaxBody = 2U << 10;
constexpr std::chrono::seconds kEvery{1};
constexpr std::size_t kViewersOverS = 60;

std::string rules_key(std::string_view session) {
  return storage::KeyBuilder(kTag).text(session).take();
}

/// The rules with what a session sets of its own: a number sets, null takes away.
Result<media::AlertRules> overlaid(media::AlertRules rules, const json::object& own) {
  for (const auto& [name, value] : own) {
    std::optional<double> number;
    if (value.is_number())
      number = value.to_number<double>();
    else if (!value.is_null())
      return error(ErrorCode::invalid_argument, std::string(name) + ": a number or null");
    if (auto set = media::set_rule(rules, name, number); !set.ok()) return set.error();
  }
  return rules;
}

json::object view(const media::AlertRules& rules) {
  json::object out{{"raise_after_s", rules.raise_after_s}, {"clear_after_s", rules.clear_after_s}};
  for (std::size_t i = 0; i < media::kAlertKinds; ++i)
    if (rules.limits[i]) out[rule_name(static_cast<AlertKind>(i))] = *rules.limits[i];
  return out;
}

/// What viewers told, all together, at some second.
struct Told {
  double watched_ms = 0, rebuffer_ms = 0, latency_sum_ms = 0;
  double latencies = 0;
};

Told told_of(const QualityReport& report) {
  Told out;
  for (const auto& [protocol, quality] : report) {
    out.watched_ms += quality.watched_ms;
    out.rebuffer_ms += quality.rebuffer_ms;
    out.latency_sum_ms += quality.latency_ms.sum();
    out.latencies += static_cast<double>(quality.latency_ms.count());
  }
  return out;
}

/// What changed within the last minute. Sums that shrink are of a book that began anew.
class ViewersMinute {
 public:
  media::ViewersLook next(const Told& now) {
    told_.push_back(now);
    if (told_.size() > kViewersOverS) told_.pop_front();
    const auto& then = told_.front();
    const auto watched = now.watched_ms - then.watched_ms;
    const auto rebuffered = now.rebuffer_ms - then.rebuffer_ms;
    const auto latencies = now.latencies - then.latencies;
    media::ViewersLook out;
    // Of players that tell by CMCD, what they watched is not known.
    if (watched > 0 && rebuffered >= 0) out.rebuffer_ratio = rebuffered / (watched + rebuffered);
    if (latencies > 0) out.latency_ms = (now.latency_sum_ms - then.latency_sum_ms) / latencies;
    return out;
  }

 private:
  std::deque<Told> told_;
};

}  // namespace

struct LiveAlerts::Impl : std::enable_shared_from_this<Impl> {
  Impl(actors::Context& given, boost::asio::io_context& loop, std::shared_ptr<HealthBook> book,
       std::shared_ptr<const QualityBook> told, media::AlertRules usual)
      : context(given),
        timer(std::in_place, loop),
        health(std::move(book)),
        quality(std::move(told)),
        rules(usual) {
    for (std::size_t i = 0; i < media::kAlertKinds; ++i) {
      const Labels kind{{"kind", std::string(to_string(static_cast<AlertKind>(i)))}};
      raised[i] = &context.metrics.counter("troupe_live_alerts_total", "Alerts raised", kind);
      on[i] = &context.metrics.gauge("troupe_live_alerts", "Alerts that are on", kind);
    }
  }

  void judge_later() {
    timer->expires_after(kEvery);
    timer->async_wait([weak = weak_from_this()](const auto& ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      self->judge();
      self->judge_later();
    });
  }

  void judge() {
    const auto now = std::chrono::steady_clock::now();
    std::map<std::string, media::ViewersLook> looks;
    std::map<std::string, ViewersMinute> kept;
    for (const auto& id : health->publishing()) {
      auto node = minutes.extract(id);
      auto& minute = node ? kept.insert(std::move(node)).position->second : kept[id];
      looks[id] = minute.next(told_of(quality->report(id, now)));
    }
    minutes = std::move(kept);
    for (const auto& [id, change] :
         health->judge(static_cast<std::int64_t>(context.now_ms()) * 1'000, looks))
      tell(id, change);
  }

  void tell(const std::string& id, const media::AlertChange& change) {
    const auto kind = static_cast<std::size_t>(change.kind);
    const auto name = to_string(change.kind);
    if (change.raised) {
      raised[kind]->Increment();
      spdlog::warn("live {}: alert {}: {:.4g} (limit {})", id, name, change.value, change.limit);
    } else {
      spdlog::info("live {}: alert {} is over", id, name);
    }
    on[kind]->Increment(change.raised ? 1 : -1);
    storage::Batch batch;
    batch.append({"live/" + id, "troupe.live.alert.v1",
                  json::serialize(json::object{{"id", id},
                                               {"kind", name},
                                               {"state", change.raised ? "raised" : "cleared"},
                                               {"value", change.value},
                                               {"limit", change.limit},
                                               {"at_ms", change.second * 1'000}})});
    // A journal that is full loses an alert, not the stream; the log has it.
    if (auto written = context.writer.submit(std::move(batch), [](const auto&) {}); !written.ok())
      spdlog::warn("live {}: alert {} is not in the journal: {}", id, name, written.error().detail);
  }

  void show(const std::string& id, const media::AlertRules& in_effect, const Responder& out) const {
    out.send(http::json_response(
        200, json::object{{"id", id}, {"rules", view(in_effect)}, {"server_rules", view(rules)}}));
  }

  /// Blocks: call from ReadPool. What a later version does not know any more leaves the server's.
  media::AlertRules stored(const storage::Store& store, const std::string& id) const {
    const auto found = store.get(storage::Family::live, rules_key(id));
    if (!found.ok() || !*found) return rules;
    const auto own = http::parse_json_object(**found);
    if (!own.ok()) return rules;
    const auto mine = overlaid(rules, *own);
    return mine.ok() ? *mine : rules;
  }

  /// Answers once the rules are stored.
  void put(const std::string& id, const Request& request, const Responder& out) {
    auto own = http::parse_json_object(request.body);
    if (!own.ok()) return out.send(own.error());
    const auto next = overlaid(rules, *own);
    if (!next.ok()) return out.send(next.error());
    storage::Batch batch;
    batch.put(storage::Family::live, rules_key(id), json::serialize(*own));
    auto queued = context.writer.submit(
        std::move(batch), [self = shared_from_this(), id, out, next = *next](const auto& done) {
          if (!done.ok()) return out.send(done.error());
          self->health->set_rules(id, next);
          self->show(id, next, out);
        });
    if (!queued.ok()) out.send(queued.error());
  }

  actors::Context& context;
  std::optional<boost::asio::steady_timer> timer;  ///< used on the loop
  const std::shared_ptr<HealthBook> health;
  const std::shared_ptr<const QualityBook> quality;
  const media::AlertRules rules;
  std::array<prometheus::Counter*, media::kAlertKinds> raised{};
  std::array<prometheus::Gauge*, media::kAlertKinds> on{};
  std::map<std::string, ViewersMinute> minutes;  ///< of the loop only
};

LiveAlerts::LiveAlerts(actors::Context& context, boost::asio::io_context& loop,
                       std::shared_ptr<HealthBook> health,
                       std::shared_ptr<const QualityBook> quality, media::AlertRules rules)
    : impl_(std::make_shared<Impl>(context, loop, std::move(health), std::move(quality), rules)) {
  boost::asio::post(loop, [weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->judge_later();
  });
}

LiveAlerts::~LiveAlerts() = default;

void LiveAlerts::close() {
  impl_->timer.reset();
}

void LiveAlerts::load(const std::string& session) {
  const auto posted =
      impl_->context.reads.post([impl = impl_, session](const storage::Store& store) {
        impl->health->set_rules(session, impl->stored(store, session));
      });
  if (!posted.ok()) impl_->health->set_rules(session, impl_->rules);
}

void LiveAlerts::mount(http::Router& router, const actors::Asker& asker) {
  const auto id_of = [](const Request& request, const Responder& out) {
    const auto id = parse_id(request.params.at("id"));
    if (!id) out.send(error(ErrorCode::not_found, "no such live session"));
    return id ? id->to_string() : std::string();
  };
  router.add("GET", "/api/v1/live/{id}/alerts",
             [impl = impl_, id_of, &asker](const Request& request, const Responder& out) {
               const auto id = id_of(request, out);
               if (id.empty()) return;
               as_moderator(asker, request, id, out, [impl, id, out] {
                 auto posted = impl->context.reads.post([impl, id, out](const auto& store) {
                   impl->show(id, impl->stored(store, id), out);
                 });
                 if (!posted.ok()) out.send(posted.error());
               });
             });
  router.add("PUT", "/api/v1/live/{id}/alerts",
             [impl = impl_, id_of, &asker](const Request& request, const Responder& out) {
               const auto id = id_of(request, out);
               if (id.empty()) return;
               as_owner(asker, request, id, out,
                        [impl, id, request, out] { impl->put(id, request, out); });
             },
             {.max_body_bytes = kMaxBody});
}

void add_alert_record_checks(storage::RecordChecks& checks) {
  checks.add(storage::Family::live, kTag, [](std::string_view key, std::string_view value) {
    storage::KeyReader reader(key, kTag);
    static_cast<void>(reader.text());
    const auto own = http::parse_json_object(std::string(value));
    return reader.at_end() && own.ok() && overlaid({}, *own).ok();
  });
}

}  // namespace troupe::api
