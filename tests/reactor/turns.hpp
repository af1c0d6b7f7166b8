// Tests never sleep: they turn the loop until what they wait for is true, or a generous time is over.
#pragma once

#include <chrono>
#include <functional>

#include "reactor/loop.hpp"

namespace reactor::tests {

inline constexpr Milliseconds kPatience{20000};

// Turns `loop` until `condition` holds; false if it never did.
inline bool turn_until(Loop& loop, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.run_once(Milliseconds(5));
  }
  return true;
}

// Gives everything that is ready its turn: for tests that say what does not happen.
inline void turn(Loop& loop, int times = 5) {
  for (int count = 0; count < times; ++count) loop.run_once(Milliseconds(0));
}

}  // namespace reactor::tests
