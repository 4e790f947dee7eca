// bench_micro: Google Benchmark over the hot pure functions, with the flags that all benches share.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>

#include "tests/bench/bench_report.hpp"

namespace {

/// Prints as Google Benchmark does and keeps the nanoseconds of each for the report.
class KeepingReporter : public benchmark::ConsoleReporter {
 public:
  KeepingReporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const auto& run : runs) {
      if (!run.error_occurred && run.run_type == Run::RT_Iteration)
        kept.emplace_back(run.benchmark_name(), run.GetAdjustedCPUTime());
    }
  }
  std::vector<std::pair<std::string, double>> kept;
};

/// "snapshot/encode_delta/10" → "snapshot_encode_delta_10_ns".
std::string metric_key(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == ':'; }, '_');
  return name + "_ns";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Microbenchmarks of the hot pure functions");
  bool quick = false;
  std::string json, filter = ".";
  app.add_flag("--quick", quick, "a tenth of a second for each");
  app.add_option("--json", json, "write the metrics to this file");
  app.add_option("--filter", filter, "only those whose name this regular expression finds");
  CLI11_PARSE(app, argc, argv);

  const std::string min_time = quick ? "--benchmark_min_time=0.1" : "--benchmark_min_time=1";
  const std::string filter_flag = "--benchmark_filter=" + filter;
  std::vector<std::string> words{argv[0], min_time, filter_flag};
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());

  KeepingReporter reporter;
  if (benchmark::RunSpecifiedBenchmarks(&reporter) == 0) {
    std::fprintf(stderr, "no benchmark is named '%s'\n", filter.c_str());
    return 1;
  }
  troupe::bench::BenchReport report("micro");
  for (const auto& [name, nanoseconds] : reporter.kept)
    report.add(metric_key(name), nanoseconds, "ns of CPU a call");
  return report.finish(json);
}
