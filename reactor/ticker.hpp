// Timers for users: a Ticker calls a function again and again, a Deadline calls one once. Both are members of
// whatever they serve, and end with it: a periodic sender is a Ticker inside a session.
#pragma once

#include <functional>

#include "reactor/loop.hpp"
#include "reactor/timer_wheel.hpp"

namespace reactor {

// Calls every `period` (1 ms at least), on a fixed grid from its start: a late call does not delay those after it, and
// calls that were missed altogether are skipped. It may be stopped or restarted from its own function, not destroyed.
class Ticker final : private Timer {
 public:
  Ticker() = default;
  void start(Loop& loop, Milliseconds period, std::function<void()> function);
  void stop() { disarm(); }
  bool running() const { return armed(); }

 private:
  void on_timer() override;

  Loop* loop_ = nullptr;
  Milliseconds period_{0};
  std::uint64_t next_ = 0;
  std::function<void()> function_;
};

class Deadline final : private Timer {
 public:
  Deadline() = default;
  void start(Loop& loop, Milliseconds delay, std::function<void()> function);
  void stop() { disarm(); }
  bool running() const { return armed(); }

 private:
  void on_timer() override;

  std::function<void()> function_;
};

}  // namespace reactor
