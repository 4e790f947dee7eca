// Live fan-out beside other servers: the same encoded stream through each, the same viewers, one
// core for the server and one for everything else. docs/benchmarks.md says how and with what
// result.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/child_process.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/bench/peers/bare_writer.hpp"
#include "tests/bench/peers/fan_reader.hpp"
#include "tests/bench/peers/live_servers.hpp"
#include "tests/bench/peers/peer_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::bench {
namespace {

constexpr int kServerCore = 0, kLoaderCore = 1;
constexpr double kMaxSpread = 0.02;  // of bytes among viewers, and beside the smallest audience
constexpr double kLoaderFull = 0.95;
constexpr double kStalledShare = 0.05;
constexpr double kQuiet = 0.1;  // cores of other processes; above it, a row is measured again
constexpr auto kSettle = std::chrono::milliseconds(2'500);

struct Options {
  std::vector<int> viewers{500, 1'500, 3'000};
  std::vector<std::string> servers{"troupe",     "troupe-flv", "node-media-server",
                                   "nginx-rtmp", "bare",       "bare-picture"};
  std::vector<std::string> classes{"frame", "merged"};
  int seconds = 10, tries = 2;
  bool stalled = true, sound = true;
  std::string json, peers_dir;
  int bare_portion = -1;
};

struct Row {
  std::string write_class, server;
  int viewers = 0;
  bool stalled = false;
  double cores = 0, loader_cores = 0, other_cores = 0;
  double gbit_per_s = 0, rss_per_viewer = 0, spread = 0;
  double mbit_per_viewer = 0, delay_p50 = 0, delay_p99 = 0;
  int closed = 0;
  std::string invalid;  ///< why the row proves nothing; empty: valid

  [[nodiscard]] double viewers_per_core() const { return viewers / std::max(cores, 0.001); }
  [[nodiscard]] double gbit_per_core() const { return gbit_per_s / std::max(cores, 0.001); }
};

void run_ffmpeg(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{"ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  auto child = sim::ChildProcess::start(argv, {.stdout_path = {}, .stderr_path = "-"});
  if (!child.ok() || child->wait(std::chrono::seconds(60)) != 0)
    throw std::runtime_error("ffmpeg failed");
}

/// Ten seconds of 720p30 as x264's zerolatency makes it, one slice a picture, a key frame every
/// two seconds, and sound: 2.15 Mbit/s together. Returns the pictures alone.
Markers encode_clip(const std::string& flv, const test::TempDir& dir, bool sound) {
  std::vector<std::string> arguments{"-f",
                                     "lavfi",
                                     "-i",
                                     "testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t",
                                     "-f",
                                     "lavfi",
                                     "-i",
                                     "anoisesrc=sample_rate=44100:amplitude=0.1",
                                     "-t",
                                     "10",
                                     "-c:v",
                                     "libx264",
                                     "-preset",
                                     "superfast",
                                     "-tune",
                                     "zerolatency",
                                     "-x264-params",
                                     "sliced-threads=0:slices=1",
                                     "-g",
                                     "60",
                                     "-keyint_min",
                                     "60",
                                     "-sc_threshold",
                                     "0",
                                     "-pix_fmt",
                                     "yuv420p",
                                     "-b:v",
                                     "2000k",
                                     "-maxrate",
                                     "2000k",
                                     "-bufsize",
                                     "1000k"};
  if (sound) {
    arguments.insert(arguments.end(), {"-c:a", "aac", "-b:a", "128k"});
  } else {
    arguments.emplace_back("-an");
  }
  arguments.push_back(flv);
  run_ffmpeg(arguments);
  const auto annexb = dir / "clip.h264";
  run_ffmpeg({"-i", flv, "-an", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", annexb});
  std::ifstream file(annexb, std::ios::binary);
  return Markers(std::string{std::istreambuf_iterator<char>(file), {}});
}

sim::ChildProcess push(const std::string& clip, const std::string& url) {
  auto child =
      sim::ChildProcess::start({"ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-re",
                                "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", "flv", url},
                               {.stdout_path = {}, .stderr_path = "-"});
  if (!child.ok()) throw std::runtime_error(child.error().detail);
  return std::move(*child);
}

double own_cpu_seconds() {
  return process_cpu_seconds(::getpid());
}

/// One server with growing audiences.
class Course {
 public:
  Course(const Options& options, std::string write_class, std::string server_name)
      : options_(options), class_(std::move(write_class)), name_(std::move(server_name)) {}

  std::vector<Row> run(const Markers& markers, const std::string& clip) {
    std::unique_ptr<LiveServerUnderTest> server;
    {
      const OnCore pinned(kServerCore);
      server = start_live_server(name_, class_ == "frame" ? WriteClass::frame : WriteClass::merged,
                                 options_.peers_dir);
    }
    if (!server) return {};
    FanReader reader(markers);
    const auto relay = reader.relay_publisher(server->publish_port());
    const auto ffmpeg = push(clip, server->publish_url(relay));
    reader.await_pictures(40);
    const double rss = process_rss_bytes(server->pid());
    std::vector<Row> rows;
    int joined = 0, audience = 0;
    try {
      for (const int viewers : options_.viewers) {
        audience = viewers;
        reader.add_viewers(server->target(), viewers - joined);
        joined = viewers;
        rows.push_back(measure(reader, *server, ffmpeg, viewers, 0));
        rows.back().rss_per_viewer = (process_rss_bytes(server->pid()) - rss) / viewers;
        if (!rows.back().invalid.empty()) break;
        if (!options_.stalled) continue;
        const int stalled = static_cast<int>(viewers * kStalledShare);
        reader.stall(stalled);
        rows.push_back(measure(reader, *server, ffmpeg, viewers - stalled, stalled));
        rows.back().rss_per_viewer = (process_rss_bytes(server->pid()) - rss) / viewers;
        reader.drop_stalled();
        joined = viewers - stalled;
      }
    } catch (const std::runtime_error& e) {
      rows.push_back(
          Row{.write_class = class_, .server = name_, .viewers = audience, .invalid = e.what()});
    }
    return rows;
  }

 private:
  /// The quietest of several tries, the first quiet one at once.
  Row measure(FanReader& reader, const LiveServerUnderTest& server, const sim::ChildProcess& ffmpeg,
              int reading, int stalled) {
    auto best = measure_once(reader, server, ffmpeg, reading, stalled);
    for (int i = 1; i < options_.tries && best.other_cores > kQuiet; ++i) {
      auto again = measure_once(reader, server, ffmpeg, reading, stalled);
      if (again.other_cores < best.other_cores) best = std::move(again);
    }
    return best;
  }

  Row measure_once(FanReader& reader, const LiveServerUnderTest& server,
                   const sim::ChildProcess& ffmpeg, int reading, int stalled) {
    reader.run_for(kSettle);
    const double cpu = process_cpu_seconds(server.pid());
    const double loader = own_cpu_seconds() + process_cpu_seconds(ffmpeg.pid());
    const double machine = machine_cpu_seconds();
    const auto began = std::chrono::steady_clock::now();
    const auto window = reader.measure(options_.seconds / 2);
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    Row row{.write_class = class_, .server = name_, .viewers = reading, .stalled = stalled > 0};
    // From before the first key frame on: a little longer than the window, under the same load.
    row.cores = (process_cpu_seconds(server.pid()) - cpu) / wall;
    row.loader_cores = (own_cpu_seconds() + process_cpu_seconds(ffmpeg.pid()) - loader) / wall;
    row.other_cores = (machine_cpu_seconds() - machine) / wall - row.cores - row.loader_cores;
    judge(row, window);
    return row;
  }

  void judge(Row& row, const Window& window) {
    if (window.viewer_bytes.empty()) {
      row.invalid = "nobody is left";
      return;
    }
    double sum = 0;
    for (const auto bytes : window.viewer_bytes) sum += static_cast<double>(bytes);
    const auto [least, most] =
        std::minmax_element(window.viewer_bytes.begin(), window.viewer_bytes.end());
    const double mean = sum / static_cast<double>(window.viewer_bytes.size());
    row.gbit_per_s = sum * 8 / 1e9 / window.seconds;
    row.mbit_per_viewer = mean * 8 / 1e6 / window.seconds;
    row.spread = static_cast<double>(*most - *least) / std::max(mean, 1.0);
    row.delay_p50 = window.delay_ms.quantile(0.5);
    row.delay_p99 = window.delay_ms.quantile(0.99);
    row.closed = window.closed;
    const double per_published = mean / static_cast<double>(window.published_bytes);
    if (expected_ == 0) expected_ = per_published;
    if (row.loader_cores > kLoaderFull) row.invalid = "the loader was full";
    if (static_cast<int>(window.viewer_bytes.size()) < row.viewers)
      row.invalid = fmt::format("{} viewers were lost", window.closed);
    if (row.spread > kMaxSpread)
      row.invalid = fmt::format("viewers got unequal bytes ({:.1f} %)", 100 * row.spread);
    if (std::abs(per_published / expected_ - 1) > kMaxSpread)
      row.invalid =
          fmt::format("viewers got {:.1f} % of the stream", 100 * per_published / expected_);
  }

  const Options& options_;
  const std::string class_, name_;
  double expected_ = 0;  ///< bytes of a viewer for each byte published, with the fewest viewers
};

void print_head() {
  std::printf("%-6s %-17s %7s %8s %6s %6s %6s %8s %9s %8s %8s %7s %7s %6s\n", "class", "server",
              "viewers", "stalled", "cores", "loader", "others", "per core", "Gb/s/core", "Mb/s",
              "KiB each", "p50 ms", "p99 ms", "spread");
}

void print(const Row& row) {
  if (row.cores == 0) {  // it did not come to a measurement
    std::printf("%-6s %-17s %7d INVALID: %s\n", row.write_class.c_str(), row.server.c_str(),
                row.viewers, row.invalid.c_str());
    return;
  }
  std::printf(
      "%-6s %-17s %7d %8s %6.3f %6.3f %6.3f %8.0f %9.2f %8.3f %8.1f %7.2f %7.2f %5.2f%% %s\n",
      row.write_class.c_str(), row.server.c_str(), row.viewers, row.stalled ? "5 %" : "none",
      row.cores, row.loader_cores, row.other_cores, row.viewers_per_core(), row.gbit_per_core(),
      row.mbit_per_viewer, row.rss_per_viewer / 1024, row.delay_p50, row.delay_p99,
      100 * row.spread, row.invalid.empty() ? "" : ("INVALID: " + row.invalid).c_str());
  std::fflush(stdout);
}

std::string scene(const Row& row) {
  return fmt::format("{}.{}{}", row.write_class, row.viewers, row.stalled ? ".stalled" : "");
}

void add(BenchReport& report, const Row& row, const std::vector<Row>& all) {
  const auto key = fmt::format("{}.{}.", scene(row), row.server);
  report.add(key + "valid", row.invalid.empty() ? 1 : 0, row.invalid);
  if (!row.invalid.empty()) return;
  report.add(key + "cores", row.cores);
  report.add(key + "other_cores", row.other_cores, "processes that have no part in this");
  report.add(key + "viewers_per_core", row.viewers_per_core());
  report.add(key + "gbit_per_core", row.gbit_per_core());
  report.add(key + "rss_bytes_per_viewer", row.rss_per_viewer);
  report.add(key + "delay_p50_ms", row.delay_p50);
  report.add(key + "delay_p99_ms", row.delay_p99);
  if (!row.server.starts_with("troupe")) return;
  for (const auto& other : all) {
    if (scene(other) == scene(row) && other.server != row.server && other.invalid.empty())
      report.add(key + "gbit_ratio_to_" + other.server, row.gbit_per_core() / other.gbit_per_core(),
                 "of Gbit/s a core");
  }
}

int run(const Options& options) {
  const OnCore pinned(kLoaderCore);
  const test::TempDir dir;
  const auto clip = dir / "clip.flv";
  const auto markers = encode_clip(clip, dir, options.sound);
  std::printf("%zu pictures, %.3f Mbit/s\n", markers.size(),
              static_cast<double>(std::filesystem::file_size(clip)) * 8 / 10 / 1e6);
  print_head();
  std::vector<Row> rows;
  for (const auto& write_class : options.classes) {
    for (const auto& server : options.servers) {
      for (auto& row : Course(options, write_class, server).run(markers, clip)) {
        print(row);
        rows.push_back(std::move(row));
      }
    }
  }
  BenchReport report("live-peers");
  for (const auto& row : rows) add(report, row, rows);
  return report.finish(options.json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  using namespace troupe::bench;
  Options options;
  options.peers_dir = "tests/bench/peers";
  CLI::App cli("Live fan-out beside node-media-server, nginx-rtmp and a bare socket writer");
  bool quick = false, no_stalled = false, silent = false;
  cli.add_flag("--quick", quick, "500 viewers, 4 s each, none stalled: about a minute");
  cli.add_option("--json", options.json, "Write the metrics here");
  cli.add_option("--viewers", options.viewers, "Audiences, growing")
      ->delimiter(',')
      ->check(CLI::Range(20, 9'000))
      ->capture_default_str();
  cli.add_option("--servers", options.servers,
                 "Of troupe,troupe-flv,node-media-server,nginx-rtmp,bare,bare-picture")
      ->delimiter(',')
      ->check(CLI::IsMember(
          {"troupe", "troupe-flv", "node-media-server", "nginx-rtmp", "bare", "bare-picture"}));
  cli.add_option("--classes", options.classes, "Of frame (a write for each), merged (100 ms)")
      ->delimiter(',')
      ->check(CLI::IsMember({"frame", "merged"}));
  cli.add_option("--seconds", options.seconds, "Measured time of each audience, even")
      ->check(CLI::Range(2, 600))
      ->capture_default_str();
  cli.add_option("--tries", options.tries, "Of a row, while others use a tenth of a core or more")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  cli.add_flag("--no-stalled", no_stalled, "Leave out the rounds with 5 % stalled viewers");
  cli.add_flag("--silent", silent, "Pictures only, no sound");
  cli.add_option("--peers-dir", options.peers_dir, "tests/bench/peers")->capture_default_str();
  cli.add_option("--bare", options.bare_portion)->group("");
  CLI11_PARSE(cli, argc, argv);
  if (quick) {
    options.viewers = {500};
    options.seconds = 4;
  }
  options.stalled = !no_stalled && !quick;
  options.sound = !silent;
  // A descriptor for each viewer would not fit into the usual 1,024.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  try {
    if (options.bare_portion >= 0) return write_bare(static_cast<Portion>(options.bare_portion));
    std::sort(options.viewers.begin(), options.viewers.end());
    return run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench live-peers: %s\n", e.what());
    return 1;
  }
}
