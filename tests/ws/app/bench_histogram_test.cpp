// The histogram against the truth: the same values, sorted. No quantile may be too small, nor more than a thousandth
// too large.
#include "ws/app/bench_histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace ws::app {
namespace {

constexpr double kShares[] = {0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0};

std::uint64_t truth(std::vector<std::uint64_t> sorted, double share) {
  const auto wanted = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size()) - 1e-6));
  return sorted[std::max<std::size_t>(wanted, 1) - 1];
}

void expect_true_quantiles(std::vector<std::uint64_t> values) {
  Histogram histogram;
  double sum = 0;
  for (const std::uint64_t value : values) {
    histogram.record(value);
    sum += static_cast<double>(value);
  }
  std::sort(values.begin(), values.end());
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_EQ(histogram.max(), values.back());
  EXPECT_NEAR(histogram.mean(), sum / static_cast<double>(values.size()), 1e-6 * sum);
  for (const double share : kShares) {
    const std::uint64_t wanted = truth(values, share);
    const std::uint64_t got = histogram.quantile(share);
    EXPECT_GE(got, wanted) << share;
    EXPECT_LE(static_cast<double>(got), static_cast<double>(wanted) * 1.001) << share;
  }
}

TEST(Histogram, of_nothing_says_zero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.quantile(0.5), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.mean(), 0.0);
}

TEST(Histogram, has_the_quantiles_of_the_sorted_values) {
  std::mt19937_64 random(1);
  for (const double spread : {0.1, 1.0, 3.0}) {
    std::lognormal_distribution<double> latency(std::log(50'000.0), spread);
    std::vector<std::uint64_t> values;
    for (int index = 0; index < 20'000; ++index) values.push_back(static_cast<std::uint64_t>(latency(random)));
    expect_true_quantiles(values);
  }
}

TEST(Histogram, has_them_for_one_value_of_every_size) {
  for (unsigned bit = 0; bit < Histogram::kTopBit; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    for (const std::uint64_t value : {power - 1, power, power + 1, power + power / 3}) {
      if (value >> Histogram::kTopBit == 0) expect_true_quantiles({value});
    }
  }
}

TEST(Histogram, is_exact_below_two_thousand) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t value = 0; value < 2048; ++value) values.push_back(value);
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  for (const double share : kShares) EXPECT_EQ(histogram.quantile(share), truth(values, share)) << share;
}

TEST(Histogram, takes_what_is_beyond_its_range_and_keeps_the_exact_maximum) {
  Histogram histogram;
  histogram.record(5);
  histogram.record(UINT64_MAX / 4);
  EXPECT_EQ(histogram.max(), UINT64_MAX / 4);
  EXPECT_EQ(histogram.quantile(0.5), 5U);
  EXPECT_GE(histogram.quantile(1.0), (std::uint64_t{1} << Histogram::kTopBit) - 1);
}

}  // namespace
}  // namespace ws::app
