#include "sim/dash_viewers.hpp"

#include <algorithm>
#include <chrono>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "sim/dash_manifest.hpp"
#include "sim/hls_playlist.hpp"
#include "sim/web_viewer.hpp"

namespace troupe::sim {
namespace {

using std::chrono::microseconds;

std::int64_t unix_us() {
  return std::chrono::duration_cast<microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// What the tracks of a viewer go by.
struct Guide {
  DashManifest manifest;
  std::string target;             ///< of the manifest
  std::int64_t clock_off_us = 0;  ///< the server's clock less ours

  [[nodiscard]] std::int64_t now_us() const { return unix_us() + clock_off_us; }
  [[nodiscard]] std::string path(const std::string& name) const {
    return resolve(target, manifest.base_url + name);
  }
};

/// One AdaptationSet of one viewer.
class Track {
 public:
  Track(boost::asio::io_context& loop, WebViewer& web, const Guide& guide, std::string type,
        std::function<void()> first)
      : web_(web), guide_(guide), type_(std::move(type)), first_(std::move(first)), timer_(loop) {}

  /// Goes on if there is something to go on with: after each manifest, and after each segment.
  void look() {
    if (busy_) return;
    const auto& periods = guide_.manifest.periods;
    const auto period = std::ranges::find(periods, period_, &DashPeriod::id);
    if (period == periods.end()) return begin(periods.back());
    const auto* track = period->find(type_);
    if (track == nullptr) return;
    if (track->duration) return look_at_clock(*period, *track);
    if (number_ < track->start_number) {
      ++web_.totals().gaps;
      return begin(*period);
    }
    if (number_ - track->start_number < track->listed.size()) return fetch(*track);
    if (period->closed && period + 1 != periods.end()) begin(*(period + 1));
  }

 private:
  /// With the newest segment of `period`, or with its first one when it follows another.
  void begin(const DashPeriod& period) {
    const auto* track = period.find(type_);
    if (track == nullptr) return;
    if (track->duration) {
      number_ =
          guide_.manifest.newest(period, *track, guide_.now_us()).value_or(track->start_number);
    } else {
      if (track->listed.empty()) return;
      number_ = track->start_number + (period_.empty() ? track->listed.size() - 1 : 0);
    }
    period_ = period.id;
    busy_ = true;
    web_.get_media(guide_.path(track->initialization), [this] {
      busy_ = false;
      look();
    });
  }

  /// Segments of even length are there by the clock.
  void look_at_clock(const DashPeriod& period, const DashTrack& track) {
    const auto wait_us = guide_.manifest.available_us(period, track, number_) - guide_.now_us();
    if (wait_us <= 0) return fetch(track);
    timer_.expires_after(microseconds(wait_us));
    timer_.async_wait([this](boost::system::error_code ec) {
      if (!ec) look();
    });
  }

  void fetch(const DashTrack& track) {
    busy_ = true;
    web_.get_media(guide_.path(track.name(number_)), [this] {
      if (first_) std::exchange(first_, {})();
      busy_ = false;
      ++number_;
      look();
    });
  }

  WebViewer& web_;
  const Guide& guide_;
  const std::string type_;
  std::function<void()> first_;
  boost::asio::steady_timer timer_;
  std::string period_;  ///< empty: none yet
  std::uint64_t number_ = 0;
  bool busy_ = false;
};

/// Three connections: the manifest's, and one for each track.
class DashViewer final : public LiveViewer {
 public:
  DashViewer(boost::asio::io_context& loop, const Endpoint& endpoint, std::string target,
             ViewerTotals& totals, Tap tap)
      : web_(loop, endpoint, 3, totals, std::move(tap)),
        timer_(loop),
        video_(loop, web_, guide_, "video", [this] { ++web_.totals().hellos; }),
        audio_(loop, web_, guide_, "audio", {}),
        target_(std::move(target)) {}

  void start() {
    web_.enter(target_, [this](const std::string& text, const std::string& found) {
      guide_.target = found;
      update(text);
    });
  }

 private:
  void update(const std::string& text) {
    auto manifest = parse_dash(text);
    if (!manifest.ok()) {
      ++web_.totals().corrupt;
      return;
    }
    guide_.manifest = std::move(*manifest);
    guide_.clock_off_us = guide_.manifest.clock_us - unix_us();
    timer_.expires_after(
        microseconds(std::max<std::int64_t>(guide_.manifest.update_every_us, 100'000)));
    timer_.async_wait([this](boost::system::error_code ec) {
      if (!ec) web_.get(guide_.target, [this](const std::string& body) { update(body); });
    });
    video_.look();
    audio_.look();
  }

  Guide guide_;
  WebViewer web_;
  boost::asio::steady_timer timer_;
  Track video_, audio_;
  const std::string target_;
};

std::shared_ptr<LiveViewer> start(boost::asio::io_context& loop, const Endpoint& endpoint,
                                  const std::string& target, ViewerTotals& totals, Tap tap) {
  auto viewer = std::make_shared<DashViewer>(loop, endpoint, target, totals, std::move(tap));
  boost::asio::post(loop, [viewer] { viewer->start(); });
  return viewer;
}

}  // namespace

std::shared_ptr<LiveViewer> watch_dash(boost::asio::io_context& loop, const Endpoint& endpoint,
                                       const std::string& session_id, ViewerTotals& totals,
                                       Tap tap) {
  return start(loop, endpoint, "/live/" + session_id + "/manifest.mpd", totals, std::move(tap));
}

std::shared_ptr<LiveViewer> watch_low_latency_dash(boost::asio::io_context& loop,
                                                   const Endpoint& endpoint,
                                                   const std::string& session_id,
                                                   ViewerTotals& totals, Tap tap) {
  return start(loop, endpoint, "/live/" + session_id + "/low-latency.mpd", totals, std::move(tap));
}

}  // namespace troupe::sim
