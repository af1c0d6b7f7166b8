// A server seen from outside, by what Linux tells in /proc (proc(5)): the CPU time of all its threads and the memory
// that it occupies. CPU time for each message is the figure that survives a noisy machine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace ws::app {

class BenchProcess {
 public:
  // 0: nobody is looked at, and all figures are missing.
  explicit BenchProcess(int pid, const std::string& proc = "/proc")
      : folder_(proc + "/" + std::to_string(pid)), there_(pid != 0) {}

  struct Cpu {
    std::map<std::string, std::uint64_t> threads;  // nanoseconds of each, by its name in task/
    std::uint64_t process = 0;                     // nanoseconds of all, in steps of a clock tick
  };
  std::optional<Cpu> cpu() const;
  // Nanoseconds in between. A thread that ended meanwhile takes its exact figure with it: then the ticks must do.
  static std::uint64_t between(const Cpu& before, const Cpu& after);
  // Bytes that are resident, exactly if we may see it, else as the kernel estimates it.
  std::optional<std::uint64_t> memory() const;

 private:
  std::string folder_;
  bool there_;
};

// CPU time of this process so far, in nanoseconds.
std::uint64_t own_cpu();

}  // namespace ws::app
