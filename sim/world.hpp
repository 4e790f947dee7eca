// Everything at once: what the demo shows.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "sim/endpoint.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"

namespace troupe::sim {

struct WorldOptions {
  std::chrono::seconds duration{60};
  int bots = 200;
  int viewers = 100;
  int campaigns = 1'000;
  double auctions_per_s = 300;
  int users = 1'000;
};

/// Runs matches, a live session, auctions and feeds beside one another, each on threads of its own.
/// One section each; a part that could not start is a section with a failure.
[[nodiscard]] std::vector<Section> run_world(const Endpoint& endpoint, const WorldOptions& options,
                                             Progress& progress, const std::atomic<bool>& stop);

struct DemoOptions {
  std::string server;  ///< path of `troupe`
  std::string web_dir = "web";
  std::string report_dir = ".demo/report";
  WorldOptions world;
  bool once = false;  ///< exit after the report instead of serving on
};

/// Starts a server on a fresh data directory, runs the world, prints the report and keeps serving
/// until `stop`. Returns the exit code.
int run_demo(const DemoOptions& options, Progress& progress, const std::atomic<bool>& stop);

/// Prints the report's table, writes its files; 0 when nothing failed.
int publish(const Report& report, const std::string& directory);
/// A report that begins now.
[[nodiscard]] Report begin_report(std::string title, std::string command);

}  // namespace troupe::sim
