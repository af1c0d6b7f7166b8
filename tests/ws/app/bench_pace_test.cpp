// The pace of an open loop, by counts: so many are due at each time, no more and no fewer, however seldom it is asked.
#include "ws/app/bench_pace.hpp"

#include <gtest/gtest.h>

namespace ws::app {
namespace {

constexpr std::uint64_t kSecond = BenchPace::kSecond;
constexpr std::uint64_t kStart = 123'456'789;

std::uint64_t take_due(BenchPace& pace, std::uint64_t now) {
  std::uint64_t count = 0;
  for (; pace.due(now); pace.take()) ++count;
  return count;
}

TEST(BenchPace, has_the_first_due_at_once_and_then_the_rate_each_second) {
  for (const std::uint64_t rate : {1ULL, 3ULL, 7ULL, 1000ULL, 44'100ULL, 999'983ULL}) {
    BenchPace pace(rate, kStart);
    EXPECT_EQ(take_due(pace, kStart), 1U);
    EXPECT_EQ(take_due(pace, kStart + kSecond - 1), rate - 1) << rate;
    EXPECT_EQ(take_due(pace, kStart + 3 * kSecond - 1), 2 * rate) << rate;
  }
}

TEST(BenchPace, makes_up_for_a_stall_and_no_more) {
  BenchPace pace(1000, kStart);
  EXPECT_EQ(take_due(pace, kStart + kSecond / 2), 501U);
  EXPECT_EQ(take_due(pace, kStart + kSecond / 2), 0U);
}

TEST(BenchPace, says_when_each_was_due_without_gathering_error) {
  const BenchPace pace(3, 0);
  EXPECT_EQ(pace.time_of(0), 0U);
  EXPECT_EQ(pace.time_of(1), 333'333'334U);
  EXPECT_EQ(pace.time_of(3), kSecond);
  EXPECT_EQ(pace.time_of(3'000'000'000), 1'000'000'000 * kSecond);
}

}  // namespace
}  // namespace ws::app
