#include "sim/live_sim.hpp"

#include <csignal>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <boost/url.hpp>
#include <fmt/format.h>

#include "sim/child_process.hpp"
#include "sim/http_client.hpp"
#include "sim/live_show.hpp"
#include "sim/rtmp_publisher.hpp"

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

/// Those who publish: one that encodes, or many that replay.
class Publishers {
 public:
  /// Errors: io; what POST /api/v1/live answered.
  static Result<Publishers> start(const Endpoint& endpoint, const LiveSimOptions& options) {
    Publishers out;
    if (options.publishers == 1) {
      auto session = create_session(endpoint, options.title, options.ingest);
      if (!session.ok()) return session.error();
      auto encoder =
          ChildProcess::start(publisher_command(options, session->publish_url),
                              {.stdout_path = {}, .stderr_path = {}, .pipe_stdin = false});
      if (!encoder.ok()) return encoder.error();
      out.encoder_ = std::make_unique<ChildProcess>(std::move(*encoder));
      out.sessions_.push_back(std::move(session->id));
      return out;
    }
    auto clip = make_flv_clip(options.size, options.fps, options.video_kbit);
    if (!clip.ok()) return clip.error();
    auto to = endpoint;
    std::vector<std::string> keys;
    for (int i = 0; i < options.publishers; ++i) {
      auto session =
          create_session(endpoint, fmt::format("{} {}", options.title, i + 1), Ingest::rtmp);
      if (!session.ok()) return session.error();
      const auto url = boost::urls::parse_uri(session->publish_url);
      if (!url.has_value()) return error(ErrorCode::corrupt, "no RTMP address");
      to.rtmp_port = url->port_number();
      keys.push_back(session->publish_url.substr(session->publish_url.rfind('/') + 1));
      out.sessions_.push_back(std::move(session->id));
    }
    out.replay_ = std::make_unique<RtmpPublishers>(to, std::move(*clip), keys);
    return out;
  }

  [[nodiscard]] const std::vector<std::string>& sessions() const noexcept { return sessions_; }

  /// For people; empty: nobody was.
  [[nodiscard]] std::string refused() const {
    if (!replay_ || replay_->ended() == 0) return {};
    return fmt::format(
        "; {} were refused: see live.max_publishers_per_address and "
        "rtmp.max_connections_per_address",
        replay_->ended());
  }

  /// Before the viewers go.
  void report(Section& section) {
    if (encoder_ && !encoder_->running())
      section.failures.push_back("live: the publisher ended early");
    if (!replay_) return;
    section.rows.push_back({"publishers", static_cast<double>(sessions_.size()), ""});
    section.rows.push_back({"publishers: furthest behind", replay_->behind_ms(), "ms"});
    if (replay_->ended() > 0)
      section.failures.push_back(fmt::format("live: {} publishers ended early", replay_->ended()));
  }

  void stop() {
    if (encoder_) encoder_->signal(SIGTERM);
    replay_.reset();
  }

 private:
  std::vector<std::string> sessions_;
  std::unique_ptr<ChildProcess> encoder_;
  std::unique_ptr<RtmpPublishers> replay_;
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
  auto publishers = Publishers::start(endpoint, options);
  if (!publishers.ok()) return publishers.error();
  for (const auto& session : publishers->sessions()) {
    if (auto live = wait_until_live(endpoint, session, stop); !live.ok())
      return error(live.code(), live.error().detail + publishers->refused());
  }

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
  auto watched = endpoint;
  if (options.edge_port != 0) watched.http_port = options.edge_port;
  Show show(watched, publishers->sessions(), options);
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
  publishers->report(section);
  show.end(section, elapsed());
  publishers->stop();
  show.end_decoders(section, elapsed());
  progress.remove(part);
  section.series.push_back(std::move(rate));
  return section;
}

}  // namespace troupe::sim
