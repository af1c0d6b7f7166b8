// The report goes to standard output; a line of progress, at a terminal only, to standard error.
#include "ws/app/bench.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "reactor/signals.hpp"
#include "reactor/ticker.hpp"
#include "ws/app/bench_report.hpp"
#include "ws/app/bench_run.hpp"

namespace ws::app {

namespace {

constexpr reactor::Milliseconds kProgressPeriod{1000};
constexpr const char* kClearLine = "\r\033[K";

}  // namespace

int bench(const BenchOptions& options) {
  BenchRun run(options);
  const reactor::Signals signals(run.loop(), {SIGINT, SIGTERM}, [&run](int) { run.stop(); });
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  reactor::Ticker progress;
  if (terminal) {
    progress.start(run.loop(), kProgressPeriod,
                   [&run] { std::fprintf(stderr, "%s%s", kClearLine, run.progress().c_str()); });
  }
  const BenchResult result = run.run();
  if (terminal) std::fputs(kClearLine, stderr);
  std::fputs((options.json ? bench_json(options, result) + '\n' : bench_table(options, result)).c_str(), stdout);
  return result.errors.total() == 0 ? 0 : 1;
}

}  // namespace ws::app
