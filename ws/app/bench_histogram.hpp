// How long things took, from 1 ns to hours, in bounded memory and with three significant digits: a counter for each
// of 1,024 steps of every power of two, so that a step is at most a thousandth of its value. Recording is a shift and
// an increment.
//
//   value      0 .. 2047        2048 .. 4095      4096 .. 8191      ...
//   step            1                 2                 4
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ws::app {

class Histogram {
 public:
  static constexpr unsigned kStepBits = 10;
  static constexpr std::uint64_t kSteps = 1U << kStepBits;
  // 2^43 ns are two hours and a half; what takes longer counts as that, and max() is exact all the same.
  static constexpr unsigned kTopBit = 43;

  Histogram() : counters_(kSteps * (kTopBit - kStepBits + 1)) {}

  void record(std::uint64_t value) {
    ++counters_[position(value)];
    ++count_;
    sum_ += value;
    largest_ = std::max(largest_, value);
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return largest_; }
  double mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }
  // The smallest value that this share of all values does not exceed (0.99: p99), up to a thousandth too large, never
  // too small. 0 if there is none.
  std::uint64_t quantile(double share) const;

 private:
  static std::size_t position(std::uint64_t value) {
    value = std::min(value, (std::uint64_t{1} << kTopBit) - 1);
    const unsigned shift = value < 2 * kSteps ? 0 : static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
    return static_cast<std::size_t>(shift * kSteps + (value >> shift));
  }

  std::vector<std::uint64_t> counters_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t largest_ = 0;
};

}  // namespace ws::app
