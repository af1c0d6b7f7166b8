// Reading the histogram: walk the counters from below until the wanted share has been seen. Three significant digits.
#include "ws/app/bench_histogram.hpp"

#include <cmath>

namespace ws::app {

std::uint64_t Histogram::quantile(double share) const {
  if (count_ == 0) return 0;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_) - 1e-6)));
  std::uint64_t seen = 0;
  for (std::size_t index = 0; index < counters_.size(); ++index) {
    seen += counters_[index];
    if (seen < wanted) continue;
    const std::uint64_t shift = index < 2 * kSteps ? 0 : index / kSteps - 1;
    const std::uint64_t last_of_step = ((index - shift * kSteps + 1) << shift) - 1;
    return std::min(last_of_step, largest_);
  }
  return largest_;
}

}  // namespace ws::app
