#include "sim/live_sim.hpp"

#include <csignal>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "sim/child_process.hpp"
#include "sim/hls_viewers.hpp"
#include "sim/http_client.hpp"
#include "sim/live_audience.hpp"
#include "sim/live_decoder.hpp"

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kLiveWithin = std::chrono::seconds(15);

struct Created {
  std::string id;
  std::string publish_url;
};

Result<Created> create_session(const Endpoint& endpoint, const std::string& title, Ingest ingest) {
  HttpClient http(endpoint.host, endpoint.http_port, endpoint.token("live-sim", ""));
  auto reply = http.post("/api/v1/live", boost::json::object{{"title", title}});
  if (!reply.ok()) return reply.error();
  const auto body = reply->json();
  if (reply->status != 201 || !body.is_object()) {
    return error(ErrorCode::unavailable, "POST /api/v1/live: " + std::to_string(reply->status));
  }
  const auto text = [&](const char* name) {
    const auto* value = body.as_object().if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  };
  if (ingest == Ingest::srt) return Created{text("id"), text("publish_url") + "&pkt_size=1316"};
  if (text("rtmp_server").empty()) return error(ErrorCode::unsupported, "no RTMP on this server");
  return Created{text("id"), text("rtmp_server") + "/" + text("rtmp_stream_key")};
}

Result<void> wait_until_live(const Endpoint& endpoint, const std::string& id,
                             const std::atomic<bool>& stop) {
  HttpClient http(endpoint.host, endpoint.http_port);
  const auto until = Clock::now() + kLiveWithin;
  while (Clock::now() < until && !stop) {
    auto reply = http.get("/api/v1/live/" + id);
    if (reply.ok() && reply->json().is_object() && reply->json().at("state").as_string() == "live")
      return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return error(ErrorCode::timeout, "the publisher did not come on air");
}

/// What is wrong with what these viewers saw.
void judge(const std::string& who, std::size_t viewers, const ViewerTotals& totals,
           Section& section) {
  if (totals.corrupt > 0)
    section.failures.push_back(fmt::format("{}: {} malformed messages", who, totals.corrupt));
  if (totals.gaps > 0)
    section.failures.push_back(fmt::format("{}: {} holes that no skip explains", who, totals.gaps));
  if (totals.hellos < viewers) {
    section.failures.push_back(
        fmt::format("{}: only {} of {} viewers were let in", who, totals.hellos, viewers));
  }
  for (const auto& [reason, count] : totals.close_reasons) {
    section.failures.push_back(
        fmt::format("{}: {} viewers lost their connection ({})", who, count, reason));
  }
}

/// Everybody who watches: those who stay, those who misbehave, and the crowd that comes at once.
class Show {
 public:
  Show(const Endpoint& endpoint, std::string session, const LiveSimOptions& options)
      : endpoint_(endpoint),
        session_(std::move(session)),
        options_(options),
        audience_(options.viewer_threads),
        crowd_(options.viewer_threads) {}

  Result<void> begin() {
    for (int i = 0; i < options_.viewers; ++i) {
      std::function<void(std::string_view)> tap;
      if (i < options_.decoders) {
        auto decoder = Decoder::start();
        if (!decoder.ok()) return decoder.error();
        tap = [raw = decoder->get()](std::string_view message) { raw->feed(message); };
        decoders_.push_back(std::move(*decoder));
      }
      audience_.add(endpoint_, session_, std::move(tap));
    }
    if (options_.hls_viewers > 0)
      hls_ = std::make_unique<HlsViewers>(endpoint_, session_, options_.hls_viewers);
    return {};
  }

  /// `done`: of the time, 0 to 1.
  void go_on(double done) {
    if (done >= 1.0 / 3 && options_.misfits.all() > 0 && !misfits_)
      misfits_ = std::make_unique<Misfits>(endpoint_, session_, options_.misfits);
    if (done >= 0.5 && options_.crowd > 0 && crowd_.size() == 0) gather();
  }

  [[nodiscard]] std::uint64_t bytes() {
    return audience_.totals().bytes + crowd_.totals().bytes + (hls_ ? hls_->totals().bytes : 0);
  }

  void end(Section& section, double seconds) {
    const auto viewers = audience_.totals();
    const auto crowd = crowd_.totals();
    audience_.stop();
    crowd_.stop();
    if (hls_) hls_->stop();
    const auto bytes = viewers.bytes + crowd.bytes + (hls_ ? hls_->totals().bytes : 0);
    section.rows.push_back({"viewers", static_cast<double>(options_.viewers), ""});
    section.rows.push_back({"received", static_cast<double>(bytes) * 8 / 1e6 / seconds, "Mbit/s"});
    section.rows.push_back({"messages", static_cast<double>(viewers.messages) / seconds, "1/s"});
    section.rows.push_back({"skipped chunks", static_cast<double>(viewers.skipped), ""});
    section.latencies["added delay"] = viewers.delay;
    judge("live", static_cast<std::size_t>(options_.viewers), viewers, section);
    if (crowd_.size() > 0) report_crowd(viewers, crowd, section);
    if (hls_) report_hls(section);
    if (misfits_) {
      section.rows.push_back(
          {"misfits' connections", static_cast<double>(misfits_->connections()), ""});
      section.rows.push_back(
          {"of them turned away", static_cast<double>(misfits_->turned_away()), ""});
    }
    misfits_.reset();
  }

  /// Once the publisher has been told to end.
  void end_decoders(Section& section, double seconds) {
    std::uint64_t frames = 0;
    for (const auto& decoder : decoders_) {
      decoder->finish();
      frames += decoder->frames();
      if (const auto text = decoder->complaints(); !text.empty())
        section.failures.push_back("live: decoder: " + text);
      if (decoder->frames() == 0) section.failures.push_back("live: a viewer could decode nothing");
    }
    if (decoders_.empty()) return;
    const auto count = static_cast<double>(decoders_.size());
    section.rows.push_back({"decoding viewers", count, ""});
    section.rows.push_back(
        {"decoded pictures", static_cast<double>(frames) / seconds / count, "1/s each"});
  }

 private:
  /// Returns once all of the crowd have begun to connect.
  void gather() {
    before_ = audience_.totals();
    audience_.forget_delays();
    const auto began = Clock::now();
    for (int i = 0; i < options_.crowd; ++i) {
      std::this_thread::sleep_until(began + options_.crowd_within * i / options_.crowd);
      crowd_.add(endpoint_, session_);
    }
  }

  void report_hls(Section& section) {
    const auto totals = hls_->totals();
    section.rows.push_back({"HLS viewers", static_cast<double>(options_.hls_viewers), ""});
    section.latencies["HLS: part received"] = totals.delay;
    section.latencies["HLS: first part"] = totals.start;
    judge("HLS", static_cast<std::size_t>(options_.hls_viewers), totals, section);
  }

  void report_crowd(const ViewerTotals& viewers, const ViewerTotals& crowd, Section& section) {
    section.rows.push_back({"crowd", static_cast<double>(options_.crowd), ""});
    section.rows.push_back({"crowd: first picture, longest", crowd.start.max(), "ms"});
    section.rows.push_back({"crowd: skipped chunks", static_cast<double>(crowd.skipped), ""});
    section.latencies["added delay"] = before_.delay;
    section.latencies["added delay beside the crowd"] = viewers.delay;
    section.latencies["crowd: first picture"] = crowd.start;
    judge("crowd", static_cast<std::size_t>(options_.crowd), crowd, section);
    if (crowd.start.max() > kPlayingWithinMs) {
      section.failures.push_back(
          fmt::format("crowd: somebody waited {:.0f} ms for a picture", crowd.start.max()));
    }
    if (viewers.skipped > before_.skipped) {
      section.failures.push_back(fmt::format("live: the crowd cost those who were there {} chunks",
                                             viewers.skipped - before_.skipped));
    }
  }

  const Endpoint& endpoint_;
  const std::string session_;
  const LiveSimOptions& options_;
  std::vector<std::unique_ptr<Decoder>> decoders_;
  Audience audience_, crowd_;
  ViewerTotals before_;  ///< the crowd came
  std::unique_ptr<HlsViewers> hls_;
  std::unique_ptr<Misfits> misfits_;
};

}  // namespace

std::vector<std::string> publisher_command(const LiveSimOptions& options, const std::string& url) {
  const auto picture = fmt::format(
      "testsrc2=size={}:rate={},drawtext=fontfile=/usr/share/fonts/truetype/dejavu/"
      "DejaVuSansMono.ttf:"
      "text='%{{localtime\\:%T}}.%{{eif\\:mod(t*1000\\,1000)\\:d\\:3}}':fontsize=48:fontcolor="
      "white:box=1:"
      "boxcolor=black@0.6:boxborderw=12:x=(w-tw)/2:y=h-2*th",
      options.size, options.fps);
  const auto rate = fmt::format("{}k", options.video_kbit);
  return {"ffmpeg",
          "-hide_banner",
          "-loglevel",
          "error",
          "-nostdin",
          "-re",
          "-f",
          "lavfi",
          "-i",
          picture,
          "-f",
          "lavfi",
          "-i",
          "sine=frequency=440:sample_rate=48000",
          "-c:v",
          "libx264",
          "-preset",
          "ultrafast",
          "-tune",
          "zerolatency",
          "-pix_fmt",
          "yuv420p",
          "-threads",
          "1",
          "-g",
          std::to_string(options.fps),
          "-b:v",
          rate,
          "-maxrate",
          rate,
          "-bufsize",
          fmt::format("{}k", options.video_kbit / 2),
          "-c:a",
          "aac",
          "-b:a",
          "128k",
          "-f",
          options.ingest == Ingest::rtmp ? "flv" : "mpegts",
          "-flush_packets",
          "1",
          url};
}

Result<Section> run_live(const Endpoint& endpoint, const LiveSimOptions& options,
                         Progress& progress, const std::atomic<bool>& stop) {
  auto session = create_session(endpoint, options.title, options.ingest);
  if (!session.ok()) return session.error();
  auto publisher = ChildProcess::start(publisher_command(options, session->publish_url),
                                       {.stdout_path = {}, .stderr_path = {}, .pipe_stdin = false});
  if (!publisher.ok()) return publisher.error();
  if (auto live = wait_until_live(endpoint, session->id, stop); !live.ok()) return live.error();

  Section section;
  section.title = "live";
  const auto began = Clock::now();
  const auto elapsed = [began] {
    return std::chrono::duration<double>(Clock::now() - began).count();
  };
  const auto total_seconds = static_cast<double>(options.duration.count());
  std::atomic<double> mbit{0};
  const int part = progress.add(
      "live", [&] { return std::min(1.0, elapsed() / total_seconds); },
      [&] { return fmt::format("{} viewers, {:.0f} Mbit/s", options.viewers, mbit.load()); });
  Show show(endpoint, session->id, options);
  auto begun = show.begin();
  if (!begun.ok()) {
    progress.remove(part);
    return begun.error();
  }
  Section::Series rate{"received", "Mbit/s", {}};
  std::uint64_t last_bytes = 0;
  while (elapsed() < total_seconds && !stop) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    show.go_on(elapsed() / total_seconds);
    const auto bytes = show.bytes();
    mbit = static_cast<double>(bytes - std::exchange(last_bytes, bytes)) * 8 / 1e6;
    rate.points.emplace_back(elapsed(), mbit);
  }
  if (!publisher->running()) section.failures.push_back("live: the publisher ended early");
  show.end(section, elapsed());
  publisher->signal(SIGTERM);
  show.end_decoders(section, elapsed());
  progress.remove(part);
  section.series.push_back(std::move(rate));
  return section;
}

}  // namespace troupe::sim
