// Level-triggered, unlike a stream: what one read left is told again. A paused input is taken out of epoll, because a
// hang-up is reported whatever is asked for.
#include "reactor/input.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

namespace reactor {

Input::Input(Loop& loop, int fd, InputHandler& handler)
    : loop_(loop), handler_(handler), fd_(fd), buffer_(new std::uint8_t[kShare]) {}

Input::~Input() {
  pause();
  loop_.forget(*this);
}

void Input::pause() {
  reading_ = false;
  if (!watched_) return;
  watched_ = false;
  loop_.unwatch(fd_);
}

void Input::resume() {
  if (reading_ || ended_) return;
  reading_ = true;
  if (!always_ready_) {
    watched_ = loop_.try_watch(fd_, *this, EPOLLIN);
    refused_ = watched_ ? 0 : errno;
    always_ready_ = !watched_;
  }
  if (always_ready_) ask_again();
}

void Input::ask_again() {
  if (share_asked_) return;
  share_asked_ = true;
  loop_.again(*this);
}

void Input::on_events(std::uint32_t) {
  if (reading_) read_once();
}

void Input::on_again() {
  share_asked_ = false;
  if (!reading_) return;
  if (refused_ != EPERM) return end(refused_);
  read_once();
  if (reading_) ask_again();
}

void Input::read_once() {
  const ssize_t size = ::read(fd_, buffer_.get(), kShare);
  if (size > 0) return handler_.on_bytes({buffer_.get(), static_cast<std::size_t>(size)});
  if (size == 0) return end(0);
  // Somebody else may have been quicker, where the descriptor is shared and does not block.
  if (errno != EAGAIN && errno != EINTR) end(errno);
}

void Input::end(int error) {
  pause();
  ended_ = true;
  handler_.on_input_end(error);
}

}  // namespace reactor
