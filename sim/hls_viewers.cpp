#include "sim/hls_viewers.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "sim/fragment.hpp"
#include "sim/hls_playlist.hpp"
#include "sim/http_load.hpp"

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;

std::uint32_t box_size(std::string_view bytes) {
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  return size;
}

/// Calls `visit` with each fragment of a part: boxes up to an `mdat`. False when boxes are not
/// whole.
template <class Visit>
bool each_fragment(std::string_view part, const Visit& visit) {
  std::size_t begin = 0;
  for (std::size_t at = 0; at < part.size();) {
    if (part.size() - at < 8) return false;
    const auto size = box_size(part.substr(at));
    if (size < 8 || size > part.size() - at) return false;
    const bool last = part.substr(at + 4, 4) == "mdat";
    at += size;
    if (!last) continue;
    visit(part.substr(begin, at - begin));
    begin = at;
  }
  return begin == part.size();
}

/// One track of one viewer.
class Track {
 public:
  Track(HttpLoad& http, ViewerTotals& totals, std::string playlist, std::function<void()> first)
      : http_(http), totals_(totals), playlist_(std::move(playlist)), first_(std::move(first)) {}

  void reload() {
    auto target = playlist_;
    if (msn_ != 0) target += fmt::format("?_HLS_msn={}&_HLS_part={}", msn_, part_);
    get(target, [this](const std::string& text) {
      auto media = parse_media(text);
      if (!media.ok()) {
        ++totals_.corrupt;
        return;
      }
      media_ = std::move(*media);
      if (msn_ == 0 && !begin()) return reload();
      go_on();
    });
  }

 private:
  void get(const std::string& target, std::function<void(const std::string&)> then) {
    const bool taken =
        http_.submit({"GET",
                      target,
                      {},
                      {},
                      Clock::now(),
                      [this, then = std::move(then)](int status, const std::string& body, double) {
                        if (status == 200) return then(body);
                        ++totals_.closed;
                        ++totals_.close_reasons[fmt::format("HTTP {}", status)];
                      }});
    if (!taken) ++totals_.close_reasons["too many requests wait"];
  }

  /// From the newest independent part on. False when there is none yet.
  bool begin() {
    for (auto segment = media_.segments.rbegin(); segment != media_.segments.rend(); ++segment) {
      for (auto part = segment->second.parts.rbegin(); part != segment->second.parts.rend();
           ++part) {
        if (!part->second.independent) continue;
        msn_ = segment->first;
        part_ = part->first;
        get(resolve(playlist_, media_.map), [this](const std::string& bytes) {
          const auto init = parse_fragment(bytes);
          if (!init.ok() || !init->init) ++totals_.corrupt;
        });
        return true;
      }
    }
    return false;
  }

  void go_on() {
    const auto segment = media_.segments.find(msn_);
    if (segment == media_.segments.end()) {
      // It is not there yet, or not any more.
      if (!media_.segments.empty() && media_.segments.begin()->first > msn_) {
        ++totals_.gaps;
        msn_ = 0;
      }
      return reload();
    }
    const auto part = segment->second.parts.find(part_);
    if (part == segment->second.parts.end()) {
      if (!segment->second.complete) return reload();
      if (part_ < segment->second.parts.size() || segment->second.parts.empty()) ++totals_.gaps;
      ++msn_;
      part_ = 0;
      return go_on();
    }
    get(resolve(playlist_, part->second.uri), [this](const std::string& bytes) {
      check(bytes);
      ++part_;
      go_on();
    });
  }

  void check(std::string_view part) {
    totals_.bytes += part.size();
    ++totals_.messages;
    if (first_) std::exchange(first_, {})();
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    const bool whole = each_fragment(part, [&](std::string_view bytes) {
      const auto fragment = parse_fragment(bytes);
      if (!fragment.ok()) {
        ++totals_.corrupt;
        return;
      }
      if (next_ != 0 && fragment->sequence != next_) ++totals_.gaps;
      next_ = fragment->sequence + 1;
      if (fragment->wall_us == 0 || ++seen_ <= kBacklog) return;
      totals_.delay.record_us(
          static_cast<std::uint64_t>(std::max<std::int64_t>(now - fragment->wall_us, 0)));
    });
    if (!whole) ++totals_.corrupt;
  }

  static constexpr int kBacklog = 90;
  HttpLoad& http_;
  ViewerTotals& totals_;
  const std::string playlist_;
  std::function<void()> first_;
  HlsMedia media_;
  std::uint64_t msn_ = 0;  ///< of the next part; 0: none yet
  std::uint32_t part_ = 0, next_ = 0;
  int seen_ = 0;
};

/// Two connections, as a browser's two tracks have over HTTP/1.1.
class HlsViewer {
 public:
  HlsViewer(boost::asio::io_context& loop, const Endpoint& endpoint, std::string session,
            ViewerTotals& totals)
      : http_(loop, endpoint.host, endpoint.http_port, 2),
        totals_(totals),
        target_("/live/" + std::move(session) + "/index.m3u8") {}

  void start() {
    began_ = Clock::now();
    static_cast<void>(http_.submit(
        {"GET", target_, {}, {}, began_, [this](int status, const std::string& body, double) {
           const auto variant = status == 200 ? parse_multivariant(body)
                                              : error(ErrorCode::unavailable, "no playlist");
           if (!variant.ok()) {
             ++totals_.corrupt;
             return;
           }
           follow(resolve(target_, variant->video), [this] {
             ++totals_.hellos;
             totals_.start.record(
                 std::chrono::duration<double, std::milli>(Clock::now() - began_).count());
           });
           if (variant->audio) follow(resolve(target_, *variant->audio), [] {});
         }}));
  }

 private:
  void follow(const std::string& playlist, std::function<void()> first) {
    tracks_.push_back(std::make_unique<Track>(http_, totals_, playlist, std::move(first)));
    tracks_.back()->reload();
  }

  HttpLoad http_;
  ViewerTotals& totals_;
  const std::string target_;
  Clock::time_point began_{};
  std::vector<std::unique_ptr<Track>> tracks_;
};

}  // namespace

struct HlsViewers::Impl {
  boost::asio::io_context loop{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
      loop.get_executor()};
  ViewerTotals totals;
  std::vector<std::unique_ptr<HlsViewer>> viewers;
  std::thread thread;
};

HlsViewers::HlsViewers(const Endpoint& endpoint, const std::string& session_id, int count)
    : impl_(std::make_unique<Impl>()) {
  for (int i = 0; i < count; ++i) {
    impl_->viewers.push_back(
        std::make_unique<HlsViewer>(impl_->loop, endpoint, session_id, impl_->totals));
    boost::asio::post(impl_->loop, [viewer = impl_->viewers.back().get()] { viewer->start(); });
  }
  impl_->thread = std::thread([this] { impl_->loop.run(); });
}

HlsViewers::~HlsViewers() {
  stop();
}

ViewerTotals HlsViewers::totals() {
  if (!impl_->thread.joinable()) return impl_->totals;
  std::promise<ViewerTotals> out;
  boost::asio::post(impl_->loop, [&] { out.set_value(impl_->totals); });
  return out.get_future().get();
}

void HlsViewers::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->loop.stop();
  impl_->thread.join();
}

}  // namespace troupe::sim
