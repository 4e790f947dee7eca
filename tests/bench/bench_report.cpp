#include "tests/bench/bench_report.hpp"

#include <cstdio>
#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <unistd.h>

namespace troupe::bench {

void BenchReport::add(const std::string& key, double value, const std::string& note) {
  metrics_.push_back({key, value, note});
}

int BenchReport::finish(const std::string& json_path) const {
  std::printf("%s\n", name_.c_str());
  boost::json::object metrics;
  for (const auto& metric : metrics_) {
    std::printf("  %-36s %16.3f  %s\n", metric.key.c_str(), metric.value, metric.note.c_str());
    metrics[metric.key] = metric.value;
  }
  if (json_path.empty()) return 0;
  std::ofstream file(json_path, std::ios::trunc);
  file << boost::json::serialize(
              boost::json::object{{"bench", name_}, {"metrics", std::move(metrics)}})
       << "\n";
  file.close();
  if (!file) {
    std::fprintf(stderr, "cannot write %s\n", json_path.c_str());
    return 1;
  }
  return 0;
}

double process_cpu_seconds(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto end_of_name = text.rfind(')');  // the name may hold spaces and parentheses
  if (end_of_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(end_of_name + 2));
  std::string field;
  double ticks = 0;
  for (int i = 3; i <= 15 && fields >> field; ++i) {  // proc(5): utime is field 14, stime 15
    if (i >= 14) ticks += std::stod(field);
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double process_rss_bytes(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6)) * 1024;
  }
  return 0;
}

double machine_cpu_seconds() {
  std::ifstream file("/proc/stat");  // proc(5): all but idle, iowait and steal
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0;
  file >> name >> user >> nice >> system >> idle >> wait >> irq >> softirq;
  return (user + nice + system + irq + softirq) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace troupe::bench
