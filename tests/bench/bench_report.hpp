// What every macro bench shares: the table on standard output and the JSON file.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace troupe::bench {

/// Collects metrics in the order in which they are added.
class BenchReport {
 public:
  explicit BenchReport(std::string name) : name_(std::move(name)) {}

  /// `note`: the unit and, where there is one, the bar or peer ("ms, bar 20").
  void add(const std::string& key, double value, const std::string& note = {});
  /// Prints the table; writes {"bench": NAME, "metrics": {…}} to `json_path` unless it is empty.
  /// Returns the exit code for main: 0, or 1 when the file cannot be written.
  [[nodiscard]] int finish(const std::string& json_path) const;

 private:
  struct Metric {
    std::string key;
    double value;
    std::string note;
  };
  std::string name_;
  std::vector<Metric> metrics_;
};

/// User plus system CPU seconds that process `pid` has used (Linux, /proc/<pid>/stat); 0 when it is
/// gone.
[[nodiscard]] double process_cpu_seconds(int pid);
/// What all processes together have used of all cores.
[[nodiscard]] double machine_cpu_seconds();
/// Resident memory of process `pid` in bytes (/proc/<pid>/status, VmRSS); 0 when it is gone.
[[nodiscard]] double process_rss_bytes(int pid);

}  // namespace troupe::bench
