// The one door into the loop's thread: a queue of functions and an eventfd that wakes epoll_wait. It is shared, so
// that a thread which outlives the loop posts into a closed mailbox and not into freed memory.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "reactor/file_descriptor.hpp"

namespace reactor {

class Mailbox {
 public:
  Mailbox();

  // From any thread.
  void post(std::function<void()> function);

  // From the loop's thread only.
  int fd() const { return wake_.get(); }
  void run_all();
  void close();

 private:
  FileDescriptor wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> letters_;
  bool closed_ = false;
};

}  // namespace reactor
