// Live fan-out: how many viewers a core serves, beside a bare socket writer of the same bytes.
//
// Three processes: this one holds the viewers; a child serves (HTTP, WebSocket, actors, storage;
// the publisher replays an encoded clip, one chunk per picture); another child is the bare writer.
// Only the children's CPU time counts.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/child_process.hpp"
#include "sim/live_viewer.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/bench/scrape.hpp"
#include "tests/support/live_server.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  int viewers = 500;
  int seconds = 20;
  double minutes = 0;
  int video_kbit = 2'000;
  std::string json;
  bool serve = false, raw = false;
};

test::Clip bench_clip(const Options& options) {
  return test::make_clip({.seconds = 2, .video_kbit = options.video_kbit, .size = "1280x720"});
}

/// Child: the server. Prints "port session" once it is on air, then runs until it is killed.
int serve(const Options& options) {
  const auto clip = bench_clip(options);
  test::LiveServer server(2);
  const auto session = test::make_session(server.endpoint());
  auto publisher = server.gateway().publish(session.id, session.key);
  if (!publisher.ok()) return 1;
  std::printf("%u %s\n", server.endpoint().http_port, session.id.c_str());
  std::fflush(stdout);
  const std::atomic<bool> never{false};
  test::replay(clip, **publisher, never);
  return 0;
}

int listen_anywhere(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(fd, 1024) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    throw std::runtime_error("listen");
  }
  port = ntohs(at.sin_port);
  return fd;
}

/// Child: the limit. Writes each chunk to all sockets when it is due, with nothing in between.
int write_raw(const Options& options) {
  const auto clip = bench_clip(options);
  std::uint16_t port = 0;
  const int listener = listen_anywhere(port);
  std::printf("%u raw\n", port);
  std::fflush(stdout);
  std::vector<int> sockets;
  while (static_cast<int>(sockets.size()) < options.viewers) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockets.push_back(fd);
  }
  const auto began = Clock::now();
  for (std::uint64_t index = 0;; ++index) {
    std::this_thread::sleep_until(began +
                                  std::chrono::microseconds(test::clip_due_us(clip, index)));
    const auto chunk = test::clip_chunk(clip, index);
    for (const int fd : sockets) {
      static_cast<void>(::send(fd, chunk->bytes->data(), chunk->bytes->size(), MSG_NOSIGNAL));
    }
  }
}

struct Child {
  sim::ChildProcess process;
  std::uint16_t port = 0;
  std::string session;
};

Child start_child(const Options& options, const char* mode, const std::string& out) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  auto process =
      sim::ChildProcess::start({self, mode, "--viewers", std::to_string(options.viewers),
                                "--video-kbit", std::to_string(options.video_kbit)},
                               {.stdout_path = out, .stderr_path = "-", .pipe_stdin = false});
  if (!process.ok()) throw std::runtime_error(process.error().detail);
  Child child{std::move(*process)};
  for (int i = 0; i < 600; ++i) {
    std::ifstream file(out);
    if (file >> child.port >> child.session) return child;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  throw std::runtime_error(std::string("no answer from ") + mode);
}

struct Measured {
  double gbit_per_s = 0;
  double cores = 0;
  double fanout_p99_ms = 0;  ///< as the server measured it
  sim::ViewerTotals totals;
};

/// A loop of viewers on its own thread.
class Viewers {
 public:
  Viewers(const Options& options, const Child& child) {
    totals_.measuring = false;
    sim::Endpoint endpoint;
    endpoint.http_port = child.port;
    thread_ = std::thread([this] { loop_.run(); });
    for (int i = 0; i < options.viewers; ++i) {
      viewers_.push_back(sim::watch(loop_, endpoint, child.session, totals_));
    }
  }
  ~Viewers() {
    viewers_.clear();
    guard_.reset();
    thread_.join();
  }
  /// Runs `task(totals)` on the loop.
  template <class F>
  auto on_loop(F task) {
    std::promise<decltype(task(totals_))> done;
    boost::asio::post(loop_, [&] { done.set_value(task(totals_)); });
    return done.get_future().get();
  }

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
      loop_.get_executor()};
  sim::ViewerTotals totals_;
  std::vector<std::shared_ptr<sim::LiveViewer>> viewers_;
  std::thread thread_;
};

Measured measure_server(const Options& options, const std::string& out) {
  auto child = start_child(options, "--serve", out);
  Viewers viewers(options, child);
  const auto everybody = static_cast<std::uint64_t>(options.viewers);
  const auto until = Clock::now() + std::chrono::seconds(30);
  while (viewers.on_loop([](auto& totals) { return totals.hellos; }) < everybody &&
         Clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::this_thread::sleep_for(std::chrono::seconds(4));  // past the backlog that newcomers get
  const auto seconds = options.minutes > 0 ? options.minutes * 60 : options.seconds;
  const auto bytes = viewers.on_loop([](auto& totals) {
    totals.measuring = true;
    return totals.bytes;
  });
  sim::Endpoint endpoint;
  endpoint.http_port = child.port;
  const auto before = scrape(endpoint);
  const double cpu = process_cpu_seconds(child.process.pid());
  const auto began = Clock::now();
  const auto elapsed = [began] {
    return std::chrono::duration<double>(Clock::now() - began).count();
  };
  for (int report = 0; elapsed() < seconds; ++report) {
    std::this_thread::sleep_for(std::chrono::milliseconds(options.minutes > 0 ? 10'000 : 500));
    if (options.minutes > 0) {
      std::printf("%7.0f s  resident %7.1f MB\n", elapsed(),
                  process_rss_bytes(child.process.pid()) / 1e6);
      std::fflush(stdout);
    }
  }
  Measured measured;
  measured.totals = viewers.on_loop([](auto& totals) { return totals; });
  const double took = elapsed();
  measured.cores = (process_cpu_seconds(child.process.pid()) - cpu) / took;
  measured.gbit_per_s = static_cast<double>(measured.totals.bytes - bytes) * 8 / 1e9 / took;
  measured.fanout_p99_ms =
      quantile_ms(before, scrape(endpoint), "troupe_live_fanout_delay_seconds", 0.99);
  child.process.signal(SIGKILL);
  return measured;
}

/// Reads from all sockets and throws it away; returns the bytes of `seconds`.
std::uint64_t drain(const std::vector<int>& sockets, double seconds) {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : sockets) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  }
  std::vector<char> buffer(256 << 10);
  std::array<epoll_event, 256> events{};
  std::uint64_t bytes = 0;
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < until) {
    const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < ready; ++i) {
      const auto n =
          ::read(events[static_cast<std::size_t>(i)].data.fd, buffer.data(), buffer.size());
      if (n > 0) bytes += static_cast<std::uint64_t>(n);
    }
  }
  ::close(poll);
  return bytes;
}

Measured measure_raw(const Options& options, const std::string& out) {
  auto child = start_child(options, "--raw", out);
  std::vector<int> sockets;
  for (int i = 0; i < options.viewers; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(child.port);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("connect");
    sockets.push_back(fd);
  }
  drain(sockets, 1);
  const double seconds = std::min(options.seconds, 8);
  const double cpu = process_cpu_seconds(child.process.pid());
  const auto bytes = drain(sockets, seconds);
  Measured measured;
  measured.cores = (process_cpu_seconds(child.process.pid()) - cpu) / seconds;
  measured.gbit_per_s = static_cast<double>(bytes) * 8 / 1e9 / seconds;
  child.process.signal(SIGKILL);
  for (const int fd : sockets) ::close(fd);
  return measured;
}

int run(const Options& options) {
  test::TempDir dir;
  const auto ours = measure_server(options, dir / "serve");
  const auto raw = measure_raw(options, dir / "raw");
  const double gbit_per_core = ours.gbit_per_s / std::max(ours.cores, 0.001);
  const double raw_per_core = raw.gbit_per_s / std::max(raw.cores, 0.001);
  BenchReport report("live");
  report.add("viewers", options.viewers,
             fmt::format("of a {} kbit/s stream, a chunk per picture", options.video_kbit));
  report.add("gbit_per_s", ours.gbit_per_s, "received by all");
  report.add("server_cores", ours.cores);
  report.add("viewers_per_core", options.viewers / std::max(ours.cores, 0.001));
  report.add("gbit_per_core", gbit_per_core);
  report.add("raw_gbit_per_core", raw_per_core, "bare non-blocking writer of the same bytes");
  report.add("ratio", gbit_per_core / raw_per_core, "to the bare writer");
  report.add("fanout_delay_p99_ms", ours.fanout_p99_ms,
             "chunk complete to the last viewer written, bar 10 at 1,000");
  report.add("added_delay_p50_ms", ours.totals.delay.quantile(0.5), "chunk complete to received");
  report.add("added_delay_p99_ms", ours.totals.delay.quantile(0.99), "bar 10");
  report.add("added_delay_max_ms", ours.totals.delay.max());
  report.add("skipped", static_cast<double>(ours.totals.skipped), "bar 0");
  report.add("gaps", static_cast<double>(ours.totals.gaps + ours.totals.corrupt),
             "holes and malformed messages, bar 0");
  report.add("disconnected", static_cast<double>(ours.totals.closed), "bar 0");
  return report.finish(options.json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  using namespace troupe::bench;
  Options options;
  CLI::App cli("Live fan-out to many viewers over WebSocket");
  bool quick = false;
  cli.add_flag("--quick", quick, "Ends within 40 s");
  cli.add_option("--json", options.json, "Write the metrics here");
  cli.add_option("--viewers", options.viewers)->check(CLI::Range(1, 20'000))->capture_default_str();
  cli.add_option("--seconds", options.seconds, "Measured time")
      ->check(CLI::Range(1, 3'600))
      ->capture_default_str();
  cli.add_option("--minutes", options.minutes, "Instead: minutes, with memory over time");
  cli.add_option("--video-kbit", options.video_kbit)
      ->check(CLI::Range(100, 50'000))
      ->capture_default_str();
  cli.add_flag("--serve", options.serve)->group("");
  cli.add_flag("--raw", options.raw)->group("");
  CLI11_PARSE(cli, argc, argv);
  if (quick) options.seconds = std::min(options.seconds, 10);
  // Two descriptors for each viewer would not fit into the usual 1,024.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  try {
    if (options.serve) return serve(options);
    if (options.raw) return write_raw(options);
    return run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_live: %s\n", e.what());
    return 1;
  }
}
