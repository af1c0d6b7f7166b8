// One turn of the loop, step by step, and the lists that it serves. Time costs one timerfd: it is set to the next tick
// at which the wheel has work, and not touched while that does not come nearer.
#include "reactor/loop.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace reactor {

namespace {

constexpr int kBatchSize = 512;

[[noreturn]] void throw_errno(const char* call) { throw std::system_error(errno, std::generic_category(), call); }

FileDescriptor checked(int fd, const char* call) {
  if (fd < 0) throw_errno(call);
  return FileDescriptor(fd);
}

}  // namespace

Loop::Loop()
    : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      timer_fd_(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")),
      mailbox_(std::make_shared<Mailbox>()),
      start_(std::chrono::steady_clock::now()),
      batch_(std::make_unique<epoll_event[]>(kBatchSize)),
      next_event_(batch_.get()),
      end_of_batch_(batch_.get()),
      receive_buffer_(new std::uint8_t[kReceiveBufferSize]),
      cork_{.bytes = std::unique_ptr<std::uint8_t[]>(new std::uint8_t[kCorkSize])},
      log_sink_([](LogLevel, std::string_view text) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
      }),
      drain_timer_(*this) {
  watch(timer_fd_.get(), alarm_, EPOLLIN | EPOLLET);
  watch(mailbox_->fd(), door_, EPOLLIN | EPOLLET);
}

Loop::~Loop() {
  mailbox_->close();
  // Who is destroyed may leave somebody behind: a stream that lingers.
  while (first_resident_ != nullptr || first_retired_ != nullptr) {
    while (first_resident_ != nullptr) retire(*first_resident_);
    destroy_retired();
  }
}

void Loop::run() {
  while (!stopped_) turn(-1);
  stopped_ = false;
  if (!shutting_down_) return;
  cut_off_count_ = resident_count_;
  tell_residents(&Resident::cut_off);
  finish_turn();
}

void Loop::run_once(Milliseconds timeout) { turn(static_cast<int>(timeout.count())); }

[[gnu::always_inline]] inline void Loop::turn(int timeout_ms) {
  const int count = ::epoll_wait(epoll_.get(), batch_.get(), kBatchSize, chores_ ? 0 : timeout_ms);
  if (count < 0 && errno != EINTR) throw_errno("epoll_wait");
  in_turn_ = true;
  next_event_ = batch_.get();
  end_of_batch_ = next_event_ + std::max(count, 0);
  while (next_event_ != end_of_batch_) {
    const epoll_event& event = *next_event_++;
    if (event.data.ptr != nullptr) static_cast<EventSource*>(event.data.ptr)->on_events(event.events);
  }
  // Most turns deliver an event or two and owe nothing else to anybody.
  if (chores_) do_chores();
  in_turn_ = now_is_fresh_ = false;
}

[[gnu::noinline]] void Loop::do_chores() {
  give_second_shares();
  if (alarm_.rang) {
    alarm_.rang = false;
    alarm_set_for_ = UINT64_MAX;
    wheel_.advance(now());
  }
  if (door_.rang) {
    door_.rang = false;
    mailbox_->run_all();
  }
  finish_turn();
  if (wheel_.take_changed()) set_alarm();
  chores_ = !again_.empty() || !turn_end_.empty() || first_retired_ != nullptr;
}

void Loop::give_second_shares() {
  if (again_.empty()) return;
  costly_steps_ = 0;
  // Who asks for one more share while being served gets it in the next turn.
  again_now_.swap(again_);
  for (std::size_t index = 0; index < again_now_.size(); ++index) {
    if (again_now_[index] != nullptr) again_now_[index]->on_again();
  }
  again_now_.clear();
}

void Loop::finish_turn() {
  // A flush can end a connection, whose owner may then write to others: the list grows while it is walked.
  for (std::size_t index = 0; index < turn_end_.size(); ++index) {
    if (turn_end_[index] != nullptr) turn_end_[index]->on_turn_end();
  }
  turn_end_.clear();
  if (first_retired_ != nullptr) destroy_retired();
  if (shutting_down_ && resident_count_ == 0) stop();
}

void Loop::set_alarm() {
  const auto due = wheel_.next_due();
  if (!due || *due >= alarm_set_for_) return;
  alarm_set_for_ = *due;
  const auto at = (start_ + Milliseconds(*due)).time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at);
  const itimerspec when = {
      .it_interval = {},
      .it_value = {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(at - seconds).count()}};
  if (::timerfd_settime(timer_fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr) != 0) throw_errno("timerfd_settime");
}

std::uint64_t Loop::now() {
  if (!now_is_fresh_) {
    now_ = static_cast<std::uint64_t>(
        std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - start_).count());
    now_is_fresh_ = in_turn_;
  }
  return now_;
}

void Loop::arm(Timer& timer, Milliseconds delay) {
  chores_ = true;  // the alarm may have to ring earlier
  // now() is rounded down, so one tick more keeps the promise never to fire early.
  wheel_.arm(timer, now() + static_cast<std::uint64_t>(std::max<std::int64_t>(delay.count(), 0)) + 1);
}

void Loop::watch(int fd, EventSource& source, std::uint32_t events) {
  if (!try_watch(fd, source, events)) throw_errno("epoll_ctl");
}

bool Loop::try_watch(int fd, EventSource& source, std::uint32_t events) {
  epoll_event event = {.events = events, .data = {.ptr = &source}};
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool Loop::try_rewatch(int fd, EventSource& source, std::uint32_t events) {
  epoll_event event = {.events = events, .data = {.ptr = &source}};
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0;
}

void Loop::unwatch(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void Loop::forget(EventSource& source) {
  for (epoll_event* event = next_event_; event != end_of_batch_; ++event) {
    if (event->data.ptr == &source) event->data.ptr = nullptr;
  }
  std::replace(again_.begin(), again_.end(), &source, static_cast<EventSource*>(nullptr));
  std::replace(again_now_.begin(), again_now_.end(), &source, static_cast<EventSource*>(nullptr));
  std::replace(turn_end_.begin(), turn_end_.end(), &source, static_cast<EventSource*>(nullptr));
}

void Loop::shut_down(Milliseconds drain_timeout) {
  if (shutting_down_) return;
  shutting_down_ = true;
  arm(drain_timer_, drain_timeout);
  tell_residents(&Resident::wind_down);
  if (resident_count_ == 0) stop();
}

// Whoever is told may retire itself and any other.
void Loop::tell_residents(void (Resident::*news)()) {
  for (Resident* resident = first_resident_; resident != nullptr; resident = next_resident_) {
    next_resident_ = resident->next_;
    (resident->*news)();
  }
}

void Loop::adopt_resident(Resident& resident) {
  resident.previous_ = nullptr;
  resident.next_ = first_resident_;
  if (first_resident_ != nullptr) first_resident_->previous_ = &resident;
  first_resident_ = &resident;
  ++resident_count_;
  if (shutting_down_) resident.wind_down();
}

void Loop::unlink(Resident& resident) {
  (resident.previous_ == nullptr ? first_resident_ : resident.previous_->next_) = resident.next_;
  if (resident.next_ != nullptr) resident.next_->previous_ = resident.previous_;
  if (next_resident_ == &resident) next_resident_ = resident.next_;
  --resident_count_;
}

void Loop::retire(Resident& resident) {
  if (resident.retired_) return;
  resident.retired_ = true;
  chores_ = true;
  unlink(resident);
  resident.next_ = first_retired_;
  first_retired_ = &resident;
}

void Loop::destroy_retired() {
  while (first_retired_ != nullptr) {
    const std::unique_ptr<Resident> last_use(first_retired_);
    first_retired_ = first_retired_->next_;
  }
}

void Loop::set_log(LogLevel lowest, LogSink sink) {
  lowest_level_ = lowest;
  log_sink_ = std::move(sink);
}

void Loop::log(LogLevel level, std::string_view text) const {
  if (logs(level)) log_sink_(level, text);
}

}  // namespace reactor
