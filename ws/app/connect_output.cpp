// One write for many messages: a pipe that is fed line by line costs a system call each.
#include "ws/app/connect_output.hpp"

#include <unistd.h>

#include "reactor/blocking_write.hpp"
#include "ws/app/escape.hpp"
#include "ws/app/hex.hpp"

namespace ws::app {

namespace {

constexpr std::size_t kMostWaiting = 64 * 1024;

}  // namespace

std::string show_text(std::string_view text, std::string_view indent) {
  const bool cut = text.size() > kLongestShown;
  std::string_view rest = text.substr(0, kLongestShown);
  std::string shown;
  while (true) {
    const std::size_t end = std::min(rest.find_first_of("\n\t"), rest.size());
    shown += printable(rest.substr(0, end), kLongestShown);
    if (end == rest.size()) break;
    shown += rest[end];
    if (rest[end] == '\n') shown += indent;
    rest.remove_prefix(end + 1);
  }
  if (cut) shown += "... (" + std::to_string(text.size()) + " bytes)";
  return shown;
}

Output::Output(reactor::Loop& loop, int fd, bool raw, std::function<void(int error)> on_broken)
    : loop_(loop), fd_(fd), raw_(raw), terminal_(::isatty(fd) == 1), on_broken_(std::move(on_broken)) {}

Output::~Output() { loop_.forget(*this); }

void Output::print(const Message& message) {
  if (broken_) return;
  if (message.is_text()) {
    waiting_ += terminal_ ? show_text(message.text(), "") : std::string(message.text());
    waiting_ += '\n';
  } else if (raw_) {
    waiting_ += message.text();
  } else {
    waiting_ += to_hex(message.payload);
    waiting_ += '\n';
  }
  if (waiting_.size() >= kMostWaiting) return flush();
  if (turn_end_asked_) return;
  turn_end_asked_ = true;
  loop_.at_turn_end(*this);
}

void Output::on_turn_end() {
  turn_end_asked_ = false;
  flush();
}

void Output::flush() {
  if (broken_ || waiting_.empty()) return;
  const int error =
      reactor::write_blocking(fd_, {reinterpret_cast<const std::uint8_t*>(waiting_.data()), waiting_.size()});
  waiting_.clear();
  if (error == 0) return;
  broken_ = true;
  on_broken_(error);
}

}  // namespace ws::app
