// Metrics: named counters, gauges and histograms of one process, exposed as Prometheus text.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

namespace troupe {

using Labels = std::map<std::string, std::string>;

/// Owns all series of the process. Look a series up once, keep the reference (it lives as long as
/// this), and update it from any thread. Names follow Prometheus:
/// `troupe_<room>_<what>_<unit>[_total]`. Label values must come from a bounded set, never from
/// client input.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  prometheus::Counter& counter(const std::string& name, const std::string& help,
                               const Labels& labels = {});
  prometheus::Gauge& gauge(const std::string& name, const std::string& help,
                           const Labels& labels = {});
  /// `bounds` are the upper edges of the buckets, ascending, in the unit that the name says.
  prometheus::Histogram& histogram(const std::string& name, const std::string& help,
                                   const std::vector<double>& bounds, const Labels& labels = {});

  /// The text exposition format 0.0.4 of all series.
  [[nodiscard]] std::string expose() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Seconds, from 100 µs to 10 s: the buckets for latencies.
[[nodiscard]] const std::vector<double>& latency_buckets();

}  // namespace troupe
