// The report of a run: what each simulator saw, as a table, as JSON and as one self-contained HTML
// page with plots.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/fwd.hpp>

#include "base/result.hpp"
#include "sim/histogram.hpp"

namespace troupe::sim {

/// What one simulator saw. Names are shown as they are: say the unit ("auctions/s", "added delay
/// (ms)").
struct Section {
  struct Row {
    std::string name;
    double value = 0;
    std::string unit;
  };
  struct Series {
    std::string name;
    std::string unit;
    std::vector<std::pair<double, double>> points;  ///< seconds since the start, value
  };
  std::string title;  ///< "match", "live", "ads", "feed"
  std::vector<Row> rows;
  std::map<std::string, Histogram> latencies;  ///< name → histogram in ms
  std::vector<Series> series;
  std::vector<std::string>
      failures;  ///< What went wrong, each a sentence; the run fails if there are any.
};

struct Report {
  std::string title;
  std::string command;  ///< what was run
  std::string started;  ///< RFC 3339
  double seconds = 0;
  std::vector<Section> sections;

  [[nodiscard]] bool ok() const;
  /// For a terminal.
  [[nodiscard]] std::string table() const;
  [[nodiscard]] boost::json::value json() const;
  /// A page without any outside reference: inline style and SVG.
  [[nodiscard]] std::string html() const;
};

/// Writes report.json and report.html into `directory` (made if missing).
Result<void> write_report(const Report& report, const std::string& directory);

}  // namespace troupe::sim
