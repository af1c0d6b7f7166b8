// Durations and sizes as people write them, and as we write them back.
#include "ws/app/quantities.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace ws::app {
namespace {

using std::chrono::milliseconds;

template <class Value>
struct Row {
  std::string text;
  std::optional<Value> wanted;
};

TEST(Durations, are_a_number_and_a_unit_or_off) {
  for (const auto& [text, wanted] : {
           Row<int>{"1ms", 1},
           Row<int>{"500ms", 500},
           Row<int>{"5s", 5000},
           Row<int>{"2m", 120'000},
           Row<int>{"1h", 3'600'000},
           Row<int>{"007s", 7000},
           Row<int>{"0s", 0},
           Row<int>{"0", 0},
           Row<int>{"off", 0},
           Row<int>{"", std::nullopt},
           Row<int>{"5", std::nullopt},
           Row<int>{"s", std::nullopt},
           Row<int>{"5 s", std::nullopt},
           Row<int>{" 5s", std::nullopt},
           Row<int>{"5s ", std::nullopt},
           Row<int>{"-5s", std::nullopt},
           Row<int>{"+5s", std::nullopt},
           Row<int>{"1.5s", std::nullopt},
           Row<int>{"5S", std::nullopt},
           Row<int>{"5sec", std::nullopt},
           Row<int>{"5us", std::nullopt},
           Row<int>{"OFF", std::nullopt},
           Row<int>{"0x5s", std::nullopt},
           Row<int>{"1h1m", std::nullopt},
       }) {
    const auto got = parse_duration(text);
    ASSERT_EQ(got.has_value(), wanted.has_value()) << "'" << text << "'";
    if (wanted) {
      EXPECT_EQ(got->count(), *wanted) << "'" << text << "'";
    }
  }
}

TEST(Durations, that_overflow_are_none) {
  EXPECT_EQ(parse_duration("9223372036854775807ms"), milliseconds(INT64_MAX));
  EXPECT_EQ(parse_duration("9223372036854775808ms"), std::nullopt);
  EXPECT_EQ(parse_duration("9223372036854775807s"), std::nullopt);
  EXPECT_EQ(parse_duration("99999999999999999999999ms"), std::nullopt);
  EXPECT_EQ(parse_duration("2562047788015h"), milliseconds(2562047788015 * 3'600'000));
  EXPECT_EQ(parse_duration("2562047788016h"), std::nullopt);
}

TEST(Durations, are_written_in_the_largest_unit_that_fits) {
  EXPECT_EQ(format_duration(milliseconds(0)), "off");
  EXPECT_EQ(format_duration(milliseconds(1)), "1ms");
  EXPECT_EQ(format_duration(milliseconds(999)), "999ms");
  EXPECT_EQ(format_duration(milliseconds(1000)), "1s");
  EXPECT_EQ(format_duration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(120'000)), "2m");
  EXPECT_EQ(format_duration(milliseconds(86'400'000)), "24h");
}

TEST(Sizes, are_bytes_or_a_number_and_a_unit) {
  for (const auto& [text, wanted] : {
           Row<std::uint64_t>{"0", 0},
           Row<std::uint64_t>{"512", 512},
           Row<std::uint64_t>{"512B", 512},
           Row<std::uint64_t>{"64KiB", 65536},
           Row<std::uint64_t>{"16MiB", 16U << 20},
           Row<std::uint64_t>{"1GiB", 1U << 30},
           Row<std::uint64_t>{"8589934591GiB", 8589934591ULL << 30},
           Row<std::uint64_t>{"8589934592GiB", std::nullopt},
           Row<std::uint64_t>{"18446744073709551616", std::nullopt},
           Row<std::uint64_t>{"", std::nullopt},
           Row<std::uint64_t>{"KiB", std::nullopt},
           Row<std::uint64_t>{"64KB", std::nullopt},
           Row<std::uint64_t>{"64kib", std::nullopt},
           Row<std::uint64_t>{"64K", std::nullopt},
           Row<std::uint64_t>{"64 KiB", std::nullopt},
           Row<std::uint64_t>{"-1", std::nullopt},
           Row<std::uint64_t>{"1.5MiB", std::nullopt},
           Row<std::uint64_t>{"off", std::nullopt},
       }) {
    EXPECT_EQ(parse_size(text), wanted) << "'" << text << "'";
  }
}

TEST(Sizes, are_written_in_the_largest_unit_that_fits) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000B");
  EXPECT_EQ(format_size(1024), "1KiB");
  EXPECT_EQ(format_size(65537), "65537B");
  EXPECT_EQ(format_size(16U << 20), "16MiB");
  EXPECT_EQ(format_size(3ULL << 30), "3GiB");
}

TEST(Quantities, read_back_as_what_was_written) {
  for (const std::uint64_t number :
       {1ULL, 59ULL, 60ULL, 1000ULL, 60'000ULL, 123'456'789ULL, 1ULL << 40, 3'600'000ULL * 1024}) {
    EXPECT_EQ(parse_size(format_size(number)), number);
    EXPECT_EQ(parse_duration(format_duration(milliseconds(number))), milliseconds(number));
  }
}

}  // namespace
}  // namespace ws::app
