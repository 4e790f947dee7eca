// Chat: one room of many members, so many lines a second, from the send of a line to every member
// having it. Two processes: the server (HTTP, WebSocket, actors, storage) and this one, which holds
// all members' sockets on one thread.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/child_process.hpp"
#include "sim/histogram.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/support/live_server.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  int members = 10'000;
  int per_second = 100;
  int seconds = 20;
  std::string json;
  bool serve = false;
};

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
      .count();
}

/// Child: the server. Prints "port session", then runs until it is killed.
int serve() {
  test::LiveServer server(2);
  const auto session = test::make_session(server.endpoint());
  std::printf("%u %s\n", server.endpoint().http_port, session.id.c_str());
  std::fflush(stdout);
  while (true) ::pause();
}

struct Server {
  sim::ChildProcess process;
  std::uint16_t port = 0;
  std::string session;
};

Server start_server(const std::string& out) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  auto child =
      sim::ChildProcess::start({self, "--serve"}, {.stdout_path = out, .stderr_path = "-"});
  if (!child.ok()) throw std::runtime_error(child.error().detail);
  Server server{std::move(*child), 0, {}};
  const auto until = Clock::now() + std::chrono::seconds(30);
  while (Clock::now() < until) {
    std::ifstream file(out);
    std::string line;
    if (std::getline(file, line) && !file.eof()) {
      const auto space = line.find(' ');
      server.port = static_cast<std::uint16_t>(std::stoi(line.substr(0, space)));
      server.session = line.substr(space + 1);
      return server;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("the server did not start");
}

/// A member's socket, upgraded. `token` empty: reads only.
int join(const Server& server, const std::string& token) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(server.port);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("connect");
  const auto request = fmt::format(
      "GET /live/{}/ws{}{} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
      server.session, token.empty() ? "" : "?access_token=", token);
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    throw std::runtime_error("send");
  return fd;
}

/// A client's text frame (RFC 6455, section 5.2), masked with zeros.
std::string client_frame(const std::string& text) {
  std::string out("\x81");
  if (text.size() < 126) {
    out.push_back(static_cast<char>(0x80 | text.size()));
  } else {
    out += {static_cast<char>(0x80 | 126), static_cast<char>(text.size() >> 8),
            static_cast<char>(text.size())};
  }
  return out + std::string(4, '\0') + text;
}

constexpr std::string_view kHello = "\"type\":\"hello\"";
/// Before and after the time of saying in a line's text, and not in any other bytes of a frame: to
/// be found fast, a million times a second.
constexpr std::string_view kMark = "~|", kEnd = "|";
/// Of a line that a read cut in two.
constexpr std::size_t kMaxCarry = 400;

/// Finds what members receive, and when.
class Reader {
 public:
  explicit Reader(std::vector<int> sockets)
      : sockets_(std::move(sockets)), carry_(sockets_.size()) {
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, sockets_[i], &event);
    }
  }
  ~Reader() { ::close(poll_); }

  /// Reads what there is within `ms`.
  void read(int ms) {
    const int ready = ::epoll_wait(poll_, events_.data(), static_cast<int>(events_.size()), ms);
    for (int i = 0; i < ready; ++i) {
      const auto member = events_[static_cast<std::size_t>(i)].data.u64;
      auto& carry = carry_[member];
      std::memcpy(buffer_.data(), carry.data(), carry.size());
      const auto n = ::recv(sockets_[member], buffer_.data() + carry.size(),
                            buffer_.size() - carry.size(), MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN)) {
        ++closed;
        ::epoll_ctl(poll_, EPOLL_CTL_DEL, sockets_[member], nullptr);
      }
      if (n <= 0) continue;
      bytes += static_cast<std::uint64_t>(n);
      scan({buffer_.data(), carry.size() + static_cast<std::size_t>(n)}, carry);
    }
  }

  std::uint64_t received = 0, closed = 0, hellos = 0, bytes = 0;
  sim::Histogram delay;

 private:
  void scan(std::string_view text, std::string& carry) {
    const auto now = now_us();
    std::size_t done = 0;
    while (true) {
      const auto at = text.find(kMark, done);
      if (at == std::string_view::npos) break;
      const auto end = text.find(kEnd, at + kMark.size());
      if (end == std::string_view::npos) {
        carry.assign(text.substr(at).substr(0, kMaxCarry));
        return;
      }
      std::int64_t sent = 0;
      std::from_chars(text.data() + at + kMark.size(), text.data() + end, sent);
      ++received;
      delay.record(static_cast<double>(now - sent) / 1000);
      done = end + kEnd.size();
    }
    carry.clear();
    if (received > 0) return;
    for (auto at = text.find(kHello); at != std::string_view::npos; at = text.find(kHello, at + 1))
      ++hellos;
    carry.assign(text.substr(text.size() - std::min(text.size(), kHello.size() - 1)));
  }

  const int poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<int> sockets_;
  std::vector<std::string> carry_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
  std::array<epoll_event, 512> events_{};
};

int run(const Options& options) {
  const test::TempDir dir;
  auto server = start_server(dir / "out");
  // Each says a line every two seconds: half of what a user may.
  const auto talkers = std::min(options.members, 2 * options.per_second);
  std::vector<int> sockets;
  for (int i = 0; i < options.members; ++i)
    sockets.push_back(join(server, i < talkers ? test::live_token("u" + std::to_string(i)) : ""));
  Reader reader(sockets);
  const auto joined_by = Clock::now() + std::chrono::seconds(60);
  while (reader.hellos < sockets.size() && Clock::now() < joined_by) reader.read(50);
  if (reader.hellos < sockets.size()) throw std::runtime_error("not all could join");
  for (int i = 0; i < 20; ++i) reader.read(50);
  const auto rss = process_rss_bytes(server.process.pid());
  const auto cpu = process_cpu_seconds(server.process.pid());
  const auto began = Clock::now();
  const auto lines =
      static_cast<std::uint64_t>(options.per_second) * static_cast<std::uint64_t>(options.seconds);
  const auto expected = lines * sockets.size();
  std::uint64_t said = 0;
  const auto give_up = began + std::chrono::seconds(options.seconds + 15);
  while (reader.received < expected && Clock::now() < give_up) {
    const auto due = static_cast<std::uint64_t>(
        std::chrono::duration<double>(Clock::now() - began).count() * options.per_second);
    for (; said < std::min(due, lines); ++said) {
      const auto text = fmt::format(R"({{"type":"chat","name":"m","text":"~|{}|"}})", now_us());
      const auto frame = client_frame(text);
      const auto talker = static_cast<std::size_t>(said) % static_cast<std::size_t>(talkers);
      static_cast<void>(::send(sockets[talker], frame.data(), frame.size(), MSG_NOSIGNAL));
    }
    reader.read(2);
  }
  const auto seconds = std::chrono::duration<double>(Clock::now() - began).count();
  BenchReport report("chat");
  report.add("members", options.members, "of one room, each with a WebSocket");
  report.add("lines_per_second", options.per_second);
  report.add("delivered_per_second", static_cast<double>(reader.received) / seconds);
  report.add("delivered_share",
             static_cast<double>(reader.received) / static_cast<double>(expected), "bar 1");
  report.add("delay_p50_ms", reader.delay.quantile(0.5), "said to received");
  report.add("delay_p99_ms", reader.delay.quantile(0.99), "bar 200");
  report.add("delay_max_ms", reader.delay.max());
  report.add("server_cores", (process_cpu_seconds(server.process.pid()) - cpu) / seconds);
  report.add("server_bytes_per_member", rss / options.members, "resident, all of the server");
  report.add("disconnected", static_cast<double>(reader.closed), "bar 0");
  server.process.signal(SIGKILL);
  for (const int fd : sockets) ::close(fd);
  return report.finish(options.json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  using namespace troupe::bench;
  Options options;
  CLI::App cli("Chat in one room of many members over WebSocket");
  bool quick = false;
  cli.add_flag("--quick", quick, "Ends within 40 s");
  cli.add_option("--json", options.json, "Write the metrics here");
  cli.add_option("--members", options.members)->check(CLI::Range(1, 18'000))->capture_default_str();
  cli.add_option("--per-second", options.per_second, "Lines, of all members together")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  cli.add_option("--seconds", options.seconds)->check(CLI::Range(1, 600))->capture_default_str();
  cli.add_flag("--serve", options.serve)->group("");
  CLI11_PARSE(cli, argc, argv);
  if (quick) options.seconds = std::min(options.seconds, 10);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  try {
    return options.serve ? serve() : run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_chat: %s\n", e.what());
    return 1;
  }
}
