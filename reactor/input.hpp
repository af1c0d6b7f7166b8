// Any descriptor that somebody gave us to read: a pipe, a terminal, a socket, a file, /dev/null. It is not ours, and
// its flags are shared with other programs, so it stays as it is: blocking, mostly. That needs two rules:
//   * One read for each time that epoll says so: a second one might wait, and the loop with it.
//   * What epoll refuses (EPERM: files, /dev/null) is always readable, and is read a share in each turn of the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "reactor/loop.hpp"

namespace reactor {

// Who reads an input. It may pause and resume it from both of these, and not destroy it.
class InputHandler {
 public:
  // The view ends on return.
  virtual void on_bytes(std::span<const std::uint8_t> bytes) = 0;
  // No more will come: 0 at the end of the input, else why it cannot be read (errno). Told once.
  virtual void on_input_end(int error) = 0;

 protected:
  ~InputHandler() = default;
};

class Input final : private EventSource {
 public:
  static constexpr std::size_t kShare = 64 * 1024;

  // `fd` is not closed. Reading begins with the first resume().
  Input(Loop& loop, int fd, InputHandler& handler);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  void pause();
  void resume();

 private:
  void on_events(std::uint32_t events) override;
  void on_again() override;
  void read_once();
  void ask_again();
  void end(int error);

  Loop& loop_;
  InputHandler& handler_;
  int fd_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  int refused_ = 0;  // why epoll does not tell (errno)
  bool reading_ = false;
  bool ended_ = false;
  bool watched_ = false;       // epoll tells
  bool always_ready_ = false;  // epoll refused
  bool share_asked_ = false;   // in the loop's list for another share
};

}  // namespace reactor
