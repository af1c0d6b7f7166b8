// How long to wait before the next try, so that a thousand clients of a server that restarts do not come back all at
// once: the longest wait doubles with each failure, and a random part of it is waited (full jitter).
#pragma once

#include <cstdint>

#include "reactor/loop.hpp"

namespace ws::app {

class Backoff {
 public:
  static constexpr reactor::Milliseconds kFirst{500};
  static constexpr reactor::Milliseconds kLongest{30'000};

  // `random` is any number, each as likely as every other.
  reactor::Milliseconds next(std::uint64_t random);
  // A connection that lasted: the next failure is a first one.
  void reset() { failures_ = 0; }
  unsigned failures() const { return failures_; }

 private:
  unsigned failures_ = 0;
};

}  // namespace ws::app
