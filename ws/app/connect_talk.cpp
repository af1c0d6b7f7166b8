// Whatever happens comes to one end: the link says that it is over, and the loop gives the last words a second to
// leave.
#include "ws/app/connect_talk.hpp"

#include <cstdio>

#include "ws/app/escape.hpp"
#include "ws/app/quantities.hpp"
#include "ws/app/trace.hpp"

namespace ws::app {

namespace {

// For the server to close TCP behind its Close frame, as it must (RFC 6455 7.1.1).
constexpr reactor::Milliseconds kLastWords{1000};

}  // namespace

Talk::Talk(reactor::Loop& loop, const ConnectFlags& flags)
    : loop_(loop), flags_(flags), link_(loop, flags, library_options(flags), *this) {
  if (flags.trace) link_.watch_frames();
  loop_.set_log(reactor::LogLevel::kWarning, [this](reactor::LogLevel, std::string_view text) { say(text); });
}

int Talk::run() {
  if (flags_.timeout.count() > 0) {
    timeout_.start(loop_, flags_.timeout, [this] {
      fail("the time is over, after " + format_duration(flags_.timeout) + " (--timeout)");
      over_ = true;  // in a hurry: it does not wait for an answer
    });
  }
  link_.start();
  talk();
  timeout_.stop();
  if (!loop_.shutting_down()) loop_.shut_down(kLastWords);
  loop_.run();
  return status_;
}

void Talk::talk() {
  while (!over_) turn();
}

void Talk::interrupt(int status) {
  if (status_ == 0) status_ = status;
  if (interrupted_) over_ = true;
  interrupted_ = true;
  link_.leave();
}

void Talk::say(std::string_view words) { std::fprintf(stderr, "ws101 connect: %s\n", printable(words).c_str()); }

void Talk::fail(const std::string& words) {
  if (!done_ && !over_) {
    status_ = 1;
    say(words);
  }
  link_.leave();
}

void Talk::done() {
  done_ = true;
  link_.leave();
}

void Talk::on_frame(const Connection& ws, bool received, const protocol::TracedFrame& frame) {
  print_trace(ws, received, frame);
}

void Talk::on_down(const std::string& why, reactor::Milliseconds delay, unsigned tries) {
  say(why + "; trying again in " + format_duration(delay) + " (" + std::to_string(tries) + ")");
}

void Talk::on_over(const std::string& trouble) {
  const std::string words = trouble.empty() ? lacking() : trouble;
  if (!words.empty() && !done_ && status_ == 0) {
    status_ = 1;
    say(words);
  }
  over_ = true;
}

}  // namespace ws::app
