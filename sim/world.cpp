#include "sim/world.hpp"

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "sim/ads_sim.hpp"
#include "sim/child_process.hpp"
#include "sim/feed_sim.hpp"
#include "sim/live_sim.hpp"
#include "sim/match_sim.hpp"

namespace troupe::sim {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(20);
constexpr auto kStartTimeout = std::chrono::seconds(30);

Section failed(const std::string& title, const Error& e) {
  Section section;
  section.title = title;
  section.failures.push_back(fmt::format("{}: {}", to_string(e.code), e.detail));
  return section;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Starts `troupe serve` on a fresh directory and fills in where it listens.
Result<ChildProcess> start_server(const DemoOptions& options, const std::filesystem::path& dir,
                                  Endpoint& endpoint) {
  const auto out = dir / "ports.json";
  std::vector<std::string> argv{options.server, "serve",
                                "--data-dir",   (dir / "data").string(),
                                "--set",        "http.web_dir=" + options.web_dir,
                                "--set",        "http.access_log=false"};
  auto child = ChildProcess::start(
      argv, {.stdout_path = out.string(), .stderr_path = (dir / "server.log").string()});
  if (!child.ok()) return child;
  const auto until = std::chrono::steady_clock::now() + kStartTimeout;
  std::string line;
  while ((line = read_file(out)).find('\n') == std::string::npos) {
    if (!child->running() || std::chrono::steady_clock::now() > until) {
      return error(ErrorCode::unavailable,
                   "the server did not start:\n" + read_file(dir / "server.log"));
    }
    std::this_thread::sleep_for(kPoll);
  }
  const auto ports = boost::json::parse(line);
  endpoint.http_port = ports.at("http").to_number<std::uint16_t>();
  endpoint.game_port = ports.at("game").to_number<std::uint16_t>();
  endpoint.srt_port = ports.at("srt").to_number<std::uint16_t>();
  endpoint.token = tokens_from_secret_file((dir / "data" / "token.key").string());
  return child;
}

}  // namespace

std::vector<Section> run_world(const Endpoint& endpoint, const WorldOptions& options,
                               Progress& progress, const std::atomic<bool>& stop) {
  std::mutex mutex;
  std::vector<Section> sections;
  const auto keep = [&](const std::string& title, Result<Section> section) {
    const std::lock_guard lock(mutex);
    sections.push_back(section.ok() ? std::move(*section) : failed(title, section.error()));
  };
  std::thread live([&] {
    keep("live", run_live(endpoint, {.viewers = options.viewers, .duration = options.duration},
                          progress, stop));
  });
  std::thread match([&] {
    keep("match",
         run_match(endpoint, {.bots = options.bots, .duration = options.duration}, progress, stop));
  });
  std::thread ads([&] {
    keep("ads", run_ads(endpoint,
                        {.campaigns = options.campaigns,
                         .rate = options.auctions_per_s,
                         .duration = options.duration},
                        progress, stop));
  });
  FeedSimOptions feed;
  feed.users = options.users;
  feed.duration = options.duration;
  keep("feed", run_feed(endpoint, feed, progress, stop));
  live.join();
  match.join();
  ads.join();
  std::sort(sections.begin(), sections.end(),
            [](const Section& a, const Section& b) { return a.title < b.title; });
  return sections;
}

Report begin_report(std::string title, std::string command) {
  Report report;
  report.title = std::move(title);
  report.command = std::move(command);
  report.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  return report;
}

int publish(const Report& report, const std::string& directory) {
  fmt::print("{}\n", report.table());
  if (auto written = write_report(report, directory); !written.ok()) {
    fmt::print(stderr, "troupe-sim: {}\n", written.error().detail);
    return 1;
  }
  fmt::print("report: {}/report.html, {}/report.json\n", directory, directory);
  std::fflush(stdout);
  return report.ok() ? 0 : 1;
}

int run_demo(const DemoOptions& options, Progress& progress, const std::atomic<bool>& stop) {
  const std::filesystem::path dir = std::filesystem::path(options.report_dir).parent_path();
  std::error_code ec;
  std::filesystem::remove_all(dir, ec);
  std::filesystem::create_directories(dir, ec);
  Endpoint endpoint;
  auto server = start_server(options, dir, endpoint);
  if (!server.ok()) {
    fmt::print(stderr, "troupe-sim: {}\n", server.error().detail);
    return 1;
  }
  const auto address = fmt::format("http://{}:{}/", endpoint.host, endpoint.http_port);
  progress.say(fmt::format("serving {} (log: {}); a minute of life follows", address,
                           (dir / "server.log").string()));
  auto report = begin_report("Troupe demo", "./dev demo");
  const auto began = std::chrono::steady_clock::now();
  report.sections = run_world(endpoint, options.world, progress, stop);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const int code = publish(report, options.report_dir);
  fmt::print("page: {}\n", address);
  std::fflush(stdout);
  if (!options.once) {
    fmt::print("still serving; Ctrl-C ends it\n");
    std::fflush(stdout);
    while (!stop && server->running()) std::this_thread::sleep_for(kPoll);
  }
  server->signal(SIGTERM);
  const auto status = server->wait(std::chrono::seconds(40));
  if (status.value_or(-1) != 0)
    fmt::print(stderr, "troupe-sim: the server ended with {}\n", status.value_or(-1));
  return status == 0 ? code : 1;
}

}  // namespace troupe::sim
