// The queue is swapped out under the lock and run without it, so that what runs may post again.
#include "reactor/mailbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace reactor {

Mailbox::Mailbox() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!wake_.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Mailbox::post(std::function<void()> function) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  letters_.push_back(std::move(function));
  if (letters_.size() > 1) return;  // the bell has rung for the first one
  const std::uint64_t one = 1;
  // Cannot fail: the counter is far from its end, and the descriptor is open while closed_ is false.
  static_cast<void>(!::write(wake_.get(), &one, sizeof one));
}

void Mailbox::run_all() {
  std::vector<std::function<void()>> letters;
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t rings = 0;
    static_cast<void>(!::read(wake_.get(), &rings, sizeof rings));
    letters.swap(letters_);
  }
  for (const auto& letter : letters) letter();
}

void Mailbox::close() {
  std::vector<std::function<void()>> unread;  // destroyed after the lock is let go: what they captured may post
  const std::lock_guard lock(mutex_);
  closed_ = true;
  unread.swap(letters_);
}

}  // namespace reactor
