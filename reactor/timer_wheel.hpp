// Deadlines without a heap: a hierarchical timing wheel. Seven levels of 64 slots; a slot of level 0 is one
// tick wide, one of level 1 is 64 ticks wide, and so on. A timer waits in the slot of the highest digit (base 64)
// in which its due tick differs from now; when time enters that slot the timer moves down a level, at most six times.
//
//   level 1   [  0][ 64][128][192] ...      due 130, now 3: digit 1 differs, slot 2 (ticks 128 to 191)
//   level 0   [0][1][2][3] ...  [63]        at tick 128 it moves here, to slot 2, and fires at 130
//
// Arming and disarming are O(1) and allocate nothing: the timer itself is the list node. The wheel knows no
// clock; ticks are arguments, so its tests need no waiting. reactor::Loop drives it with one timerfd.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace reactor {

struct TimerLink {
  TimerLink* next = nullptr;
  TimerLink* previous = nullptr;
};

// What can wait in the wheel: a member of, or a base of, whatever has a deadline. Destroying it takes it off.
class Timer : private TimerLink {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const { return next != nullptr; }
  void disarm();

 protected:
  ~Timer() { disarm(); }

 private:
  friend class TimerWheel;
  // Called once, when due, after the timer has been taken off: it may be armed again from inside.
  virtual void on_timer() = 0;

  std::uint64_t due_ = 0;
};

class TimerWheel {
 public:
  TimerWheel();
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires `timer` when advance() reaches tick `due`; an armed timer is moved. A due tick that is not in the
  // future fires at the next tick.
  void arm(Timer& timer, std::uint64_t due);
  // Moves time forward and fires, in order of their ticks, all timers due up to and including `now`.
  void advance(std::uint64_t now);
  // The tick at which advance() next has something to do (a timer to fire, or a slot to move down).
  std::optional<std::uint64_t> next_due();
  std::uint64_t now() const { return now_; }
  // True once after something was armed or time moved on: only then can next_due() have another answer.
  bool take_changed();

 private:
  static constexpr unsigned kDigitBits = 6;
  static constexpr std::size_t kSlots = 1U << kDigitBits;
  static constexpr std::size_t kLevels = 7;
  static constexpr std::uint64_t kEndOfTime =
      (std::uint64_t{1} << (kLevels * kDigitBits)) - 1;  // 139 years of milliseconds

  struct Position {
    std::size_t level = 0;
    std::size_t slot = 0;
    std::uint64_t start = 0;
  };
  std::optional<Position> next_slot();
  void insert(Timer& timer);
  void fire(TimerLink& list);

  std::uint64_t now_ = 0;
  bool changed_ = false;
  std::array<std::uint64_t, kLevels> occupied_{};  // a bit for each slot that may hold timers
  std::array<std::array<TimerLink, kSlots>, kLevels> slots_;
};

}  // namespace reactor
