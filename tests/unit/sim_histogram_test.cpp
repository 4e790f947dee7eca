#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "sim/histogram.hpp"

namespace troupe::sim {
namespace {

TEST(Histogram, QuantilesAreWithinOneSixtyFourthOfTheSortedValues) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::lognormal_distribution<double> distribution(1.0, 2.0);
    std::vector<double> values;
    Histogram histogram;
    for (int i = 0; i < 5'000; ++i) {
      const double ms = std::min(1e6, distribution(random));
      values.push_back(ms);
      histogram.record(ms);
    }
    std::sort(values.begin(), values.end());

    for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = static_cast<std::size_t>(std::ceil(q * 5'000)) - 1;
      const double exact = values[rank];
      EXPECT_NEAR(histogram.quantile(q), exact, exact / 64 + 0.001) << q;
    }
  }
}

TEST(Histogram, MergingEqualsRecordingIntoOne) {
  Histogram a, b, both;
  for (int i = 1; i < 1'000; ++i) {
    (i % 3 == 0 ? a : b).record(i * 0.37);
    both.record(i * 0.37);
  }

  a.merge(b);

  EXPECT_EQ(a.count(), both.count());
  EXPECT_DOUBLE_EQ(a.mean(), both.mean());
  EXPECT_DOUBLE_EQ(a.max(), both.max());
  for (const double q : {0.1, 0.5, 0.99}) EXPECT_DOUBLE_EQ(a.quantile(q), both.quantile(q));
}

TEST(Histogram, ClampsWhatIsOutOfRange) {
  Histogram histogram;

  histogram.record(-5);
  histogram.record(1e12);

  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_NEAR(histogram.quantile(1), 4.2e6, 4.2e6 / 64);
}

TEST(Histogram, EmptyHasNoQuantiles) {
  const Histogram histogram;

  EXPECT_EQ(histogram.quantile(0.99), 0);
  EXPECT_TRUE(histogram.curve().empty());
}

}  // namespace
}  // namespace troupe::sim
