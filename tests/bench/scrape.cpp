#include "tests/bench/scrape.hpp"

#include <cstdlib>
#include <sstream>

#include "sim/http_client.hpp"

namespace troupe::bench {

Series scrape(const sim::Endpoint& endpoint) {
  sim::HttpClient http(endpoint.host, endpoint.http_port);
  Series out;
  const auto reply = http.get("/metrics");
  if (!reply.ok()) return out;
  std::istringstream lines(reply->body);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.rfind(' ');
    if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
    out[line.substr(0, space)] = std::strtod(line.c_str() + space + 1, nullptr);
  }
  return out;
}

double value(const Series& in, const std::string& key) {
  const auto it = in.find(key);
  return it == in.end() ? 0 : it->second;
}

double quantile_ms(const Series& before, const Series& after, const std::string& name, double q) {
  const auto prefix = name + "_bucket{le=\"";
  std::map<double, double> buckets;
  for (auto it = after.lower_bound(prefix); it != after.end() && it->first.starts_with(prefix);
       ++it) {
    const auto edge = it->first.substr(prefix.size(), it->first.size() - prefix.size() - 2);
    buckets[edge == "+Inf" ? 1e9 : std::stod(edge)] = it->second - value(before, it->first);
  }
  const double wanted = q * (value(after, name + "_count") - value(before, name + "_count"));
  double low = 0, below = 0;
  for (const auto& [edge, count] : buckets) {
    if (count >= wanted && count > below)
      return (low + (edge - low) * (wanted - below) / (count - below)) * 1'000;
    low = edge;
    below = count;
  }
  return 0;
}

}  // namespace troupe::bench
