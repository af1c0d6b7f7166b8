// A state machine without a clock: time and chance are arguments.
#include "ws/app/backoff.hpp"

#include <algorithm>

namespace ws::app {

reactor::Milliseconds Backoff::next(std::uint64_t random) {
  constexpr unsigned kDoublings = 6;  // 500 ms, 1 s ... 16 s, 30 s
  const auto longest = std::min(kFirst * (1U << std::min(failures_, kDoublings)), kLongest);
  ++failures_;
  return reactor::Milliseconds(1 + random % static_cast<std::uint64_t>(longest.count()));
}

}  // namespace ws::app
