// One relayed session at an edge: its upstream, and all who wait for something of it. On the edge's
// thread only.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/api/relay/edge.hpp"
#include "net/api/relay/edge_link.hpp"
#include "net/api/relay/edge_state.hpp"
#include "net/api/relay/media.hpp"
#include "net/ws/hub.hpp"

namespace prometheus {
class Counter;
class Histogram;
}  // namespace prometheus

namespace troupe::api::relay {

class Upstream {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Entered = std::function<void(Result<void>)>;

  struct Env {
    const EdgeOptions& options;
    const EdgeSinks& sinks;
    /// Opens a WebSocket to that target of the origin.
    std::function<std::shared_ptr<Link>(std::string target, LinkEvents)> open;
    std::function<double()> chance;  ///< in [0, 1)
    std::function<void()> over;      ///< `over` has something to say; must not destroy it yet
    prometheus::Counter &bytes, &reconnects;
    prometheus::Histogram& delay;
  };
  /// What became of it; `why` is for viewers who come yet.
  struct Over {
    Error why;
    bool ended = false;  ///< for good, known to the origin: viewers are let go normally
  };

  Upstream(const Env& env, std::string id, std::vector<std::string> via, TimePoint now);
  ~Upstream();

  void enter(Entered then, TimePoint now);
  void greet(std::function<void(Result<std::vector<std::string>>)> then);
  void say(std::string token, std::string message, std::function<void(Result<std::string>)> then,
           TimePoint now);
  void react(std::size_t reaction, std::uint64_t times);
  /// Twice a second or so. `interest`: when a viewer asked last. Something: it is to be dropped.
  std::optional<Over> tick(TimePoint now, TimePoint interest);

  /// Viewers may come.
  [[nodiscard]] bool ready() const noexcept { return ready_; }
  [[nodiscard]] Viewers total() const noexcept { return total_; }
  /// Something: `tick` would say it.
  [[nodiscard]] const std::optional<Over>& over() const noexcept { return over_; }
  /// Whether something of it may be left at viewers.
  [[nodiscard]] bool shown() const noexcept { return shown_; }

 private:
  void connect(TimePoint now);
  void on_message(std::string_view bytes, bool is_text);
  void on_end(std::uint16_t close_code, const Error& why);
  void on_media(std::string_view bytes);
  void on_text(std::string_view text);
  void take(const Hello& hello);
  void take(Publication& publication);
  void take(const Renditions& renditions);
  void take(const Rules& rules);
  void take(const Ready& ready);
  void take(const Stop& stop);
  /// The publication is over for viewers; `how` tells them.
  void stop(const std::function<void(const std::string& id)>& how);
  void take(const Viewers& viewers);
  void take(Greeting& greeting);
  void take(Answer& answer);
  void take(const Pong& pong);
  void take(const Caption& caption);
  void broken(const Error& why);
  void end(Over over);
  void send_greet();
  void end_greet(const Result<std::vector<std::string>>& texts);
  void send_report();
  void admit(const Result<void>& verdict);
  void fail_said(const Error& why);
  void expire(TimePoint now);

  const Env env_;
  const std::string id_;
  std::string target_;
  std::shared_ptr<Link> link_;
  bool open_ = false, ready_ = false, announced_ = false, shown_ = false;
  TimePoint heard_, lost_at_, watched_, retry_at_, greet_until_;
  std::optional<Over> over_;
  Backoff backoff_;
  ClockOffset clock_;
  std::int64_t live_from_us_ = 0;  ///< by the origin's clock: what is older was kept for us
  RelayCursor cursor_;
  MediaCheck check_;
  live::PublicationPtr publication_;
  std::optional<media::WindowCuts> cuts_;  ///< if the next chunk shows a hole
  bool resuming_ = false;
  std::optional<Renditions> made_;  ///< of the publication
  std::uint64_t last_cue_ = 0;      ///< its number: those that are still to come are told again
  Viewers total_;
  std::optional<Viewers> told_;
  std::vector<std::uint64_t> reactions_;

  struct Waiter {
    Entered then;
    TimePoint until;
  };
  std::vector<Waiter> waiters_;
  using Greeted = std::function<void(Result<std::vector<std::string>>)>;
  std::vector<Greeted> greeted_, greeted_next_;  ///< by the greeting under way, and after it
  std::uint64_t greet_ref_ = 0;
  bool greeting_ = false;
  struct Said {
    std::function<void(Result<std::string>)> then;
    TimePoint until;
  };
  std::map<std::uint64_t, Said> said_;
  std::uint64_t last_ref_ = 0;
};

}  // namespace troupe::api::relay
