// The open loop: message j is due at start + j / rate, whatever the server does. Latency is counted from there and not
// from when the message could at last be sent; a closed loop would wait with the server and not see that it stalled
// (coordinated omission).
#pragma once

#include <cstdint>

namespace ws::app {

class BenchPace {
 public:
  static constexpr std::uint64_t kSecond = 1'000'000'000;

  BenchPace() = default;
  BenchPace(std::uint64_t rate, std::uint64_t start) : rate_(rate), start_(start) {}

  // When message `number` is due, in nanoseconds, rounded up. No error gathers, and nothing overflows in centuries.
  std::uint64_t time_of(std::uint64_t number) const {
    return start_ + number / rate_ * kSecond + (number % rate_ * kSecond + rate_ - 1) / rate_;
  }
  bool due(std::uint64_t now) const { return time_of(next_) <= now; }
  // The number of the one that is due, or will be next.
  std::uint64_t next() const { return next_; }
  std::uint64_t take() { return next_++; }

 private:
  std::uint64_t rate_ = 1;
  std::uint64_t start_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace ws::app
