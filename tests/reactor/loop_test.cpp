// The turn of the loop: who is called when, what may be done from inside, and that nobody who is gone is called.
#include "reactor/loop.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "reactor/ticker.hpp"
#include "tests/reactor/turns.hpp"

namespace reactor::tests {
namespace {

// An eventfd that is always ready to be read, so that epoll reports it whenever it is asked for again.
class Source final : public EventSource {
 public:
  explicit Source(Loop& in) : loop(in), fd_(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)) {
    loop.watch(fd_.get(), *this, EPOLLIN | EPOLLET);
  }
  ~Source() { loop.forget(*this); }
  void signal() {
    const std::uint64_t one = 1;
    ASSERT_EQ(::write(fd_.get(), &one, sizeof one), ssize_t{sizeof one});
  }

  void on_events(std::uint32_t) override {
    ++events;
    if (at_events) at_events();
  }
  void on_again() override {
    ++agains;
    if (at_again) at_again();
  }
  void on_turn_end() override {
    ++turn_ends;
    if (at_turn_end) at_turn_end();
  }

  Loop& loop;
  int events = 0;
  int agains = 0;
  int turn_ends = 0;
  std::function<void()> at_events;
  std::function<void()> at_again;
  std::function<void()> at_turn_end;

 private:
  FileDescriptor fd_;
};

class Guest final : public Resident {
 public:
  explicit Guest(std::vector<std::string>& log, std::string name = "guest") : log_(log), name_(std::move(name)) {}
  ~Guest() override {
    log_.push_back(name_ + " destroyed");
    if (at_destruction) at_destruction();
  }
  void wind_down() override {
    log_.push_back(name_ + " winds down");
    if (at_wind_down) at_wind_down();
  }
  void cut_off() override {
    log_.push_back(name_ + " cut off");
    if (at_cut_off) at_cut_off();
  }

  std::function<void()> at_wind_down;
  std::function<void()> at_cut_off;
  std::function<void()> at_destruction;

 private:
  std::vector<std::string>& log_;
  std::string name_;
};

using Log = std::vector<std::string>;

// ---- Turns

TEST(Loop, one_turn_serves_events_then_second_shares_then_the_end_of_the_turn) {
  Loop loop;
  Source source(loop);
  Log log;
  source.at_events = [&] {
    log.emplace_back("event");
    loop.at_turn_end(source);
    loop.again(source);
  };
  source.at_again = [&] { log.emplace_back("again"); };
  source.at_turn_end = [&] { log.emplace_back("turn end"); };
  loop.run_once(Milliseconds(1000));
  EXPECT_EQ(log, (Log{"event", "again", "turn end"}));
}

TEST(Loop, who_asks_for_share_after_share_gets_one_in_each_turn_and_the_others_theirs) {
  Loop loop;
  Source greedy(loop);
  Source modest(loop);
  greedy.at_events = greedy.at_again = [&] { loop.again(greedy); };
  for (int count = 1; count <= 10; ++count) {
    modest.signal();
    loop.run_once(Milliseconds(1000));
    EXPECT_EQ(modest.events, count);
    EXPECT_LE(greedy.agains, count + 1);
  }
  EXPECT_GE(greedy.agains, 9);
}

TEST(Loop, the_list_for_the_end_of_the_turn_may_grow_while_it_is_walked) {
  Loop loop;
  Source first(loop);
  Source second(loop);
  first.at_turn_end = [&] { loop.at_turn_end(second); };
  loop.at_turn_end(first);
  loop.run_once(Milliseconds(0));
  EXPECT_EQ(second.turn_ends, 1);
  loop.run_once(Milliseconds(0));
  EXPECT_EQ(second.turn_ends, 1);
}

TEST(Loop, work_that_was_left_outside_a_turn_does_not_wait_for_an_event) {
  Loop loop;
  Source source(loop);
  turn(loop);
  loop.again(source);
  loop.run_once(Milliseconds(-1));
  EXPECT_EQ(source.agains, 1);
  loop.at_turn_end(source);
  loop.run_once(Milliseconds(-1));
  EXPECT_EQ(source.turn_ends, 1);
  Log log;
  loop.retire(loop.adopt(std::make_unique<Guest>(log)));
  loop.run_once(Milliseconds(-1));
  EXPECT_EQ(log, (Log{"guest destroyed"}));
}

// ---- Sources that go

// Each is ready in the same batch; whoever comes first destroys the others.
TEST(Loop, a_source_that_was_forgotten_is_not_called_from_the_same_batch) {
  Loop loop;
  std::vector<std::unique_ptr<Source>> sources;
  int called = 0;
  for (int count = 0; count < 3; ++count) {
    sources.push_back(std::make_unique<Source>(loop));
    Source* self = sources.back().get();
    self->at_events = [&, self] {
      ++called;
      for (auto& other : sources) {
        if (other.get() != self) other.reset();
      }
    };
  }
  turn(loop);
  EXPECT_EQ(called, 1);
}

TEST(Loop, a_source_that_was_forgotten_is_not_called_from_any_list) {
  enum class List { kAgain, kTurnEnd };
  for (const List list : {List::kAgain, List::kTurnEnd}) {
    Loop loop;
    std::vector<std::unique_ptr<Source>> sources;
    int called = 0;
    for (int count = 0; count < 3; ++count) {
      sources.push_back(std::make_unique<Source>(loop));
      Source* self = sources.back().get();
      const auto act = [&, self] {
        ++called;
        for (auto& other : sources) {
          if (other.get() != self) other.reset();
        }
      };
      self->at_events = [&loop, list, self] { list == List::kAgain ? loop.again(*self) : loop.at_turn_end(*self); };
      (list == List::kAgain ? self->at_again : self->at_turn_end) = act;
    }
    turn(loop);
    EXPECT_EQ(called, 1);
  }
}

TEST(Loop, a_source_may_destroy_itself_from_each_of_its_calls) {
  Loop loop;
  auto source = std::make_unique<Source>(loop);
  source->at_events = [&] { source.reset(); };
  turn(loop);
  EXPECT_EQ(source, nullptr);
  source = std::make_unique<Source>(loop);
  source->at_events = [&] {
    loop.again(*source);
    loop.at_turn_end(*source);
  };
  source->at_again = [&] { source.reset(); };
  turn(loop);
  EXPECT_EQ(source, nullptr);
  source = std::make_unique<Source>(loop);
  source->at_events = [&] { loop.at_turn_end(*source); };
  source->at_turn_end = [&] { source.reset(); };
  turn(loop);
  EXPECT_EQ(source, nullptr);
}

TEST(Loop, what_epoll_refuses_is_an_error_at_start_up_and_a_result_later) {
  Loop loop;
  Source source(loop);
  EXPECT_FALSE(loop.try_watch(-1, source, EPOLLIN));
  EXPECT_THROW(loop.watch(-1, source, EPOLLIN), std::system_error);
}

// ---- Residents

TEST(Loop, a_retired_resident_lives_to_the_end_of_the_turn) {
  Loop loop;
  Source source(loop);
  Log log;
  Guest& guest = loop.adopt(std::make_unique<Guest>(log));
  EXPECT_EQ(loop.residents(), 1U);
  source.at_events = [&] {
    loop.at_turn_end(source);
    loop.retire(guest);
    loop.retire(guest);  // twice is once
    EXPECT_EQ(loop.residents(), 0U);
  };
  source.at_turn_end = [&] { log.emplace_back("end of turn"); };
  loop.run_once(Milliseconds(1000));
  EXPECT_EQ(log, (Log{"end of turn", "guest destroyed"}));
}

TEST(Loop, residents_may_retire_each_other_from_their_destructors) {
  Log log;
  Loop loop;
  Guest& first = loop.adopt(std::make_unique<Guest>(log, "first"));
  Guest& second = loop.adopt(std::make_unique<Guest>(log, "second"));
  first.at_destruction = [&] { loop.retire(second); };
  second.at_destruction = [&] { loop.adopt(std::make_unique<Guest>(log, "heir")); };
  loop.retire(first);
  turn(loop);
  EXPECT_EQ(log, (Log{"first destroyed", "second destroyed"}));
  EXPECT_EQ(loop.residents(), 1U);
}

TEST(Loop, a_loop_that_ends_destroys_its_residents_and_those_whom_they_leave_behind) {
  Log log;
  {
    Loop loop;
    Guest& guest = loop.adopt(std::make_unique<Guest>(log, "guest"));
    guest.at_destruction = [&] { loop.adopt(std::make_unique<Guest>(log, "heir")); };
  }
  EXPECT_EQ(log, (Log{"guest destroyed", "heir destroyed"}));
}

TEST(Loop, what_is_kept_goes_after_the_last_resident) {
  Log log;
  {
    Loop loop;
    loop.keep(std::shared_ptr<int>(new int(0), [&](const int* number) {
      log.emplace_back("kept");
      delete number;
    }));
    loop.adopt(std::make_unique<Guest>(log));
  }
  EXPECT_EQ(log, (Log{"guest destroyed", "kept"}));
}

// ---- Posting

TEST(Loop, functions_posted_by_many_threads_all_run_on_the_loops_thread) {
  constexpr int kThreads = 4;
  constexpr int kFunctions = 2000;
  Loop loop;
  int ran = 0;
  bool on_our_thread = true;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int count = 0; count < kThreads; ++count) {
    threads.emplace_back([&, here = std::this_thread::get_id()] {
      for (int number = 0; number < kFunctions; ++number) {
        loop.post([&, here] {
          on_our_thread = on_our_thread && std::this_thread::get_id() == here;
          if (++ran == kThreads * kFunctions) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, kThreads * kFunctions);
  EXPECT_TRUE(on_our_thread);
}

TEST(Loop, what_is_posted_runs_in_a_later_turn_and_what_that_posts_in_one_later_still) {
  Loop loop;
  int ran = 0;
  loop.post([&] {
    ++ran;
    loop.post([&] { ++ran; });
  });
  EXPECT_EQ(ran, 0);
  loop.run_once(Milliseconds(1000));
  EXPECT_EQ(ran, 1);
  loop.run_once(Milliseconds(1000));
  EXPECT_EQ(ran, 2);
}

TEST(Loop, posting_to_a_loop_that_is_gone_does_nothing) {
  std::shared_ptr<Mailbox> mailbox;
  bool ran = false;
  {
    Loop loop;
    mailbox = loop.mailbox();
    loop.post([&] { ran = true; });
  }
  mailbox->post([&] { ran = true; });
  EXPECT_FALSE(ran);
}

// ---- The end

TEST(Loop, stop_before_run_is_remembered_once) {
  Loop loop;
  loop.stop();
  loop.run();
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(Loop, a_shut_down_of_nobody_is_complete_at_once) {
  Loop loop;
  loop.shut_down(std::chrono::hours(1));
  EXPECT_TRUE(loop.shutting_down());
  loop.run();
  EXPECT_EQ(loop.cut_off_count(), 0U);
}

TEST(Loop, a_shut_down_waits_for_those_who_wind_down) {
  Log log;
  Loop loop;
  Guest& quick = loop.adopt(std::make_unique<Guest>(log, "quick"));
  Guest& slow = loop.adopt(std::make_unique<Guest>(log, "slow"));
  Deadline deadline;
  quick.at_wind_down = [&] { loop.retire(quick); };
  slow.at_wind_down = [&] { deadline.start(loop, Milliseconds(20), [&] { loop.retire(slow); }); };
  loop.shut_down(std::chrono::hours(1));
  loop.shut_down(Milliseconds(0));  // twice is once
  loop.run();
  EXPECT_EQ(log, (Log{"slow winds down", "quick winds down", "quick destroyed", "slow destroyed"}));
  EXPECT_EQ(loop.cut_off_count(), 0U);
}

TEST(Loop, who_has_not_wound_down_in_time_is_cut_off) {
  Log log;
  {
    Loop loop;
    Guest& polite = loop.adopt(std::make_unique<Guest>(log, "polite"));
    loop.adopt(std::make_unique<Guest>(log, "stubborn"));
    polite.at_cut_off = [&] { loop.retire(polite); };
    loop.shut_down(Milliseconds(10));
    loop.run();
    EXPECT_EQ(loop.cut_off_count(), 2U);
    EXPECT_EQ(log, (Log{"stubborn winds down", "polite winds down", "stubborn cut off", "polite cut off",
                        "polite destroyed"}));
  }
  EXPECT_EQ(log.back(), "stubborn destroyed");
}

TEST(Loop, stop_ends_a_shut_down_early) {
  Log log;
  Loop loop;
  loop.adopt(std::make_unique<Guest>(log));
  loop.shut_down(std::chrono::hours(1));
  loop.post([&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(log, (Log{"guest winds down", "guest cut off"}));
}

// Whoever is told may retire itself and the one who would have been told next.
TEST(Loop, nobody_is_forgotten_or_told_twice_because_another_retired_him) {
  for (const bool cutting_off : {false, true}) {
    Log log;
    Loop loop;
    std::vector<Guest*> guests;
    for (const char* name : {"a", "b", "c", "d"}) guests.push_back(&loop.adopt(std::make_unique<Guest>(log, name)));
    // Told in the order d, c, b, a.
    const auto act = [&] {
      loop.retire(*guests[3]);
      loop.retire(*guests[2]);
    };
    (cutting_off ? guests[3]->at_cut_off : guests[3]->at_wind_down) = act;
    loop.shut_down(Milliseconds(5));
    loop.run();
    const std::string told = cutting_off ? " cut off" : " winds down";
    for (const auto& [name, times] : {std::pair("a", 1), std::pair("b", 1), std::pair("c", 0), std::pair("d", 1)}) {
      EXPECT_EQ(std::count(log.begin(), log.end(), name + told), times) << name << told;
    }
  }
}

TEST(Loop, whoever_comes_during_a_shut_down_winds_down_at_once) {
  Log log;
  Loop loop;
  Guest& guest = loop.adopt(std::make_unique<Guest>(log, "guest"));
  guest.at_wind_down = [&] {
    loop.adopt(std::make_unique<Guest>(log, "late"));
    loop.retire(guest);
  };
  loop.shut_down(Milliseconds(5));
  EXPECT_EQ(log, (Log{"guest winds down", "late winds down"}));
  loop.run();
  EXPECT_EQ(loop.cut_off_count(), 1U);
}

// ---- Time

using Clock = std::chrono::steady_clock;

TEST(Loop, timers_armed_before_run_fire_and_never_early) {
  Loop loop;
  std::vector<std::unique_ptr<Deadline>> deadlines;
  int fired = 0;
  const auto start = Clock::now();
  for (const int delay : {30, 1, 0, 17, 5, -7}) {
    deadlines.push_back(std::make_unique<Deadline>());
    deadlines.back()->start(loop, Milliseconds(delay), [&, delay] {
      EXPECT_GE(Clock::now() - start, Milliseconds(delay));
      if (++fired == 6) loop.stop();
    });
  }
  loop.run();
  EXPECT_EQ(fired, 6);
}

TEST(Loop, a_nearer_timer_wakes_the_loop_though_a_farther_one_was_armed_first) {
  Loop loop;
  Deadline far;
  Deadline near;
  far.start(loop, std::chrono::hours(1), [&] { ADD_FAILURE(); });
  turn(loop);
  bool fired = false;
  near.start(loop, Milliseconds(5), [&] { fired = true; });
  EXPECT_TRUE(turn_until(loop, [&] { return fired; }));
}

TEST(Loop, a_timer_armed_by_a_timer_fires) {
  Loop loop;
  Deadline first;
  Deadline second;
  first.start(loop, Milliseconds(2), [&] { second.start(loop, Milliseconds(2), [&] { loop.stop(); }); });
  loop.run();
  SUCCEED();
}

TEST(Loop, an_alarm_for_a_timer_that_was_disarmed_does_no_harm) {
  Loop loop;
  Deadline gone;
  Deadline stays;
  bool fired = false;
  gone.start(loop, Milliseconds(1), [&] { ADD_FAILURE(); });
  turn(loop, 1);
  gone.stop();
  stays.start(loop, Milliseconds(3), [&] { fired = true; });
  EXPECT_TRUE(turn_until(loop, [&] { return fired; }));
}

TEST(Loop, now_stands_still_within_a_turn_and_moves_between_turns) {
  Loop loop;
  const auto start = Clock::now();
  const std::uint64_t before = loop.now();
  const auto busy_for = [](Milliseconds time) {
    const auto end = Clock::now() + time;
    while (Clock::now() < end) {
    }
  };
  busy_for(Milliseconds(3));
  EXPECT_GE(loop.now(), before + 3) << "no turn has begun: the clock is read";
  std::uint64_t inside = 0;
  loop.post([&] {
    inside = loop.now();
    busy_for(Milliseconds(3));
    EXPECT_EQ(loop.now(), inside);
  });
  loop.run_once(Milliseconds(1000));
  EXPECT_GE(loop.now(), inside + 3) << "the turn is over";
  EXPECT_LE(Milliseconds(loop.now()), Clock::now() - start + Milliseconds(1000));
}

// Somebody who sets up slowly must not find that his timers count from before.
TEST(Loop, a_timer_armed_long_after_the_last_turn_counts_from_when_it_is_armed) {
  Loop loop;
  turn(loop);
  loop.now();
  const auto end = Clock::now() + Milliseconds(20);
  while (Clock::now() < end) {
  }
  const auto armed_at = Clock::now();
  Deadline deadline;
  deadline.start(loop, Milliseconds(10), [&] {
    EXPECT_GE(Clock::now() - armed_at, Milliseconds(10));
    loop.stop();
  });
  loop.run();
}

// ---- The log

TEST(Loop, the_log_drops_what_is_below_its_level) {
  Loop loop;
  Log log;
  EXPECT_TRUE(loop.logs(LogLevel::kWarning));
  EXPECT_FALSE(loop.logs(LogLevel::kInfo));
  loop.set_log(LogLevel::kInfo, [&](LogLevel, std::string_view line) { log.emplace_back(line); });
  loop.log(LogLevel::kDebug, "details");
  loop.log(LogLevel::kInfo, "news");
  EXPECT_EQ(log, (Log{"news"}));
}

}  // namespace
}  // namespace reactor::tests
