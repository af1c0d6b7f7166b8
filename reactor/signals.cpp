// The mask that was there before comes back with the destructor.
#include "reactor/signals.hpp"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace reactor {

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> handler)
    : loop_(loop), handler_(std::move(handler)) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  fd_ = FileDescriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_.valid()) throw std::system_error(errno, std::generic_category(), "signalfd");
  loop_.watch(fd_.get(), *this, EPOLLIN | EPOLLET);
  // Last, because nothing would undo it if the others threw.
  pthread_sigmask(SIG_BLOCK, &set, &mask_before_);
}

Signals::~Signals() {
  loop_.forget(*this);
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void Signals::on_events(std::uint32_t) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) handler_(static_cast<int>(info.ssi_signo));
}

}  // namespace reactor
