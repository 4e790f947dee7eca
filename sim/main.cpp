// The `troupe-sim` program.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "sim/ads_sim.hpp"
#include "sim/cheats.hpp"
#include "sim/feed_sim.hpp"
#include "sim/live_sim.hpp"
#include "sim/match_sim.hpp"
#include "sim/match_storm.hpp"
#include "sim/packet_fuzz.hpp"
#include "sim/world.hpp"

namespace troupe::sim {
namespace {

std::atomic<bool> stop_requested{false};

struct Common {
  Endpoint endpoint;
  std::string secret_file = "troupe-data/token.key";
  std::string report_dir = "sim-report";
  int seconds = 60;

  void add_to(CLI::App* command) {
    command->add_option("--host", endpoint.host, "Address of the server");
    command->add_option("--http-port", endpoint.http_port, "Its HTTP port");
    command->add_option("--game-port", endpoint.game_port, "Its game port (UDP)");
    command->add_option("--srt-port", endpoint.srt_port, "Its SRT port (UDP)");
    command
        ->add_option("--secret-file", secret_file,
                     "The server's token.key, to sign the simulated people's tokens")
        ->check(CLI::ExistingFile);
    command->add_option("--report-dir", report_dir, "Where report.json and report.html go");
    command->add_option("--seconds", seconds, "Length of the load")->check(CLI::Range(1, 86'400));
  }
  [[nodiscard]] std::chrono::seconds duration() const { return std::chrono::seconds(seconds); }
};

/// Runs one simulator against a server that is up.
template <class Run>
int run_one(Common& common, const std::string& name, Run run) {
  common.endpoint.token = tokens_from_secret_file(common.secret_file);
  auto report = begin_report("Troupe load: " + name, "troupe-sim " + name);
  const auto began = std::chrono::steady_clock::now();
  {
    Progress progress(::isatty(2) != 0);
    report.sections = run(progress);
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return publish(report, common.report_dir);
}

std::vector<Section> one_section(const std::string& title, Result<Section> section) {
  if (section.ok()) return {std::move(*section)};
  Section failed;
  failed.title = title;
  failed.failures.push_back(section.error().detail);
  return {failed};
}

/// Instead of steady play.
struct Unrest {
  bool storm = false, fuzz_packets = false;
  double churn = 0;
  PacketFuzzOptions packets;
  [[nodiscard]] bool any() const { return storm || fuzz_packets || churn > 0; }
};

std::vector<Section> run_unrest(const Common& common, const MatchSimOptions& match, Unrest unrest,
                                Progress& progress) {
  const auto& at = common.endpoint;
  if (unrest.storm) {
    StormOptions options{match.bots, match.bots_per_match, common.duration()};
    options.seed = match.seed;
    return one_section("match storms", run_match_storm(at, options, progress, stop_requested));
  }
  if (unrest.churn > 0) {
    const ChurnOptions options{match.bots, match.bots_per_match, common.duration(), unrest.churn,
                               match.seed};
    return one_section("match churn", run_match_churn(at, options, progress, stop_requested));
  }
  unrest.packets.duration = common.duration();
  unrest.packets.seed = match.seed;
  return one_section("match packets",
                     run_packet_fuzz(at, unrest.packets, progress, stop_requested));
}

void add_world_options(CLI::App* command, WorldOptions& world) {
  command->add_option("--bots", world.bots, "Bots in matches")->check(CLI::Range(2, 4'000));
  command->add_option("--viewers", world.viewers, "Viewers of the live session")
      ->check(CLI::Range(1, 10'000));
  command->add_option("--campaigns", world.campaigns, "Campaigns")->check(CLI::Range(1, 100'000));
  command->add_option("--auctions", world.auctions_per_s, "Auctions a second")
      ->check(CLI::Range(1.0, 100'000.0));
  command->add_option("--users", world.users, "Users of the feed")->check(CLI::Range(2, 100'000));
}

int run(int argc, char** argv) {
  CLI::App cli("Load for Troupe over real sockets; exits with 1 when a check failed");
  cli.require_subcommand(1);
  Common common;
  int exit_code = 0;

  MatchSimOptions match;
  auto* match_command = cli.add_subcommand("match", "Bots in matches");
  common.add_to(match_command);
  match_command->add_option("--bots", match.bots, "Bots in all")->check(CLI::Range(2, 4'000));
  match_command->add_option("--per-match", match.bots_per_match, "Bots in a match")
      ->check(CLI::Range(2, 64));
  match_command->add_option("--seed", match.seed, "Of the bots and of the network");
  match_command->add_option("--game", match.game, "What they play: arena or ball")
      ->check(CLI::IsMember({"arena", "ball"}));
  std::string impair;
  match_command
      ->add_option("--impair", impair,
                   "A bad network in each direction: latency=100,jitter=20,loss=0.055,"
                   "duplicate=0.1,reorder=0.1,reorder-ms=40,corrupt=0.01,rate=12000 "
                   "(ms, probabilities, bytes a second)")
      ->check([](const std::string& text) {
        const auto parsed = parse_impairment(text);
        return parsed.ok() ? std::string() : parsed.error().detail;
      });
  std::string cheat;
  match_command
      ->add_option("--cheat", cheat,
                   "One match of --bots honest players, and one who cheats: aimbot, wallhack, "
                   "speed, spam, replay or forged; none: nobody does")
      ->check(CLI::IsMember({"none", "aimbot", "wallhack", "speed", "spam", "replay", "forged"}));
  Unrest unrest;
  match_command->add_flag("--storm", unrest.storm,
                          "All bots drop out and come back at once, repeatedly");
  match_command
      ->add_option("--churn", unrest.churn,
                   "So many joins and leaves a second, instead of steady play")
      ->check(CLI::Range(0.1, 1'000.0));
  match_command->add_flag("--fuzz-packets", unrest.fuzz_packets,
                          "Damaged packets in sessions of their own, beside a match");
  match_command
      ->add_option("--corpus", unrest.packets.corpus, "For --fuzz-packets: packets to begin with")
      ->check(CLI::ExistingDirectory);
  match_command->add_option("--keep", unrest.packets.keep,
                            "For --fuzz-packets: where the last ones go when a check failed");
  match_command->callback([&] {
    if (unrest.any()) {
      exit_code = run_one(common, "match",
                          [&](Progress& p) { return run_unrest(common, match, unrest, p); });
      return;
    }
    if (!cheat.empty()) {
      const CheatOptions options{*parse_cheat(cheat), std::min(match.bots, 15), common.duration(),
                                 match.seed};
      exit_code = run_one(common, "cheat", [&](Progress& p) {
        return one_section("cheat", run_cheat(common.endpoint, options, p, stop_requested));
      });
      return;
    }
    if (!impair.empty()) match.impairment = *parse_impairment(impair);
    match.duration = common.duration();
    exit_code = run_one(common, "match", [&](Progress& p) {
      return one_section("match", run_match(common.endpoint, match, p, stop_requested));
    });
  });

  LiveSimOptions live;
  auto* live_command = cli.add_subcommand("live", "A published stream and its viewers");
  common.add_to(live_command);
  live_command->add_option("--viewers", live.viewers, "Viewers")->check(CLI::Range(1, 10'000));
  std::string ingest = "srt";
  live_command->add_option("--ingest", ingest, "How the publisher sends")
      ->check(CLI::IsMember({"srt", "rtmp"}))
      ->capture_default_str();
  live_command->add_option("--decoders", live.decoders, "Of them: those that decode")
      ->check(CLI::Range(0, 16));
  live_command->add_option("--video-kbit", live.video_kbit, "Bitrate of the picture")
      ->check(CLI::Range(100, 50'000))
      ->capture_default_str();
  live_command->add_option("--size", live.size, "Of the picture")->capture_default_str();
  live_command->add_option("--viewer-threads", live.viewer_threads, "Threads with viewers")
      ->check(CLI::Range(1, 64));
  live_command->add_option("--hls", live.hls_viewers, "Beside them: viewers over low-latency HLS")
      ->check(CLI::Range(0, 5'000));
  live_command->add_option("--flv", live.flv_viewers, "Beside them: viewers over HTTP-FLV")
      ->check(CLI::Range(0, 5'000));
  live_command->add_option("--dash", live.dash_viewers, "Beside them: viewers over DASH")
      ->check(CLI::Range(0, 5'000));
  live_command
      ->add_option("--low-dash", live.low_dash_viewers,
                   "Beside them: viewers over DASH with low latency")
      ->check(CLI::Range(0, 5'000));
  live_command
      ->add_option("--publishers", live.publishers,
                   "Sessions, viewers spread over them; more than one: they send over RTMP what "
                   "was encoded before")
      ->check(CLI::Range(1, 200));
  live_command->add_option("--edge-port", live.edge_port,
                           "HTTP port of an edge of that server: all watch there");
  live_command->add_option("--crowd", live.crowd, "More viewers, who come at half of the time")
      ->check(CLI::Range(0, 10'000));
  int crowd_seconds = 10;
  live_command->add_option("--crowd-seconds", crowd_seconds, "Within which the crowd comes")
      ->check(CLI::Range(1, 3'600))
      ->capture_default_str();
  const auto misfits = [&](const char* option, int& count, const char* help) {
    live_command->add_option(option, count, help)->check(CLI::Range(0, 5'000));
  };
  misfits("--stalled", live.misfits.stalled, "Beside them: viewers that stop reading");
  misfits("--slow", live.misfits.slow, "Beside them: viewers that read slowly");
  misfits("--flapping", live.misfits.flapping, "Beside them: viewers that come and go");
  misfits("--hostile", live.misfits.hostile, "Beside them: some that send rubbish");
  live_command->callback([&] {
    live.duration = common.duration();
    live.crowd_within = std::chrono::seconds(crowd_seconds);
    live.ingest = ingest == "rtmp" ? Ingest::rtmp : Ingest::srt;
    exit_code = run_one(common, "live", [&](Progress& p) {
      return one_section("live", run_live(common.endpoint, live, p, stop_requested));
    });
  });

  AdsSimOptions ads;
  auto* ads_command = cli.add_subcommand("ads", "Bid requests against campaigns");
  common.add_to(ads_command);
  ads_command->add_option("--campaigns", ads.campaigns, "Campaigns")->check(CLI::Range(1, 100'000));
  ads_command->add_option("--rate", ads.rate, "Auctions a second; 0: as many as go")
      ->check(CLI::Range(0.0, 1e6));
  ads_command->callback([&] {
    ads.duration = common.duration();
    exit_code = run_one(common, "ads", [&](Progress& p) {
      return one_section("ads", run_ads(common.endpoint, ads, p, stop_requested));
    });
  });

  FeedSimOptions feed;
  auto* feed_command = cli.add_subcommand("feed", "Users that post and read");
  common.add_to(feed_command);
  feed_command->add_option("--users", feed.users, "Users")->check(CLI::Range(2, 100'000));
  feed_command->callback([&] {
    feed.duration = common.duration();
    exit_code = run_one(common, "feed", [&](Progress& p) {
      return one_section("feed", run_feed(common.endpoint, feed, p, stop_requested));
    });
  });

  WorldOptions world;
  auto* world_command = cli.add_subcommand("world", "All of them at once");
  common.add_to(world_command);
  add_world_options(world_command, world);
  world_command->callback([&] {
    world.duration = common.duration();
    exit_code = run_one(common, "world", [&](Progress& p) {
      return run_world(common.endpoint, world, p, stop_requested);
    });
  });

  DemoOptions demo;
  int demo_seconds = 60;
  auto* demo_command =
      cli.add_subcommand("demo", "Start a server on fresh data, run the world, serve on");
  demo_command->add_option("--server", demo.server, "Path of the troupe program")
      ->required()
      ->check(CLI::ExistingFile);
  demo_command->add_option("--web-dir", demo.web_dir, "Directory of the pages");
  demo_command->add_option("--report-dir", demo.report_dir,
                           "Where the report goes; its parent is made anew");
  demo_command->add_option("--seconds", demo_seconds, "Length of the load")
      ->check(CLI::Range(1, 86'400));
  demo_command->add_flag("--once", demo.once, "Exit after the report");
  add_world_options(demo_command, demo.world);
  demo_command->callback([&] {
    demo.world.duration = std::chrono::seconds(demo_seconds);
    Progress progress(::isatty(2) != 0);
    exit_code = run_demo(demo, progress, stop_requested);
  });

  CLI11_PARSE(cli, argc, argv);
  return exit_code;
}

}  // namespace
}  // namespace troupe::sim

int main(int argc, char** argv) {
  // The first Ctrl-C ends the load and still reports; the second ends the program.
  struct sigaction action {};
  action.sa_handler = [](int) { troupe::sim::stop_requested = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return troupe::sim::run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "troupe-sim: {}\n", e.what());
    return 1;
  }
}
