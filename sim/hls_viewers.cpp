#include "sim/hls_viewers.hpp"

#include <functional>
#include <vector>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "sim/hls_playlist.hpp"
#include "sim/web_viewer.hpp"

namespace troupe::sim {
namespace {

/// One track of one viewer.
class Track {
 public:
  Track(WebViewer& web, std::string playlist, std::function<void()> first)
      : web_(web), playlist_(std::move(playlist)), first_(std::move(first)) {}

  void reload() {
    auto target = playlist_;
    if (msn_ != 0) target += fmt::format("?_HLS_msn={}&_HLS_part={}", msn_, part_);
    web_.get(target, [this](const std::string& text) {
      auto media = parse_media(text);
      if (!media.ok()) {
        ++web_.totals().corrupt;
        return;
      }
      media_ = std::move(*media);
      if (msn_ != 0) return go_on();
      begin();
    });
  }

 private:
  /// From the newest independent part on; again if there is none yet.
  void begin() {
    for (auto segment = media_.segments.rbegin(); segment != media_.segments.rend(); ++segment) {
      for (auto part = segment->second.parts.rbegin(); part != segment->second.parts.rend();
           ++part) {
        if (!part->second.independent) continue;
        msn_ = segment->first;
        part_ = part->first;
        return web_.get_media(resolve(playlist_, media_.map), [this] { go_on(); });
      }
    }
    reload();
  }

  void go_on() {
    const auto segment = media_.segments.find(msn_);
    if (segment == media_.segments.end()) {
      // It is not there yet, or not any more.
      if (!media_.segments.empty() && media_.segments.begin()->first > msn_) {
        ++web_.totals().gaps;
        msn_ = 0;
      }
      return reload();
    }
    const auto part = segment->second.parts.find(part_);
    if (part == segment->second.parts.end()) {
      if (!segment->second.complete) return reload();
      if (part_ < segment->second.parts.size() || segment->second.parts.empty())
        ++web_.totals().gaps;
      ++msn_;
      part_ = 0;
      return go_on();
    }
    web_.get_media(resolve(playlist_, part->second.uri), [this] {
      if (first_) std::exchange(first_, {})();
      ++part_;
      go_on();
    });
  }

  WebViewer& web_;
  const std::string playlist_;
  std::function<void()> first_;
  HlsMedia media_;
  std::uint64_t msn_ = 0;  ///< of the next part; 0: none yet
  std::uint32_t part_ = 0;
};

class HlsViewer final : public LiveViewer {
 public:
  HlsViewer(boost::asio::io_context& loop, const Endpoint& endpoint, const std::string& session,
            ViewerTotals& totals, Tap tap)
      : web_(loop, endpoint, 2, totals, std::move(tap)),
        target_("/live/" + session + "/index.m3u8") {}

  void start() {
    web_.enter(target_, [this](const std::string& body, const std::string& base) {
      const auto variant = parse_multivariant(body);
      if (!variant.ok()) {
        ++web_.totals().corrupt;
        return;
      }
      follow(resolve(base, variant->video), [this] { ++web_.totals().hellos; });
      if (variant->audio) follow(resolve(base, *variant->audio), {});
    });
  }

 private:
  void follow(const std::string& playlist, std::function<void()> first) {
    tracks_.push_back(std::make_unique<Track>(web_, playlist, std::move(first)));
    tracks_.back()->reload();
  }

  WebViewer web_;
  const std::string target_;
  std::vector<std::unique_ptr<Track>> tracks_;
};

}  // namespace

std::shared_ptr<LiveViewer> watch_hls(boost::asio::io_context& loop, const Endpoint& endpoint,
                                      const std::string& session_id, ViewerTotals& totals,
                                      Tap tap) {
  auto viewer = std::make_shared<HlsViewer>(loop, endpoint, session_id, totals, std::move(tap));
  boost::asio::post(loop, [viewer] { viewer->start(); });
  return viewer;
}

}  // namespace troupe::sim
