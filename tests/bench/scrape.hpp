// What a server counts, as the benches read it from /metrics.
#pragma once

#include <map>
#include <string>

#include "sim/endpoint.hpp"

namespace troupe::bench {

/// By "name{labels}"; of histograms "name_bucket{le=\"0.005\"}" and the like.
using Series = std::map<std::string, double>;

/// Empty when the server does not answer.
[[nodiscard]] Series scrape(const sim::Endpoint& endpoint);
/// 0 when there is no such series.
[[nodiscard]] double value(const Series& in, const std::string& key);
/// Quantile `q` of what histogram `name`, of seconds and without labels, was given between two
/// scrapes, in ms; between a bucket's edges by proportion.
[[nodiscard]] double quantile_ms(const Series& before, const Series& after, const std::string& name,
                                 double q);

}  // namespace troupe::bench
