// Timers for users: again and again on a fixed grid, or once; and what their functions may do to them.
#include "reactor/ticker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "tests/reactor/turns.hpp"

namespace reactor::tests {
namespace {

using Clock = std::chrono::steady_clock;

void be_busy_for(Milliseconds time) {
  const auto end = Clock::now() + time;
  while (Clock::now() < end) {
  }
}

TEST(Ticker, it_calls_every_period_and_never_early) {
  Loop loop;
  Ticker ticker;
  int calls = 0;
  const auto start = Clock::now();
  ticker.start(loop, Milliseconds(5), [&] {
    ++calls;
    EXPECT_GE(Clock::now() - start, Milliseconds(5) * calls);
  });
  EXPECT_TRUE(ticker.running());
  EXPECT_TRUE(turn_until(loop, [&] { return calls == 5; }));
  EXPECT_TRUE(ticker.running());
}

// Calls come at start + 10, + 20, + 30: one that is late does not move the others, and one that was missed is not
// made up for.
TEST(Ticker, a_late_call_does_not_delay_the_others_and_missed_calls_are_skipped) {
  Loop loop;
  Ticker ticker;
  std::vector<std::uint64_t> calls;
  std::uint64_t start = 0;
  loop.post([&] {
    start = loop.now();  // stands still in this turn
    ticker.start(loop, Milliseconds(10), [&] {
      calls.push_back(loop.now() - start);
      if (calls.size() == 1) be_busy_for(Milliseconds(34));
    });
  });
  ASSERT_TRUE(turn_until(loop, [&] { return calls.size() == 4; }));
  EXPECT_GE(calls[1], calls[0] + 34);
  for (std::size_t index = 2; index < calls.size(); ++index) {
    EXPECT_GT(calls[index] / 10, calls[index - 1] / 10) << "two calls in one period";
  }
}

TEST(Ticker, it_stops_and_starts_anew) {
  Loop loop;
  Ticker ticker;
  int first = 0;
  int second = 0;
  ticker.start(loop, Milliseconds(1), [&] { ++first; });
  ASSERT_TRUE(turn_until(loop, [&] { return first == 2; }));
  ticker.stop();
  EXPECT_FALSE(ticker.running());
  ticker.start(loop, Milliseconds(2), [&] { ++second; });
  ASSERT_TRUE(turn_until(loop, [&] { return second == 2; }));
  EXPECT_EQ(first, 2);
}

TEST(Ticker, its_own_function_may_stop_it) {
  Loop loop;
  Ticker ticker;
  Deadline later;
  int calls = 0;
  ticker.start(loop, Milliseconds(1), [&] {
    ++calls;
    ticker.stop();
    later.start(loop, Milliseconds(10), [&] { loop.stop(); });
  });
  loop.run();
  EXPECT_EQ(calls, 1);
}

TEST(Ticker, its_own_function_may_give_it_another_function) {
  Loop loop;
  Ticker ticker;
  int first = 0;
  int second = 0;
  ticker.start(loop, Milliseconds(1), [&] {
    ++first;
    ticker.start(loop, Milliseconds(1), [&] { ++second; });
  });
  ASSERT_TRUE(turn_until(loop, [&] { return second == 3; }));
  EXPECT_EQ(first, 1);
}

TEST(Ticker, no_period_is_a_millisecond) {
  for (const int period : {0, -5}) {
    Loop loop;
    Ticker ticker;
    int calls = 0;
    const auto start = Clock::now();
    ticker.start(loop, Milliseconds(period), [&] { ++calls; });
    ASSERT_TRUE(turn_until(loop, [&] { return calls == 5; }));
    EXPECT_GE(Clock::now() - start, Milliseconds(5));
  }
}

TEST(Ticker, one_that_is_destroyed_calls_nobody) {
  Loop loop;
  Deadline later;
  {
    Ticker ticker;
    Deadline deadline;
    ticker.start(loop, Milliseconds(1), [&] { ADD_FAILURE(); });
    deadline.start(loop, Milliseconds(1), [&] { ADD_FAILURE(); });
  }
  later.start(loop, Milliseconds(10), [&] { loop.stop(); });
  loop.run();
}

TEST(Ticker, it_may_outlive_its_loop) {
  Ticker ticker;
  {
    Loop loop;
    ticker.start(loop, Milliseconds(1), [] {});
  }
  EXPECT_FALSE(ticker.running());
}

TEST(Deadline, it_calls_once) {
  Loop loop;
  Deadline deadline;
  int calls = 0;
  deadline.start(loop, Milliseconds(2), [&] { ++calls; });
  EXPECT_TRUE(deadline.running());
  ASSERT_TRUE(turn_until(loop, [&] { return calls == 1; }));
  EXPECT_FALSE(deadline.running());
  turn(loop);
  EXPECT_EQ(calls, 1);
}

TEST(Deadline, its_own_function_may_start_it_again) {
  Loop loop;
  Deadline deadline;
  int calls = 0;
  std::function<void()> function = [&] {
    if (++calls < 3) deadline.start(loop, Milliseconds(1), function);
  };
  deadline.start(loop, Milliseconds(1), function);
  ASSERT_TRUE(turn_until(loop, [&] { return calls == 3; }));
  EXPECT_FALSE(deadline.running());
}

TEST(Deadline, its_own_function_may_destroy_it) {
  Loop loop;
  auto deadline = std::make_unique<Deadline>();
  deadline->start(loop, Milliseconds(1), [&] { deadline.reset(); });
  EXPECT_TRUE(turn_until(loop, [&] { return deadline == nullptr; }));
}

TEST(Deadline, starting_it_again_replaces_the_first_start) {
  Loop loop;
  Deadline deadline;
  bool done = false;
  deadline.start(loop, Milliseconds(1), [&] { ADD_FAILURE(); });
  deadline.start(loop, Milliseconds(5), [&] { done = true; });
  EXPECT_TRUE(turn_until(loop, [&] { return done; }));
}

}  // namespace
}  // namespace reactor::tests
