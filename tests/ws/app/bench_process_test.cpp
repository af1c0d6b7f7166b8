// What is read in /proc: this very process, which is sure to be there, and files written for the occasion.
#include "ws/app/bench_process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace ws::app {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

// Keeps a processor busy for so long, as this process's own clock counts.
void burn(std::uint64_t nanoseconds) {
  const std::uint64_t until = own_cpu() + nanoseconds;
  while (own_cpu() < until) {
  }
}

TEST(BenchProcess, counts_the_cpu_time_of_a_process) {
  const BenchProcess self(::getpid());
  const auto before = self.cpu();
  burn(100 * kMillisecond);
  const auto after = self.cpu();
  ASSERT_TRUE(before && after);
  const std::uint64_t spent = BenchProcess::between(*before, *after);
  EXPECT_GE(spent, 70 * kMillisecond);
  EXPECT_LE(spent, 2000 * kMillisecond);
}

TEST(BenchProcess, counts_a_thread_that_came_and_went) {
  const BenchProcess self(::getpid());
  const auto before = self.cpu();
  std::thread([] { burn(100 * kMillisecond); }).join();
  const auto after = self.cpu();
  ASSERT_TRUE(before && after);
  EXPECT_GE(BenchProcess::between(*before, *after), 70 * kMillisecond);
}

TEST(BenchProcess, tells_the_memory_of_a_process) {
  const auto memory = BenchProcess(::getpid()).memory();
  ASSERT_TRUE(memory);
  EXPECT_GT(*memory, 1U << 20);
  EXPECT_LT(*memory, std::uint64_t{1} << 40);
}

TEST(BenchProcess, says_nothing_of_nobody) {
  EXPECT_FALSE(BenchProcess(0).cpu());
  EXPECT_FALSE(BenchProcess(0).memory());
  EXPECT_FALSE(BenchProcess(::getpid(), "/proc/self/nowhere").cpu());
}

TEST(BenchProcess, reads_a_name_with_parentheses_and_ticks_where_there_is_nothing_better) {
  const auto folder = std::filesystem::path(testing::TempDir()) / ("bench_process_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder / "7");
  std::ofstream(folder / "7/stat") << "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0\n";
  std::ofstream(folder / "7/status") << "Name:\ta\nVmRSS:\t    1234 kB\n";
  const BenchProcess process(7, folder.string());
  const auto cpu = process.cpu();
  const auto memory = process.memory();
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(cpu && memory);
  EXPECT_EQ(cpu->process, 300 * (1'000'000'000U / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK))));
  EXPECT_TRUE(cpu->threads.empty());
  EXPECT_EQ(*memory, 1234U * 1024);
}

TEST(BenchProcess, adds_up_threads_and_takes_ticks_when_one_is_gone) {
  const BenchProcess::Cpu before = {.threads = {{"1", 10}, {"2", 20}}, .process = 100};
  EXPECT_EQ(BenchProcess::between(before, {.threads = {{"1", 15}, {"2", 21}, {"3", 4}}, .process = 1000}), 10U);
  EXPECT_EQ(BenchProcess::between(before, {.threads = {{"1", 15}}, .process = 1000}), 900U);
  EXPECT_EQ(BenchProcess::between({}, {.threads = {}, .process = 1000}), 1000U);
}

}  // namespace
}  // namespace ws::app
