#include "sim/report.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace troupe::sim {
namespace {

std::string number(double value) {
  if (std::abs(value) >= 100 || value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.2f}", value);
}

boost::json::object json_of(const Histogram& histogram) {
  return {{"count", histogram.count()},         {"mean_ms", histogram.mean()},
          {"p50_ms", histogram.quantile(0.5)},  {"p90_ms", histogram.quantile(0.9)},
          {"p99_ms", histogram.quantile(0.99)}, {"p999_ms", histogram.quantile(0.999)},
          {"max_ms", histogram.max()}};
}

boost::json::object json_of(const Section& section) {
  boost::json::object rows;
  for (const auto& row : section.rows) rows[row.name] = {{"value", row.value}, {"unit", row.unit}};
  boost::json::object latencies;
  for (const auto& [name, histogram] : section.latencies) latencies[name] = json_of(histogram);
  boost::json::object series;
  for (const auto& one : section.series) {
    boost::json::array points;
    for (const auto& [t, v] : one.points) points.push_back({t, v});
    series[one.name] = {{"unit", one.unit}, {"points", std::move(points)}};
  }
  boost::json::array failures(section.failures.begin(), section.failures.end());
  return {{"title", section.title},
          {"rows", std::move(rows)},
          {"latencies", std::move(latencies)},
          {"series", std::move(series)},
          {"failures", std::move(failures)}};
}

void append_table(std::string& out, const Section& section) {
  out += fmt::format("\n{}\n", section.title);
  for (const auto& row : section.rows) {
    out += fmt::format("  {:<44} {:>14} {}\n", row.name, number(row.value), row.unit);
  }
  if (!section.latencies.empty()) {
    out += fmt::format("  {:<34} {:>9} {:>8} {:>8} {:>8} {:>8}\n", "latency (ms)", "count", "p50",
                       "p99", "p99.9", "max");
  }
  for (const auto& [name, h] : section.latencies) {
    out += fmt::format("  {:<34} {:>9} {:>8.2f} {:>8.2f} {:>8.2f} {:>8.2f}\n", name, h.count(),
                       h.quantile(0.5), h.quantile(0.99), h.quantile(0.999), h.max());
  }
  for (const auto& failure : section.failures) out += fmt::format("  FAILED: {}\n", failure);
}

Result<void> write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  file.close();
  if (!file) return error(ErrorCode::io, "cannot write " + path.string());
  return {};
}

}  // namespace

bool Report::ok() const {
  return std::all_of(sections.begin(), sections.end(),
                     [](const Section& s) { return s.failures.empty(); });
}

std::string Report::table() const {
  std::string out =
      fmt::format("{}  ({:.0f} s, started {})\n{}\n", title, seconds, started, command);
  for (const auto& section : sections) append_table(out, section);
  return out;
}

boost::json::value Report::json() const {
  boost::json::array list;
  for (const auto& section : sections) list.push_back(json_of(section));
  return boost::json::object{{"title", title},     {"command", command},
                             {"started", started}, {"seconds", seconds},
                             {"ok", ok()},         {"sections", std::move(list)}};
}

Result<void> write_report(const Report& report, const std::string& directory) {
  std::error_code ec;
  std::filesystem::create_directories(directory, ec);
  if (ec) return error(ErrorCode::io, directory + ": " + ec.message());
  const std::filesystem::path base(directory);
  if (auto done = write_file(base / "report.json", boost::json::serialize(report.json()) + "\n");
      !done.ok())
    return done;
  return write_file(base / "report.html", report.html());
}

}  // namespace troupe::sim
