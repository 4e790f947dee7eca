// The health of live sessions: what comes in from their publishers, second by second.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "media/health/alerts.hpp"
#include "media/health/stream_meter.hpp"

namespace troupe::actors {
class Asker;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

/// The last ten minutes of every session that was on, about 80 KB each. Thread-safe; one lock,
/// held for a microsecond but while samples are copied.
class HealthBook {
 public:
  /// The one that longest had nothing goes.
  static constexpr std::size_t kMaxSessions = 1'024;

  void start(const std::string& session, std::uint64_t epoch,
             const std::vector<media::Track>& tracks);
  void chunk(const std::string& session, const media::Chunk& chunk);
  /// Of another publication than the one under way: ignored.
  void look(const std::string& session, std::uint64_t epoch, const media::HealthLook& look);
  void stop(const std::string& session);
  void forget(const std::string& session);

  struct View {
    bool publishing = false;
    std::vector<media::HealthSample> samples;  ///< of the seconds after `since`, oldest first
    std::vector<media::AlertChange> alerts;    ///< that are on
  };
  [[nodiscard]] View view(const std::string& session, std::int64_t since_second,
                          std::int64_t now_us) const;

  void set_rules(const std::string& session, const media::AlertRules& rules);
  [[nodiscard]] std::vector<std::string> publishing() const;
  using Changes = std::vector<std::pair<std::string, media::AlertChange>>;
  /// Judges the seconds that are over since the last call, and tells what changed.
  Changes judge(std::int64_t now_us, const std::map<std::string, media::ViewersLook>& viewers);

 private:
  struct Entry {
    /// Reading closes the seconds that are over.
    mutable media::StreamMeter meter;
    media::AlertJudge alerts;
    std::int64_t judged_second = 0;
  };
  void clear_alerts(const std::string& session, Entry& entry);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> sessions_;
  Changes cleared_;  ///< since the last judgement, by the end of a publication
};

struct LiveHealthApi {
  std::shared_ptr<HealthBook> book;
  const actors::Asker& asker;
};

/// GET /api/v1/live/{id}/health. What `api` refers to outlives the router.
void mount_live_health(http::Router& router, LiveHealthApi api);

}  // namespace troupe::api
