// schedstat counts in nanoseconds, but not on every kernel; stat always counts, in ticks of 10 ms.
#include "ws/app/bench_process.hpp"

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace ws::app {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
// By so much less than the ticks say: then a thread came and went that was never seen.
constexpr std::uint64_t kTicksDiffer = 30'000'000;

std::optional<std::uint64_t> first_number(const std::filesystem::path& file) {
  std::ifstream input(file);
  std::uint64_t number = 0;
  if (!(input >> number)) return std::nullopt;
  return number;
}

// A line `Name:   1234 kB`.
std::optional<std::uint64_t> kilobytes(const std::filesystem::path& file, std::string_view name) {
  std::ifstream input(file);
  std::string line;
  while (std::getline(input, line)) {
    if (!line.starts_with(name)) continue;
    std::uint64_t number = 0;
    std::istringstream rest(line.substr(name.size()));
    if (rest >> number) return number * 1024;
  }
  return std::nullopt;
}

}  // namespace

std::optional<BenchProcess::Cpu> BenchProcess::cpu() const {
  if (!there_) return std::nullopt;
  std::ifstream input(folder_ + "/stat");
  std::string line;
  if (!std::getline(input, line)) return std::nullopt;
  // The name, in parentheses, may contain anything; behind it come state and ten numbers, then utime and stime.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int field = 0; field < 11; ++field) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  Cpu cpu;
  cpu.process = (user + system) * (kSecond / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
  std::error_code ended;
  for (std::filesystem::directory_iterator task(folder_ + "/task", ended), end; !ended && task != end;
       task.increment(ended)) {
    if (const auto time = first_number(task->path() / "schedstat")) cpu.threads[task->path().filename()] = *time;
  }
  return cpu;
}

std::uint64_t BenchProcess::between(const Cpu& before, const Cpu& after) {
  std::uint64_t sum = 0;
  bool exact = !after.threads.empty();
  for (const auto& [name, time] : after.threads) {
    const auto earlier = before.threads.find(name);
    sum += time - (earlier == before.threads.end() ? 0 : earlier->second);
  }
  for (const auto& [name, time] : before.threads) exact = exact && after.threads.contains(name);
  const std::uint64_t ticks = after.process - before.process;
  return exact && ticks < sum + kTicksDiffer ? sum : ticks;
}

std::optional<std::uint64_t> BenchProcess::memory() const {
  if (!there_) return std::nullopt;
  const auto exact = kilobytes(folder_ + "/smaps_rollup", "Rss:");
  return exact ? exact : kilobytes(folder_ + "/status", "VmRSS:");
}

std::uint64_t own_cpu() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace ws::app
