// Unix signals as events of the loop (signalfd): a handler runs like any other callback, between two others and
// never in the middle of one, so it may do anything.
#pragma once

#include <csignal>
#include <functional>
#include <initializer_list>

#include "reactor/file_descriptor.hpp"
#include "reactor/loop.hpp"

namespace reactor {

class Signals final : private EventSource {
 public:
  // Blocks `numbers` for this thread and those started later, and calls `handler` for each one that comes.
  Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> handler);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void on_events(std::uint32_t events) override;

  Loop& loop_;
  FileDescriptor fd_;
  std::function<void(int)> handler_;
  sigset_t mask_before_{};
};

}  // namespace reactor
