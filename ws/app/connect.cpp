// Chooses between the prompt and the pipe, and catches the signals that ask us to end.
#include "ws/app/connect.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "reactor/signals.hpp"
#include "ws/app/connect_pipe.hpp"
#include "ws/app/connect_prompt.hpp"

namespace ws::app {

namespace {

// A program may be started with its standard descriptors closed; the next ones that are opened would take their places,
// and messages would be written into the event loop.
void fill_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDWR));
  }
}

bool wants_prompt(const ConnectFlags& flags) {
  if (!flags.messages.empty() || flags.binary_lines) return false;
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) return false;
  // Without a cursor that can be moved, lines are read and printed as in a pipe.
  const char* type = std::getenv("TERM");
  return type != nullptr && *type != '\0' && std::string_view(type) != "dumb";
}

}  // namespace

int connect(const ConnectFlags& flags) {
  fill_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // who reads our output may go away; that is told by the write
  if (flags.tls.insecure) std::fputs("ws101 connect: whoever answers is believed (--insecure)\n", stderr);
  reactor::Loop loop;
  if (wants_prompt(flags)) return PromptTalk(loop, flags).run();
  PipeTalk talk(loop, flags);
  constexpr int kEndedBySignal = 128;  // as shells have it
  const reactor::Signals signals(loop, {SIGINT, SIGTERM, SIGHUP},
                                 [&talk](int number) { talk.interrupt(kEndedBySignal + number); });
  return talk.run();
}

}  // namespace ws::app
