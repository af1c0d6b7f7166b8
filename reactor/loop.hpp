// The event loop: readiness and time become calls. One thread sleeps in epoll_wait, and each time it wakes up
// it makes one turn:
//
//   epoll_wait ─► events ─► ready list ─► end of turn: flush what was written ─► destroy what was retired ─┐
//        ▲                                                                                               │
//        └───────────────────────────────────────────────────────────────────────────────────────────────┘
//
// Rules that everything else relies on:
//   * Close marks, the end of the turn frees. retire() may be called anywhere; the object lives until the batch is
//   done.
//   * A source that has had its share of a turn calls again() and comes last, after everybody else.
//   * Only post() may be called from another thread.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "reactor/admission.hpp"
#include "reactor/file_descriptor.hpp"
#include "reactor/log.hpp"
#include "reactor/mailbox.hpp"
#include "reactor/timer_wheel.hpp"

namespace reactor {

using Milliseconds = std::chrono::milliseconds;

class Stream;

// Whatever epoll can report on, and the loop call back.
class EventSource {
 public:
  virtual void on_events(std::uint32_t events) = 0;  // epoll reported these
  virtual void on_again() {}                         // its next share, asked for by again()
  virtual void on_turn_end() {}                      // the end of the turn, asked for by at_turn_end()

 protected:
  ~EventSource() = default;
};

// Whatever the loop owns: connections, listeners. It lives until it is retired, or as long as the loop.
class Resident {
 public:
  Resident() = default;
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;
  virtual ~Resident() = default;
  // The loop is shutting down: finish what you are doing, then retire.
  virtual void wind_down() = 0;
  // The drain time is over, or a second signal came: say what must be said. The loop does not run any more.
  virtual void cut_off() {}

 private:
  friend class Loop;
  Resident* next_ = nullptr;
  Resident* previous_ = nullptr;
  bool retired_ = false;
};

class Loop {
 public:
  // One shared receive buffer, and one cork that gathers the small writes of the connection whose turn it is:
  // an idle connection owns neither. A message of 64 KiB and its header fit: the size that is sent most of the large
  // ones.
  static constexpr std::size_t kReceiveBufferSize = 65 * 1024;
  static constexpr std::size_t kCorkSize = 32 * 1024;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs turns until stop() is called or a shut-down is complete.
  void run();
  // Makes one turn, waiting at most `timeout` for something to happen (negative: as long as it takes).
  void run_once(Milliseconds timeout);
  void stop() { stopped_ = true; }

  // The door for other threads: `function` runs on the loop's thread, in a later turn. What it captures must
  // survive until then; a connection is named by its ws::Handle.
  void post(std::function<void()> function) { mailbox_->post(std::move(function)); }
  // The same door for a thread that may outlive the loop: posting to a loop that is gone does nothing.
  std::shared_ptr<Mailbox> mailbox() const { return mailbox_; }

  // Winds everybody down. run() returns when all residents are gone, or after `drain_timeout`, or at stop(); then
  // those that are left are cut off.
  void shut_down(Milliseconds drain_timeout);
  std::size_t cut_off_count() const { return cut_off_count_; }
  bool shutting_down() const { return shutting_down_; }

  template <class T>
  T& adopt(std::unique_ptr<T> resident) {
    T& object = *resident;
    adopt_resident(*resident.release());
    return object;
  }
  // Ends a resident's life at the end of this turn. Twice is once.
  void retire(Resident& resident);
  std::size_t residents() const { return resident_count_; }
  Admissions& admissions() { return admissions_; }

  // Keeps what residents point to and share: it is destroyed after the last of them.
  void keep(std::shared_ptr<const void> shared) { kept_.push_back(std::move(shared)); }

  // Milliseconds since the loop was made; read from the clock once a turn at most.
  std::uint64_t now();
  // Fires `timer` after `delay`, counted from now(), never early.
  void arm(Timer& timer, Milliseconds delay);

  // For start-up: throws std::system_error where epoll refuses `fd`.
  void watch(int fd, EventSource& source, std::uint32_t events);
  [[nodiscard]] bool try_watch(int fd, EventSource& source, std::uint32_t events);
  [[nodiscard]] bool try_rewatch(int fd, EventSource& source, std::uint32_t events);
  void unwatch(int fd);
  void again(EventSource& source) {
    chores_ = true;
    again_.push_back(&source);
  }
  void at_turn_end(EventSource& source) {
    chores_ = true;
    turn_end_.push_back(&source);
  }
  // For what takes long and is done in on_again(): whether it may be done in this turn still, of which `most` may.
  bool take_costly_step(int most) { return costly_steps_++ < most; }
  // A source's input may make so much work before the others have had their turn: some ten milliseconds. One is a
  // message that is handed on to another's queue.
  static constexpr std::uint64_t kShareOfWork = 64 * 1024;
  void begin_share() { work_ = 0; }
  void count_work(std::size_t work = 1) { work_ += work; }
  bool share_is_used() const { return work_ >= kShareOfWork; }
  // Takes a source out of this turn's batch and of every list, because its memory is about to go.
  void forget(EventSource& source);

  void set_log(LogLevel lowest, LogSink sink);
  bool logs(LogLevel level) const { return level >= lowest_level_; }
  void log(LogLevel level, std::string_view text) const;

 private:
  friend class Stream;

  // What the stream whose input is being handled has written meanwhile. Without an owner the rest means nothing.
  struct Cork {
    Stream* owner = nullptr;
    std::uint8_t* next = nullptr;  // where the next byte goes: what was written lies before it
    std::uint8_t* end = nullptr;   // no room if what the owner writes must wait behind its queue
    std::unique_ptr<std::uint8_t[]> bytes;

    std::span<const std::uint8_t> written() const { return {bytes.get(), next}; }
    void open(Stream& stream, bool with_room) {
      owner = &stream;
      next = bytes.get();
      end = next + (with_room ? kCorkSize : 0);
    }
    bool empty() const { return next == bytes.get(); }
    void make_empty() { next = bytes.get(); }
    void close() { next = end = bytes.get(); }
  };
  class Bell final : public EventSource {  // a descriptor of the loop's own: the timerfd, the mailbox's eventfd
   public:
    explicit Bell(Loop& loop) : loop_(loop) {}
    void on_events(std::uint32_t) override { rang = loop_.chores_ = true; }
    bool rang = false;

   private:
    Loop& loop_;
  };
  class DrainTimer final : public Timer {
   public:
    explicit DrainTimer(Loop& loop) : loop_(loop) {}

   private:
    void on_timer() override { loop_.stop(); }
    Loop& loop_;
  };

  void adopt_resident(Resident& resident);
  void unlink(Resident& resident);
  void tell_residents(void (Resident::*news)());
  void turn(int timeout_ms);
  void do_chores();
  void finish_turn();
  void give_second_shares();
  void destroy_retired();
  void set_alarm();

  std::vector<std::shared_ptr<const void>> kept_;
  Admissions admissions_;
  FileDescriptor epoll_;
  FileDescriptor timer_fd_;
  std::shared_ptr<Mailbox> mailbox_;
  TimerWheel wheel_;
  std::chrono::steady_clock::time_point start_;
  std::uint64_t now_ = 0;
  bool in_turn_ = false;
  bool now_is_fresh_ = false;
  bool stopped_ = false;
  bool chores_ = false;  // this turn has more to do than to deliver events
  bool shutting_down_ = false;
  std::uint64_t alarm_set_for_ = UINT64_MAX;
  Bell alarm_{*this};
  Bell door_{*this};

  std::unique_ptr<epoll_event[]> batch_;  // what the last epoll_wait reported
  epoll_event* next_event_;               // of those: not delivered yet, from here to the end
  epoll_event* end_of_batch_;
  std::vector<EventSource*> again_;
  std::vector<EventSource*> again_now_;  // the part of again_ that this turn serves
  std::vector<EventSource*> turn_end_;
  int costly_steps_ = 0;    // in this turn
  std::uint64_t work_ = 0;  // that the input under way has made
  Resident* first_resident_ = nullptr;
  Resident* next_resident_ = nullptr;  // while all are told something: who is told next
  std::size_t resident_count_ = 0;
  std::size_t cut_off_count_ = 0;
  Resident* first_retired_ = nullptr;
  std::unique_ptr<std::uint8_t[]> receive_buffer_;
  Cork cork_;
  LogLevel lowest_level_ = LogLevel::kWarning;
  LogSink log_sink_;
  DrainTimer drain_timer_;
};

}  // namespace reactor
