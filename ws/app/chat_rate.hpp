// How fast one connection may speak: a token bucket without a clock, filled `per_second` times a second, with room for
// the messages of one second. Each message takes a token; what finds none is refused.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ws::app {

class ChatRate {
 public:
  // `per_second` 0: no limit. The bucket is full at first.
  explicit ChatRate(std::uint32_t per_second) : per_second_(per_second), fill_(kFull * per_second) {}

  // One message came at `now`, in milliseconds. False: it is refused, and counted.
  bool take(std::uint64_t now) {
    if (per_second_ == 0) return true;
    const std::uint64_t full = kFull * per_second_;
    fill_ = std::min(full, fill_ + std::min(now - since_, kFull) * per_second_);
    since_ = now;
    if (fill_ == full) refused_ = 0;  // it was quiet for a while: what was before is forgiven
    if (fill_ < kToken) {
      ++refused_;
      return false;
    }
    fill_ -= kToken;
    return true;
  }

  // Refused messages since the bucket was full.
  std::uint32_t refused() const { return refused_; }

 private:
  static constexpr std::uint64_t kToken = 1000;  // of the thousand parts of a token each millisecond brings per_second
  static constexpr std::uint64_t kFull = 1000;   // milliseconds in which an empty bucket is full

  std::uint32_t per_second_;
  std::uint32_t refused_ = 0;
  std::uint64_t fill_;
  std::uint64_t since_ = 0;
};

}  // namespace ws::app
