#include "sim/live_sim.hpp"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "sim/child_process.hpp"
#include "sim/fragment.hpp"
#include "sim/http_client.hpp"
#include "sim/live_viewer.hpp"

namespace troupe::sim {
namespace {

namespace asio = boost::asio;
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

/// A child ffmpeg that decodes one track of what a viewer gets and counts pictures.
class Decoder {
 public:
  static Result<std::unique_ptr<Decoder>> start() {
    std::unique_ptr<Decoder> decoder(new Decoder);
    decoder->progress_ =
        (std::filesystem::temp_directory_path() /
         fmt::format("troupe-decode-{}-{}", ::getpid(), static_cast<const void*>(decoder.get())))
            .string();
    auto child = ChildProcess::start(
        {"ffmpeg", "-hide_banner", "-nostats", "-loglevel", "error", "-threads", "1", "-f", "mp4",
         "-i", "pipe:0", "-progress", decoder->progress_, "-f", "null", "-"},
        {.stdout_path = {}, .stderr_path = decoder->progress_ + ".err", .pipe_stdin = true});
    if (!child.ok()) return child.error();
    decoder->child_ = std::make_unique<ChildProcess>(std::move(*child));
    decoder->writer_ = std::thread([raw = decoder.get()] { raw->write_out(); });
    return decoder;
  }
  ~Decoder() {
    finish();
    std::error_code ignored;
    std::filesystem::remove(progress_, ignored);
    std::filesystem::remove(progress_ + ".err", ignored);
  }

  /// On the viewer's loop. Video only: the init of track 1 and its fragments make a playable file.
  void feed(std::string_view message) {
    const auto fragment = parse_fragment(message);
    if (!fragment.ok()) return;
    if (!fragment->init && fragment->track != 1) return;
    if (fragment->init && std::exchange(have_init_, true)) return;
    const std::lock_guard lock(mutex_);
    if (waiting_.size() > kMaxWaiting) {
      overflowed_ = true;
      return;
    }
    waiting_.append(message);
    wake_.notify_one();
  }

  void finish() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      wake_.notify_one();
    }
    if (!writer_.joinable()) return;
    if (!child_->wait(std::chrono::seconds(5))) child_->signal(SIGKILL);
    writer_.join();
  }

  [[nodiscard]] std::uint64_t frames() const {
    std::ifstream file(progress_);
    std::string line;
    std::uint64_t frames = 0;
    while (std::getline(file, line)) {
      if (line.rfind("frame=", 0) == 0) frames = std::stoull(line.substr(6));
    }
    return frames;
  }
  [[nodiscard]] std::string complaints() const {
    std::ifstream file(progress_ + ".err");
    std::string line;
    std::getline(file, line);
    return overflowed_ ? "the decoder could not keep up" : line;
  }

 private:
  static constexpr std::size_t kMaxWaiting = 64U << 20;

  void write_out() {
    std::string chunk;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return done_ || !waiting_.empty(); });
        chunk = std::exchange(waiting_, {});
        if (chunk.empty()) break;
      }
      for (std::size_t at = 0; at < chunk.size();) {
        const auto n = ::write(child_->stdin_fd(), chunk.data() + at, chunk.size() - at);
        if (n < 0 && errno != EINTR) return;
        if (n > 0) at += static_cast<std::size_t>(n);
      }
    }
    child_->close_stdin();
  }

  std::string progress_;
  std::unique_ptr<ChildProcess> child_;
  std::thread writer_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;
  bool have_init_ = false;
  bool done_ = false;
  std::atomic<bool> overflowed_{false};
};

/// Event loops with their viewers.
class Audience {
 public:
  Audience(int loops) {
    for (int i = 0; i < std::max(loops, 1); ++i) {
      auto loop = std::make_unique<Loop>();
      loop->thread = std::thread([raw = loop.get()] { raw->context.run(); });
      loops_.push_back(std::move(loop));
    }
  }
  ~Audience() { stop(); }

  void add(const Endpoint& endpoint, const std::string& id,
           std::function<void(std::string_view)> tap) {
    auto& loop = *loops_[added_++ % loops_.size()];
    loop.viewers.push_back(watch(loop.context, endpoint, id, loop.totals, std::move(tap)));
  }

  /// The sum over all loops, taken on each of them.
  ViewerTotals totals() {
    ViewerTotals sum;
    for (auto& loop : loops_) {
      std::promise<void> done;
      const auto merge = [&] {
        const auto& one = loop->totals;
        sum.delay.merge(one.delay);
        sum.bytes += one.bytes;
        sum.messages += one.messages;
        sum.skipped += one.skipped;
        sum.gaps += one.gaps;
        sum.corrupt += one.corrupt;
        sum.closed += one.closed;
        sum.hellos += one.hellos;
        sum.viewer_count = std::max(sum.viewer_count, one.viewer_count);
        for (const auto& [reason, count] : one.close_reasons) sum.close_reasons[reason] += count;
        done.set_value();
      };
      if (loop->thread.joinable()) {
        asio::post(loop->context, merge);
        done.get_future().wait();
      } else {
        merge();
      }
    }
    return sum;
  }

  void stop() {
    for (auto& loop : loops_) {
      if (!loop->thread.joinable()) continue;
      loop->viewers.clear();
      loop->guard.reset();
      loop->thread.join();
    }
  }

 private:
  struct Loop {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
    ViewerTotals totals;
    std::vector<std::shared_ptr<LiveViewer>> viewers;
    std::thread thread;
  };
  std::vector<std::unique_ptr<Loop>> loops_;
  std::size_t added_ = 0;
};

void judge(const LiveSimOptions& options, const ViewerTotals& totals, Section& section) {
  if (totals.corrupt > 0)
    section.failures.push_back(fmt::format("live: {} malformed messages", totals.corrupt));
  if (totals.gaps > 0)
    section.failures.push_back(fmt::format("live: {} holes that no skip explains", totals.gaps));
  if (totals.hellos < static_cast<std::uint64_t>(options.viewers)) {
    section.failures.push_back(
        fmt::format("live: only {} of {} viewers were let in", totals.hellos, options.viewers));
  }
  for (const auto& [reason, count] : totals.close_reasons) {
    section.failures.push_back(
        fmt::format("live: {} viewers lost their connection ({})", count, reason));
  }
}

void report(const LiveSimOptions& options, const ViewerTotals& totals, double seconds,
            const std::vector<std::unique_ptr<Decoder>>& decoders, Section& section) {
  section.rows.push_back({"viewers", static_cast<double>(options.viewers), ""});
  section.rows.push_back(
      {"received", static_cast<double>(totals.bytes) * 8 / 1e6 / seconds, "Mbit/s"});
  section.rows.push_back({"messages", static_cast<double>(totals.messages) / seconds, "1/s"});
  section.rows.push_back({"skipped chunks", static_cast<double>(totals.skipped), ""});
  std::uint64_t frames = 0;
  for (const auto& decoder : decoders) {
    frames += decoder->frames();
    if (const auto text = decoder->complaints(); !text.empty())
      section.failures.push_back("live: decoder: " + text);
    if (decoder->frames() == 0) section.failures.push_back("live: a viewer could decode nothing");
  }
  if (!decoders.empty()) {
    section.rows.push_back({"decoding viewers", static_cast<double>(decoders.size()), ""});
    section.rows.push_back(
        {"decoded pictures",
         static_cast<double>(frames) / seconds / static_cast<double>(decoders.size()), "1/s each"});
  }
  section.latencies["added delay"] = totals.delay;
  judge(options, totals, section);
}

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

  std::vector<std::unique_ptr<Decoder>> decoders;
  Section section;
  section.title = "live";
  Section::Series rate{"received", "Mbit/s", {}};
  const auto began = Clock::now();
  const auto elapsed = [began] {
    return std::chrono::duration<double>(Clock::now() - began).count();
  };
  const auto total_seconds = static_cast<double>(options.duration.count());
  std::atomic<double> mbit{0};
  const int part = progress.add(
      "live", [&] { return std::min(1.0, elapsed() / total_seconds); },
      [&] { return fmt::format("{} viewers, {:.0f} Mbit/s", options.viewers, mbit.load()); });
  ViewerTotals totals;
  {
    Audience audience(options.viewer_threads);
    for (int i = 0; i < options.viewers; ++i) {
      std::function<void(std::string_view)> tap;
      if (i < options.decoders) {
        auto decoder = Decoder::start();
        if (!decoder.ok()) return decoder.error();
        tap = [raw = decoder->get()](std::string_view message) { raw->feed(message); };
        decoders.push_back(std::move(*decoder));
      }
      audience.add(endpoint, session->id, std::move(tap));
    }
    std::uint64_t last_bytes = 0;
    while (elapsed() < total_seconds && !stop) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      const auto now = audience.totals();
      mbit = static_cast<double>(now.bytes - std::exchange(last_bytes, now.bytes)) * 8 / 1e6;
      rate.points.emplace_back(elapsed(), mbit);
    }
    totals = audience.totals();
    if (!publisher->running()) section.failures.push_back("live: the publisher ended early");
    audience.stop();
  }
  const auto seconds = elapsed();
  publisher->signal(SIGTERM);
  for (auto& decoder : decoders) decoder->finish();
  progress.remove(part);
  report(options, totals, seconds, decoders, section);
  section.series.push_back(std::move(rate));
  return section;
}

}  // namespace troupe::sim
