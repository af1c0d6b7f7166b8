// The timing wheel against its slow twin, a sorted list, and what a callback may do to other timers. The wheel knows
// no clock, so nothing here waits.
#include "reactor/timer_wheel.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace reactor {
namespace {

class Probe final : public Timer {
 public:
  Probe() = default;
  explicit Probe(std::function<void()> does) : action(std::move(does)) {}

  std::function<void()> action;
  int fired = 0;

 private:
  void on_timer() override {
    ++fired;
    if (action) action();
  }
};

// ---- One timer

TEST(TimerWheel, a_timer_fires_at_its_tick_and_not_before_on_every_level) {
  for (unsigned bits = 0; bits < 42; ++bits) {
    for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{63}, std::uint64_t{4095}}) {
      TimerWheel wheel;
      wheel.advance(start);
      Probe probe;
      const std::uint64_t due = start + (std::uint64_t{1} << bits);
      if (due >= std::uint64_t{1} << 42) continue;  // past the end of time
      wheel.arm(probe, due);
      wheel.advance(due - 1);
      EXPECT_EQ(probe.fired, 0) << "start " << start << ", due " << due;
      EXPECT_TRUE(probe.armed());
      wheel.advance(due);
      EXPECT_EQ(probe.fired, 1) << "start " << start << ", due " << due;
      EXPECT_FALSE(probe.armed());
    }
  }
}

TEST(TimerWheel, a_tick_that_is_not_in_the_future_fires_at_the_next_one) {
  for (const std::uint64_t due : {std::uint64_t{0}, std::uint64_t{99}, std::uint64_t{100}}) {
    TimerWheel wheel;
    wheel.advance(100);
    Probe probe;
    wheel.arm(probe, due);
    EXPECT_EQ(wheel.next_due(), 101U);
    wheel.advance(100);
    EXPECT_EQ(probe.fired, 0);
    wheel.advance(101);
    EXPECT_EQ(probe.fired, 1);
  }
}

TEST(TimerWheel, past_the_end_of_time_is_the_end_of_time) {
  TimerWheel wheel;
  Probe probe;
  wheel.arm(probe, UINT64_MAX);
  wheel.advance((std::uint64_t{1} << 42) - 2);
  EXPECT_EQ(probe.fired, 0);
  wheel.advance((std::uint64_t{1} << 42) - 1);
  EXPECT_EQ(probe.fired, 1);
}

TEST(TimerWheel, arming_again_moves_a_timer_to_earlier_and_to_later) {
  TimerWheel wheel;
  Probe probe;
  wheel.arm(probe, 5000);
  wheel.arm(probe, 10);
  wheel.advance(10);
  EXPECT_EQ(probe.fired, 1);
  wheel.arm(probe, 20);
  wheel.arm(probe, 6000);
  wheel.advance(5999);
  EXPECT_EQ(probe.fired, 1);
  wheel.advance(6000);
  EXPECT_EQ(probe.fired, 2);
}

TEST(TimerWheel, a_destroyed_timer_is_off_the_wheel) {
  TimerWheel wheel;
  {
    Probe probe;
    wheel.arm(probe, 10);
  }
  EXPECT_EQ(wheel.next_due(), std::nullopt);
  wheel.advance(100);
}

TEST(TimerWheel, a_timer_may_outlive_the_wheel) {
  Probe probe;
  {
    TimerWheel wheel;
    wheel.arm(probe, 10);
  }
  EXPECT_FALSE(probe.armed());
  probe.disarm();
}

TEST(TimerWheel, it_says_once_that_next_due_may_have_changed) {
  TimerWheel wheel;
  EXPECT_FALSE(wheel.take_changed());
  Probe probe;
  wheel.arm(probe, 10);
  EXPECT_TRUE(wheel.take_changed());
  EXPECT_FALSE(wheel.take_changed());
  wheel.advance(10);
  EXPECT_TRUE(wheel.take_changed());
}

// ---- Several

TEST(TimerWheel, timers_fire_in_the_order_of_their_ticks_however_far_time_jumps) {
  TimerWheel wheel;
  std::vector<std::uint64_t> fired;
  std::vector<std::unique_ptr<Probe>> probes;
  std::mt19937_64 random(1);
  for (int count = 0; count < 1000; ++count) {
    const std::uint64_t due = 1 + random() % (std::uint64_t{1} << (1 + random() % 40));
    probes.push_back(std::make_unique<Probe>([&fired, due] { fired.push_back(due); }));
    wheel.arm(*probes.back(), due);
  }
  wheel.advance(std::uint64_t{1} << 41);
  EXPECT_EQ(fired.size(), probes.size());
  EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end()));
}

// What each callback of one tick does to the next one of the same tick.
TEST(TimerWheel, a_callback_may_disarm_move_or_destroy_timers_that_are_due_at_the_same_tick) {
  enum class Deed { kDisarm, kDestroy, kMove };
  for (const Deed deed : {Deed::kDisarm, Deed::kDestroy, Deed::kMove}) {
    for (const std::uint64_t due : {std::uint64_t{5}, std::uint64_t{64}, std::uint64_t{100}, std::uint64_t{4096}}) {
      TimerWheel wheel;
      std::array<std::unique_ptr<Probe>, 3> probes;
      int fired = 0;
      for (std::size_t index = 0; index < probes.size(); ++index) {
        auto& next = probes[(index + 1) % probes.size()];
        probes[index] = std::make_unique<Probe>([&, due] {
          ++fired;
          if (next == nullptr) return;
          if (deed == Deed::kDisarm) next->disarm();
          if (deed == Deed::kDestroy) next.reset();
          if (deed == Deed::kMove) wheel.arm(*next, due + 1000);
        });
      }
      for (const auto& probe : probes) wheel.arm(*probe, due);
      wheel.advance(due);
      // The first one removes the second; the third one does its deed to the first, which is over.
      EXPECT_EQ(fired, 2) << "due " << due;
      wheel.advance(due + 999);
      EXPECT_EQ(fired, 2) << "due " << due;
    }
  }
}

TEST(TimerWheel, a_callback_may_arm_its_own_timer_and_time_still_ends) {
  TimerWheel wheel;
  std::vector<std::uint64_t> ticks;
  Probe probe;
  probe.action = [&] {
    ticks.push_back(wheel.now());
    wheel.arm(probe, wheel.now());  // as soon as possible is the next tick
  };
  wheel.arm(probe, 60);
  wheel.advance(70);
  EXPECT_EQ(ticks, (std::vector<std::uint64_t>{60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70}));
  EXPECT_EQ(wheel.next_due(), 71U);
}

TEST(TimerWheel, a_callback_may_destroy_its_own_timer) {
  TimerWheel wheel;
  auto probe = std::make_unique<Probe>();
  probe->action = [&] { probe.reset(); };
  wheel.arm(*probe, 64);
  wheel.advance(64);
  EXPECT_EQ(probe, nullptr);
}

TEST(TimerWheel, a_timer_armed_in_a_callback_for_a_tick_that_is_already_being_advanced_to_fires_too) {
  TimerWheel wheel;
  Probe second;
  std::uint64_t fired_at = 0;
  second.action = [&] { fired_at = wheel.now(); };
  Probe first([&] { wheel.arm(second, 4100); });
  wheel.arm(first, 10);
  wheel.advance(10000);
  EXPECT_EQ(fired_at, 4100U);
}

// ---- The slow twin

// A sorted list of what is due. Random operations on both must fire the same timers at the same ticks.
class Twin {
 public:
  static constexpr std::size_t kTimers = 200;

  Twin() {
    for (std::size_t index = 0; index < kTimers; ++index) {
      probes_[index].action = [this, index] { on_fired(index); };
    }
  }

  void step(std::mt19937_64& random) {
    const std::size_t index = random() % kTimers;
    switch (random() % 8) {
      case 0: disarm(index); break;
      case 1: advance(now_ + random() % 3); break;
      case 2: advance(now_ + far(random)); break;
      case 3:
        if (const auto due = wheel_.next_due()) advance(*due);
        break;
      default: arm(index, now_ + far(random)); break;
    }
    check_next_due();
    EXPECT_EQ(probes_[index].armed(), due_of_[index].has_value());
  }

  std::uint64_t fired() const { return fired_; }

 private:
  // Mostly near, sometimes far: every level is used.
  static std::uint64_t far(std::mt19937_64& random) { return random() % (std::uint64_t{2} << (random() % 30)); }

  void arm(std::size_t index, std::uint64_t due) {
    disarm(index);
    wheel_.arm(probes_[index], due);
    due = std::max(due, now_ + 1);
    due_of_[index] = due;
    sorted_.emplace(due, index);
  }

  void disarm(std::size_t index) {
    probes_[index].disarm();
    if (!due_of_[index]) return;
    sorted_.erase({*due_of_[index], index});
    due_of_[index].reset();
  }

  void advance(std::uint64_t now) {
    now_ = now;
    wheel_.advance(now);
    EXPECT_TRUE(sorted_.empty() || sorted_.begin()->first > now)
        << "a timer due at " << sorted_.begin()->first << " was missed";
  }

  void on_fired(std::size_t index) {
    ++fired_;
    ASSERT_TRUE(due_of_[index].has_value());
    EXPECT_EQ(*due_of_[index], wheel_.now()) << "fired at the wrong tick";
    EXPECT_EQ(sorted_.begin()->first, wheel_.now()) << "fired out of order";
    sorted_.erase({*due_of_[index], index});
    due_of_[index].reset();
  }

  void check_next_due() {
    const auto due = wheel_.next_due();
    EXPECT_EQ(due.has_value(), !sorted_.empty());
    if (!due || sorted_.empty()) return;
    EXPECT_GT(*due, now_);
    EXPECT_LE(*due, sorted_.begin()->first) << "later than the true next event";
  }

  TimerWheel wheel_;
  std::array<Probe, kTimers> probes_;
  std::array<std::optional<std::uint64_t>, kTimers> due_of_;
  std::set<std::pair<std::uint64_t, std::size_t>> sorted_;
  std::uint64_t now_ = 0;
  std::uint64_t fired_ = 0;
};

TEST(TimerWheel, it_does_what_a_sorted_list_does_in_100000_random_steps) {
  Twin twin;
  std::mt19937_64 random(20240101);
  for (int step = 0; step < 100000 && !testing::Test::HasFailure(); ++step) twin.step(random);
  EXPECT_GT(twin.fired(), 10000U);
}

// The alarm costs a system call each time next_due changes: a timer may be moved down six times at most.
TEST(TimerWheel, a_lonely_timer_is_touched_once_for_each_level_at_most) {
  TimerWheel wheel;
  Probe probe;
  wheel.arm(probe, (std::uint64_t{1} << 42) - 1);
  int touches = 0;
  while (const auto due = wheel.next_due()) {
    wheel.advance(*due);
    ++touches;
  }
  EXPECT_EQ(probe.fired, 1);
  EXPECT_LE(touches, 7);
}

TEST(TimerWheel, nothing_it_does_allocates_memory) {
  std::array<Probe, 100> probes;
  TimerWheel wheel;
  const std::size_t before = mallinfo2().uordblks;
  for (std::uint64_t round = 0; round < 100; ++round) {
    for (std::size_t index = 0; index < probes.size(); ++index)
      wheel.arm(probes[index], wheel.now() + index * index * 17);
    EXPECT_EQ(mallinfo2().uordblks, before);
    wheel.advance(wheel.now() + 50000);
  }
  EXPECT_EQ(mallinfo2().uordblks, before);
}

}  // namespace
}  // namespace reactor
