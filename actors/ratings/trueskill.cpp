#include "actors/ratings/trueskill.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include <boost/math/special_functions/erf.hpp>

namespace troupe::ratings::trueskill {
namespace {

constexpr double kConverged = 0.000'01;
constexpr int kMaxRounds = 200;
constexpr double kTiny = 1e-12;

double density(double x) noexcept {
  return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
}
double cumulative(double x) noexcept {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

/// A normal distribution by precision and precision-adjusted mean; the default knows nothing.
struct Message {
  double pi = 0, tau = 0;

  static Message of(double mean, double variance) noexcept {
    return {1 / variance, mean / variance};
  }
  [[nodiscard]] double mean() const noexcept { return tau / pi; }
  [[nodiscard]] double variance() const noexcept { return 1 / pi; }
  friend Message operator*(Message a, Message b) noexcept { return {a.pi + b.pi, a.tau + b.tau}; }
  friend Message operator/(Message a, Message b) noexcept { return {a.pi - b.pi, a.tau - b.tau}; }
};

/// How a truncation moves the mean (v) and shrinks the variance (w); section 3 of the paper.
struct Truncation {
  double v, w;
};

Truncation won(double t, double margin) noexcept {
  const double x = t - margin, mass = cumulative(x);
  if (mass < kTiny) return {-x, x < 0 ? 1.0 : 0.0};
  const double v = density(x) / mass;
  return {v, v * (v + x)};
}

Truncation drawn(double t, double margin) noexcept {
  const double size = std::abs(t), upper = margin - size, lower = -margin - size;
  const double mass = cumulative(upper) - cumulative(lower);
  if (mass < kTiny) return {t < 0 ? upper * -1 : upper, 1};
  const double v = (density(lower) - density(upper)) / mass;
  const double w = v * v + (upper * density(upper) - lower * density(lower)) / mass;
  return {t < 0 ? -v : v, w};
}

/// One side with what its neighbours say about its performance.
struct Node {
  const Side* side = nullptr;
  Message prior, from_better, from_worse;
};

/// The difference of two neighbours' performances, and what is known of it.
struct Difference {
  double margin = 0;
  bool draw = false;
};

double change(Message a, Message b) noexcept {
  return std::max(std::abs(a.tau - b.tau), std::sqrt(std::abs(a.pi - b.pi)));
}

/// Passes the outcome of `better` against `worse` to both; returns by how much that changed what
/// they had heard.
double pass(Node& better, Node& worse, const Difference& difference) {
  const auto high = better.prior * better.from_better, low = worse.prior * worse.from_worse;
  const double mean = high.mean() - low.mean(), variance = high.variance() + low.variance();
  const double c = std::sqrt(variance);
  const auto cut = difference.draw ? drawn(mean / c, difference.margin / c)
                                   : won(mean / c, difference.margin / c);
  const auto before = Message::of(mean, variance);
  const auto after = Message::of(mean + c * cut.v, variance * std::max(1 - cut.w, kTiny));
  const auto outcome = after / before;
  Message to_better, to_worse;
  if (outcome.pi > kTiny) {
    to_better = Message::of(low.mean() + outcome.mean(), low.variance() + outcome.variance());
    to_worse = Message::of(high.mean() - outcome.mean(), high.variance() + outcome.variance());
  }
  const double changed =
      std::max(change(better.from_worse, to_better), change(worse.from_better, to_worse));
  better.from_worse = to_better;
  worse.from_better = to_worse;
  return changed;
}

/// From what was heard about the side's performance to each player's skill: through the sum, the
/// performance and the skill.
void tell_players(const Node& node, double tau) {
  const auto heard = node.from_better * node.from_worse;
  if (heard.pi < kTiny) return;
  const double mean = node.prior.mean(), variance = node.prior.variance();
  for (auto& player : node.side->players) {
    const double skill_variance = player.sigma * player.sigma + tau * tau;
    const double others_mean = mean - player.mu;
    const double others_variance = variance - skill_variance;  // its own beta stays in
    const auto posterior =
        Message::of(player.mu, skill_variance) *
        Message::of(heard.mean() - others_mean, heard.variance() + others_variance);
    player = {posterior.mean(), std::sqrt(posterior.variance())};
  }
}

}  // namespace

void update(std::span<const Side> sides, const Parameters& parameters) {
  const auto n = sides.size();
  assert(n >= 2 && n <= kMaxSides);
  std::vector<Node> nodes(n);
  for (std::size_t i = 0; i < n; ++i) nodes[i].side = &sides[i];
  std::ranges::stable_sort(nodes, {}, [](const Node& node) { return node.side->place; });
  for (auto& node : nodes) {
    double mean = 0, variance = 0;
    assert(!node.side->players.empty());
    for (const auto& player : node.side->players) {
      mean += player.mu;
      variance += player.sigma * player.sigma + parameters.tau * parameters.tau + kBeta * kBeta;
    }
    node.prior = Message::of(mean, variance);
  }
  // Section 2: the margin from the probability of a draw between equals.
  const double unit = std::numbers::sqrt2 * boost::math::erf_inv(parameters.draw_probability);
  std::vector<Difference> differences(n - 1);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const auto players = nodes[i].side->players.size() + nodes[i + 1].side->players.size();
    differences[i] = {unit * std::sqrt(static_cast<double>(players)) * kBeta,
                      nodes[i].side->place == nodes[i + 1].side->place};
  }
  double changed = 1;
  for (int round = 0; round < kMaxRounds && changed > kConverged; ++round) {
    changed = 0;
    for (std::size_t i = 0; i + 1 < n; ++i)
      changed = std::max(changed, pass(nodes[i], nodes[i + 1], differences[i]));
    for (std::size_t i = n - 1; i-- > 0;)
      changed = std::max(changed, pass(nodes[i], nodes[i + 1], differences[i]));
  }
  for (const auto& node : nodes) tell_players(node, parameters.tau);
}

}  // namespace troupe::ratings::trueskill
