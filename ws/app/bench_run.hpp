// One run of the load generator, from the first connection to the figures:
//
//   connect ─► warm up ─► measure ─► wait for what is in flight ─► close
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reactor/loop.hpp"
#include "reactor/ticker.hpp"
#include "ws/app/bench_errors.hpp"
#include "ws/app/bench_options.hpp"
#include "ws/app/bench_process.hpp"
#include "ws/app/bench_traffic.hpp"

namespace ws::app {

// What came of it.
struct BenchResult {
  std::size_t wanted = 0;  // connections
  std::size_t opened = 0;
  double open_seconds = 0;
  double seconds = 0;  // that were measured
  BenchFigures figures;
  std::uint64_t own_cpu = 0;                // nanoseconds, ours
  std::optional<std::uint64_t> server_cpu;  // nanoseconds, from here on with --pid
  std::optional<std::uint64_t> memory;      // bytes, at the end of the measured time
  std::optional<double> memory_each;        // for each connection
  BenchErrors errors;
  std::uint64_t unexpected = 0;
  BenchPlan::Wire wire;
  std::size_t frame_size = 0;  // of each message that we send, with its header
};

class BenchRun {
 public:
  explicit BenchRun(const BenchOptions& options);
  ~BenchRun();
  BenchRun(const BenchRun&) = delete;
  BenchRun& operator=(const BenchRun&) = delete;

  // Throws std::runtime_error if the server's name is not known, or this process may not have so many connections.
  BenchResult run();
  // Ends it earlier, with the figures so far; the second time without waiting for anything.
  void stop();
  reactor::Loop& loop() { return loop_; }

  // How far it is, for a person who waits.
  std::string progress() const;

 private:
  enum class Phase : std::uint8_t { kConnecting, kWarmingUp, kMeasuring, kDraining, kClosing, kDone };
  static constexpr std::size_t kOpenAtOnce = 64;
  // Connections before the server's memory is read for the first time: what it allocates once is there then.
  static constexpr std::size_t kFirstConnections = 100;
  // Memory comes in pages of 4 KiB: for fewer connections than this, what each costs would be a guess.
  static constexpr std::size_t kFewest = 200;
  static constexpr reactor::Milliseconds kDrainTime{2000};
  static constexpr reactor::Milliseconds kCloseTime{3000};

  void make_links();
  void open_more();
  void on_opened();
  void on_gone(const BenchLink& link);
  void connected();
  void warm_up();
  void measure();
  void end_measuring();
  void drained();
  void collect();
  void step();

  BenchOptions options_;
  reactor::Loop loop_;
  BenchProcess server_;
  std::unique_ptr<BenchPlan> plan_;
  BenchLinks links_;
  std::unique_ptr<BenchDriver> driver_;
  BenchResult result_;
  reactor::Deadline deadline_;
  Phase phase_ = Phase::kConnecting;
  bool collected_ = false;
  std::uint64_t began_ = 0;
  std::size_t target_ = 0;   // connections to open in this stage
  std::size_t next_ = 0;     // the link to open next
  std::size_t opening_ = 0;  // now
  std::size_t open_ = 0;     // now
  std::size_t first_ = 0;    // connections when memory_before_ was read
  std::optional<std::uint64_t> memory_before_;
  std::optional<BenchProcess::Cpu> server_cpu_before_;
  std::uint64_t own_cpu_before_ = 0;
};

}  // namespace ws::app
