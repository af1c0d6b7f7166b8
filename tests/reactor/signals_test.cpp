// Signals as events: they arrive between two callbacks, and the old mask comes back. The signals are sent to this
// thread alone, and are such as do nothing by themselves when a test goes wrong.
#include "reactor/signals.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>
#include <vector>

#include "tests/reactor/turns.hpp"

namespace reactor::tests {
namespace {

bool is_blocked(int number) {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, number) == 1;
}
void send(int number) { ASSERT_EQ(::pthread_kill(::pthread_self(), number), 0); }

TEST(Signals, each_one_that_comes_is_told_in_a_turn_of_the_loop) {
  Loop loop;
  std::vector<int> came;
  const Signals signals(loop, {SIGURG, SIGWINCH}, [&](int number) { came.push_back(number); });
  send(SIGURG);
  EXPECT_TRUE(came.empty());
  ASSERT_TRUE(turn_until(loop, [&] { return came == std::vector<int>{SIGURG}; }));
  send(SIGWINCH);
  ASSERT_TRUE(turn_until(loop, [&] { return came == (std::vector<int>{SIGURG, SIGWINCH}); }));
}

TEST(Signals, several_that_come_before_the_turn_are_all_told) {
  Loop loop;
  int came = 0;
  const Signals signals(loop, {SIGURG, SIGWINCH}, [&](int) { ++came; });
  send(SIGURG);
  send(SIGWINCH);
  EXPECT_TRUE(turn_until(loop, [&] { return came == 2; }));
}

TEST(Signals, the_mask_that_was_there_before_comes_back) {
  Loop loop;
  ASSERT_FALSE(is_blocked(SIGURG));
  {
    const Signals signals(loop, {SIGURG}, [](int) {});
    EXPECT_TRUE(is_blocked(SIGURG));
  }
  EXPECT_FALSE(is_blocked(SIGURG));
}

TEST(Signals, a_handler_may_end_the_loop) {
  Loop loop;
  const Signals signals(loop, {SIGURG}, [&](int) { loop.shut_down(Milliseconds(0)); });
  send(SIGURG);
  loop.run();
  EXPECT_TRUE(loop.shutting_down());
}

TEST(Signals, after_its_end_nobody_is_told) {
  Loop loop;
  {
    const Signals signals(loop, {SIGURG}, [](int) { ADD_FAILURE(); });
    send(SIGURG);
  }
  turn(loop);
}

}  // namespace
}  // namespace reactor::tests
