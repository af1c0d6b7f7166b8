// The report: three digits, units, columns under each other, and JSON whose names stay.
#include "ws/app/bench_report.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace ws::app {
namespace {

BenchOptions options(BenchMode mode) {
  BenchOptions options;
  options.mode = mode;
  options.url_text = "ws://localhost:8080/echo";
  options.pid = 42;
  return options;
}

BenchResult result() {
  BenchResult result;
  result.wanted = result.opened = 1000;
  result.seconds = 2;
  result.figures.count = 200'000;
  result.figures.sent = 200;
  for (std::uint64_t value = 1; value <= 1000; ++value) result.figures.latency.record(value * 1000);
  result.figures.last.record(5'000'000);
  result.own_cpu = 1'000'000'000;
  result.server_cpu = 1'600'000'000;
  result.memory = 9'000'000;
  result.memory_each = 269.6;
  return result;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(BenchReport, writes_numbers_for_people) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(format_nanoseconds(373), "373 ns");
  EXPECT_EQ(format_nanoseconds(6714), "6.71 us");
  EXPECT_EQ(format_nanoseconds(12'345'678), "12.3 ms");
  EXPECT_EQ(format_nanoseconds(999'999), "1.00 ms");
  EXPECT_EQ(format_nanoseconds(5e9), "5.00 s");
  EXPECT_EQ(format_bytes(269.6), "270 B");
  EXPECT_EQ(format_bytes(1'016'000), "1.02 MB");
}

TEST(BenchReport, says_all_in_a_table_with_units) {
  const std::string table = bench_table(options(BenchMode::kEcho), result());
  for (const char* part :
       {"echo of 20 B binary on 1,000 connections, 1 in flight, for 2.00 s\n", "ws://localhost:8080/echo\n",
        "100,000 /s", "2.00 MB/s", "200,000 in all", "p50 500 us", "p99 990 us", "max 1.00 ms", "80.0% of a core",
        "8.00 us of CPU each", "5.00 us of CPU each", "9.00 MB", "270 B each connection"}) {
    EXPECT_TRUE(contains(table, part)) << part << " in\n" << table;
  }
  EXPECT_FALSE(contains(table, "ERROR"));
  EXPECT_TRUE(contains(bench_table(options(BenchMode::kBroadcast), result()), "until the last  p50 5.00 ms"));
  EXPECT_TRUE(contains(bench_table(options(BenchMode::kIdle), result()), "connections     1,000"));
  EXPECT_TRUE(contains(bench_table(options(BenchMode::kHandshake), result()), "until open      p50"));
}

TEST(BenchReport, begins_each_row_at_one_column_and_ends_it_without_spaces) {
  std::istringstream lines(bench_table(options(BenchMode::kBroadcast), result()));
  std::string line;
  for (int skipped = 0; skipped < 3; ++skipped) std::getline(lines, line);
  while (std::getline(lines, line)) {
    ASSERT_GT(line.size(), 16U);
    EXPECT_EQ(line[15], ' ') << line;
    EXPECT_NE(line[16], ' ') << line;
    EXPECT_NE(line.back(), ' ') << line;
  }
}

TEST(BenchReport, names_errors_with_the_first_of_each_kind) {
  BenchResult bad = result();
  bad.errors.add(BenchError::kConnect, "refused\x1b[31m", 3);
  bad.errors.add(BenchError::kConnect, "another");
  const std::string table = bench_table(options(BenchMode::kEcho), bad);
  EXPECT_TRUE(contains(table, "ERROR           connect_failed: 4, first: refused\\x1b[31m")) << table;
  const std::string json = bench_json(options(BenchMode::kEcho), bad);
  EXPECT_TRUE(contains(json, R"("errors":{"connect_failed":{"count":4,"first":"refused\\x1b[31m"}},"ok":false)"))
      << json;
}

TEST(BenchReport, says_of_a_paced_run_that_latency_is_since_due_and_nothing_of_our_own_cpu) {
  BenchOptions paced = options(BenchMode::kEcho);
  paced.rate = 5000;
  paced.depth = kUnlimitedDepth;
  const std::string table = bench_table(paced, result());
  EXPECT_TRUE(contains(table, "since due       p50")) << table;
  EXPECT_TRUE(contains(table, ", 5,000 a second, for")) << table;
  EXPECT_FALSE(contains(table, "in flight")) << table;
}

TEST(BenchReport, survives_a_run_without_a_message) {
  for (const BenchMode mode : {BenchMode::kEcho, BenchMode::kBroadcast, BenchMode::kIdle, BenchMode::kHandshake}) {
    EXPECT_FALSE(contains(bench_table(options(mode), {}), "nan"));
    EXPECT_FALSE(contains(bench_json(options(mode), {}), "nan"));
  }
}

}  // namespace
}  // namespace ws::app
