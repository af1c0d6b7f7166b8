// The waits grow, are spread over their whole length, and start anew after a success.
#include "ws/app/backoff.hpp"

#include <gtest/gtest.h>

namespace ws::app {
namespace {

using reactor::Milliseconds;

TEST(Backoff, doubles_the_longest_wait_up_to_half_a_minute) {
  Backoff backoff;
  for (const int longest : {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000})
    EXPECT_EQ(backoff.next(static_cast<std::uint64_t>(longest) - 1), Milliseconds(longest));
  EXPECT_EQ(backoff.failures(), 9U);
  for (int each = 0; each < 1000; ++each) EXPECT_LE(backoff.next(UINT64_MAX), Backoff::kLongest);
}

TEST(Backoff, waits_any_part_of_it_but_never_nothing) {
  EXPECT_EQ(Backoff().next(0), Milliseconds(1));
  EXPECT_EQ(Backoff().next(249), Milliseconds(250));
  EXPECT_EQ(Backoff().next(500), Milliseconds(1));
}

TEST(Backoff, starts_anew_after_a_success) {
  Backoff backoff;
  for (int each = 0; each < 5; ++each) static_cast<void>(backoff.next(0));
  backoff.reset();
  EXPECT_EQ(backoff.next(499), Milliseconds(500));
  EXPECT_EQ(backoff.failures(), 1U);
}

}  // namespace
}  // namespace ws::app
