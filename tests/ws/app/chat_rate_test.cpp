// How fast one connection may speak, without a clock.
#include "ws/app/chat_rate.hpp"

#include <gtest/gtest.h>

namespace ws::app {
namespace {

// How many of `count` messages at `now` are taken.
int taken(ChatRate& rate, int count, std::uint64_t now) {
  int passed = 0;
  for (int index = 0; index < count; ++index) passed += rate.take(now) ? 1 : 0;
  return passed;
}

TEST(ChatRate, the_messages_of_one_second_may_come_at_once) {
  ChatRate rate(50);
  EXPECT_EQ(taken(rate, 60, 1000), 50);
  EXPECT_EQ(rate.refused(), 10U);
}

TEST(ChatRate, an_empty_bucket_fills_steadily_and_never_beyond_one_second) {
  ChatRate rate(50);
  EXPECT_EQ(taken(rate, 50, 0), 50);
  EXPECT_EQ(taken(rate, 5, 19), 0);
  EXPECT_EQ(taken(rate, 5, 20), 1);
  EXPECT_EQ(taken(rate, 5, 60), 2);
  EXPECT_EQ(taken(rate, 100, 3'600'000), 50);
}

TEST(ChatRate, who_keeps_to_the_rate_is_never_refused) {
  for (const std::uint32_t per_second : {1U, 3U, 50U, 1000U}) {
    ChatRate rate(per_second);
    int refused = 0;
    for (std::uint64_t index = 0; index < 5000; ++index) {
      refused += rate.take((index * 1000 + per_second - 1) / per_second) ? 0 : 1;
    }
    EXPECT_EQ(refused, 0) << per_second;
  }
}

TEST(ChatRate, refusals_are_forgiven_once_the_bucket_has_been_full_again_and_not_before) {
  ChatRate rate(10);
  EXPECT_EQ(taken(rate, 1010, 0), 10);
  EXPECT_EQ(rate.refused(), 1000U);
  EXPECT_EQ(taken(rate, 1, 999), 1);
  EXPECT_EQ(rate.refused(), 1000U);
  EXPECT_EQ(taken(rate, 1, 2099), 1);
  EXPECT_EQ(rate.refused(), 0U);
}

TEST(ChatRate, zero_is_no_limit) {
  ChatRate rate(0);
  EXPECT_EQ(taken(rate, 100'000, 0), 100'000);
  EXPECT_EQ(rate.refused(), 0U);
}

TEST(ChatRate, the_largest_rate_and_the_latest_time_do_not_overflow) {
  ChatRate rate(UINT32_MAX);
  EXPECT_EQ(taken(rate, 100'000, UINT64_MAX), 100'000);
  EXPECT_EQ(rate.refused(), 0U);
}

}  // namespace
}  // namespace ws::app
