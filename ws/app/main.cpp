// The command line `ws101`: picks the subcommand. Exit status 0, 1 (it failed), 2 (used wrongly).
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string_view>

#include "ws/app/bench.hpp"
#include "ws/app/bench_options.hpp"
#include "ws/app/connect.hpp"
#include "ws/app/connect_options.hpp"
#include "ws/app/escape.hpp"
#include "ws/app/serve.hpp"
#include "ws/app/serve_options.hpp"

namespace {

constexpr const char* kUsage =
    "ws101: a WebSocket server and client\n"
    "\n"
    "Usage: ws101 COMMAND [FLAGS]\n"
    "\n"
    "  serve    serve WebSockets and a page to try them\n"
    "  connect  talk to a WebSocket server, at a prompt or in a pipe\n"
    "  bench    put load on a WebSocket server and measure it\n"
    "\n"
    "ws101 COMMAND --help lists the flags of a command.\n";

int serve(int count, const char* const* arguments) {
  const ws::app::ParsedServe parsed = ws::app::parse_serve_options(count, arguments);
  return parsed.exit_status >= 0 ? parsed.exit_status : ws::app::serve(parsed.options);
}

int connect(int count, const char* const* arguments) {
  const ws::app::ParsedConnect parsed = ws::app::parse_connect_flags(count, arguments);
  if (parsed.exit_status >= 0) return parsed.exit_status;
  try {
    return ws::app::connect(parsed.flags);
  } catch (const std::invalid_argument& error) {  // what only the library sees to be wrong
    std::fprintf(stderr, "ws101 connect: %s\n", ws::app::printable(error.what()).c_str());
    return 2;
  }
}

int bench(int count, const char* const* arguments) {
  const ws::app::ParsedBench parsed = ws::app::parse_bench_options(count, arguments);
  return parsed.exit_status >= 0 ? parsed.exit_status : ws::app::bench(parsed.options);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view command = count > 1 ? arguments[1] : "";
  try {
    if (command == "serve") return serve(count - 1, arguments + 1);
    if (command == "connect") return connect(count - 1, arguments + 1);
    if (command == "bench") return bench(count - 1, arguments + 1);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ws101: %s\n", error.what());
    return 1;
  }
  if (command == "--help" || command == "-h" || command == "help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (command.empty()) {
    std::fputs(kUsage, stderr);
  } else {
    std::fprintf(stderr, "ws101: there is no command '%s' (see ws101 --help)\n", arguments[1]);
  }
  return 2;
}
