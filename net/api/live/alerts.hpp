// Alerts of live sessions: judged each second, told to the journal, the log and the metrics.
#pragma once

#include <memory>
#include <string>

#include "media/health/alerts.hpp"

namespace boost::asio {
class io_context;
}
namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
}
namespace troupe::storage {
class RecordChecks;
}

namespace troupe::api {

class HealthBook;
class QualityBook;

/// Thread-safe. Rules of sessions are stored; what is on is not: a restart raises it again.
class LiveAlerts {
 public:
  /// `loop` judges once a second. `context`, `loop` and the books outlive the call of close().
  LiveAlerts(actors::Context& context, boost::asio::io_context& loop,
             std::shared_ptr<HealthBook> health, std::shared_ptr<const QualityBook> quality,
             media::AlertRules rules);
  ~LiveAlerts();
  /// Lets go of the loop: call it once that has ended and before it is destroyed.
  void close();

  /// GET and PUT /api/v1/live/{id}/alerts. `asker` outlives the router.
  void mount(http::Router& router, const actors::Asker& asker);
  /// A session's stored rules come into effect a moment later.
  void load(const std::string& session);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Adds the check of the rules of sessions (family `live`), for `troupe verify`.
void add_alert_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::api
