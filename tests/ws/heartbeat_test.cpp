// The heartbeat has no clock: a day passes here in microseconds, and every answer is exact. Each simulation asks it
// only when it wants to be asked, as the connection's timer does.
#include "ws/heartbeat.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ws {
namespace {

using Beat = Heartbeat::Beat;
using reactor::Milliseconds;

Limits limits(int ping_interval, int pong_timeout) {
  return {.ping_interval = Milliseconds(ping_interval), .pong_timeout = Milliseconds(pong_timeout)};
}

// A peer, as the heartbeat sees it: the times at which bytes come, and how the count of our bytes that it took goes up.
class Simulation {
 public:
  Simulation(std::uint64_t start, const Limits& limits) : limits_(limits), now_(start), heartbeat_(start, limits) {}

  reactor::OutputProgress progress;
  int progress_asked = 0;
  std::uint64_t lateness = 0;  // of each look
  int looks = 0;

  std::uint64_t now() const { return now_; }

  // Bytes come at `time`, which is not before the last one.
  void hear_at(std::uint64_t time) {
    const auto beat = run_until(time);
    EXPECT_FALSE(beat) << "something was due before";
    now_ = std::max(now_, time);
    heartbeat_.heard();
  }

  // Looks until there is a ping or an end, at most until `time`. Its time is now().
  std::optional<Beat> run_until(std::uint64_t time) {
    while (true) {
      const std::uint64_t next = now_ + heartbeat_.next_check(now_) + lateness;
      if (next > time) return std::nullopt;
      now_ = next;
      ++looks;
      const Beat beat = heartbeat_.check(now_, limits_);
      if (beat == Beat::kPing) backlog_.emplace(ask());
      if (beat == Beat::kNoAnswer && backlog_->has_moved(ask())) {
        heartbeat_.wait_on(now_, limits_);
      } else if (beat != Beat::kQuiet) {
        return beat;
      }
      if (looks > 1000000) return std::nullopt;
    }
  }

 private:
  const reactor::OutputProgress& ask() {
    ++progress_asked;
    return progress;
  }

  std::optional<PingBacklog> backlog_;
  Limits limits_;
  std::uint64_t now_;
  Heartbeat heartbeat_;
};

constexpr std::uint64_t kLongTime = std::uint64_t{1} << 40;

struct Pace {
  int ping_interval = 0;
  int slack = 0;  // by which the ping may be earlier than four fifths: looks fall on whole lines of a grid
};
constexpr Pace kPaces[] = {{10, 0},   {50, 0},    {100, 0},    {127, 8},    {200, 8},
                           {999, 16}, {1000, 48}, {25000, 48}, {60000, 48}, {3600000, 48}};

TEST(Heartbeat, pings_after_four_fifths_of_the_interval_of_silence_and_never_later_than_all_of_it) {
  for (const Pace& pace : kPaces) {
    const auto interval = static_cast<std::uint64_t>(pace.ping_interval);
    for (std::uint64_t heard = 0; heard <= 2 * interval; heard += std::max<std::uint64_t>(1, interval / 97)) {
      Simulation simulation(1000, limits(pace.ping_interval, 1000));
      // Bytes come often before, so that nothing but the last ones counts.
      for (std::uint64_t time = 0; time < heard; time += std::max<std::uint64_t>(1, interval / 3)) {
        simulation.hear_at(1000 + time);
      }
      simulation.hear_at(1000 + heard);
      ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
      const std::uint64_t silence = simulation.now() - 1000 - heard;
      EXPECT_LE(silence, interval) << pace.ping_interval << " after " << heard;
      EXPECT_GE(silence + static_cast<std::uint64_t>(pace.slack), interval * 4 / 5)
          << pace.ping_interval << " after " << heard;
    }
  }
}

TEST(Heartbeat, pings_a_peer_that_never_said_anything) {
  Simulation simulation(0, limits(25000, 10000));
  ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
  EXPECT_LE(simulation.now(), 25000U);
}

TEST(Heartbeat, never_pings_a_peer_that_is_heard_often_enough) {
  Simulation simulation(0, limits(25000, 10000));
  for (std::uint64_t time = 0; time < 10000000; time += 19000) simulation.hear_at(time);
  EXPECT_EQ(simulation.progress_asked, 0) << "a system call for nothing";
}

TEST(Heartbeat, looks_five_times_in_an_interval_however_late_each_look_is) {
  for (const std::uint64_t lateness : {0U, 1U, 5U, 300U}) {
    Simulation simulation(0, limits(25000, 10000));
    simulation.lateness = lateness;
    for (std::uint64_t time = 0; time <= 1000000; time += 15000) simulation.hear_at(time);
    EXPECT_NEAR(simulation.looks, 200, 4) << lateness;
  }
}

TEST(Heartbeat, a_late_look_does_not_delay_those_after_it) {
  for (const int interval : {50, 1000}) {
    Simulation simulation(0, limits(interval, 500));
    simulation.lateness = 2;  // of each timer
    ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
    EXPECT_LE(simulation.now(), static_cast<std::uint64_t>(interval) + 2);
  }
}

TEST(Heartbeat, looks_at_many_connections_fall_on_common_lines) {
  std::vector<std::uint64_t> times;
  for (std::uint64_t start = 0; start < 25000; start += 7) {
    Heartbeat heartbeat(start, limits(25000, 10000));
    times.push_back(start + heartbeat.next_check(start));
  }
  std::sort(times.begin(), times.end());
  const auto lines = std::unique(times.begin(), times.end()) - times.begin();
  EXPECT_LE(lines, 70);
}

TEST(Heartbeat, a_ping_that_is_answered_begins_a_new_interval) {
  Simulation simulation(0, limits(1000, 500));
  for (int each = 0; each < 100; ++each) {
    ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
    const std::uint64_t answered = simulation.now() + 300;
    simulation.hear_at(answered);
    ASSERT_FALSE(simulation.run_until(answered + 750)) << "so soon after an answer";
  }
}

TEST(Heartbeat, a_peer_that_is_silent_after_a_ping_is_dead_when_the_answer_is_due) {
  struct Row {
    int ping_interval;
    int pong_timeout;
  };
  for (const Row& row :
       {Row{1000, 500}, Row{1000, 10}, Row{1000, 1}, Row{100, 5000}, Row{25000, 10000}, Row{25000, 1}}) {
    Simulation simulation(77, limits(row.ping_interval, row.pong_timeout));
    ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
    const std::uint64_t pinged = simulation.now();
    ASSERT_EQ(simulation.run_until(kLongTime), Beat::kNoAnswer);
    EXPECT_GE(simulation.now() - pinged, static_cast<std::uint64_t>(row.pong_timeout));
    EXPECT_LE(simulation.now() - pinged, static_cast<std::uint64_t>(row.pong_timeout) + 1)
        << row.ping_interval << " " << row.pong_timeout;
    EXPECT_EQ(simulation.progress_asked, 2);
  }
}

TEST(Heartbeat, any_byte_before_the_answer_is_due_is_life) {
  for (const std::uint64_t after : {0U, 1U, 250U, 499U}) {
    Simulation simulation(0, limits(1000, 500));
    ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
    simulation.hear_at(simulation.now() + after);
    EXPECT_EQ(simulation.run_until(kLongTime), Beat::kPing) << after;
  }
}

TEST(Heartbeat, progress_of_our_own_bytes_before_the_ping_is_life_too) {
  Simulation simulation(0, limits(1000, 500));
  simulation.progress = {.taken = UINT32_MAX - 2, .written = 2};  // five bytes lie before the ping; counts wrap
  ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
  const std::uint64_t pinged = simulation.now();
  for (std::uint64_t each = 1; each <= 5; ++each) {
    ++simulation.progress.taken;
    ASSERT_FALSE(simulation.run_until(pinged + each * 500 + 5)) << each;
  }
  // It has been delivered. Whatever else the kernel takes, there is no answer.
  simulation.progress = {.taken = 1000, .written = 2000};
  ASSERT_EQ(simulation.run_until(kLongTime), Beat::kNoAnswer);
  EXPECT_NEAR(static_cast<double>(simulation.now()), static_cast<double>(pinged + 3000), 10);
}

TEST(Heartbeat, a_peer_that_takes_nothing_is_dead_however_much_lies_before_the_ping) {
  Simulation simulation(0, limits(1000, 500));
  simulation.progress = {.taken = 0, .written = 100000};
  ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
  const std::uint64_t pinged = simulation.now();
  ASSERT_EQ(simulation.run_until(kLongTime), Beat::kNoAnswer);
  EXPECT_LE(simulation.now() - pinged, 505U);
}

TEST(Heartbeat, a_kernel_that_takes_bytes_behind_the_ping_is_no_sign_of_life) {
  Simulation simulation(0, limits(1000, 500));
  simulation.progress = {.taken = 7, .written = 7};
  ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
  const std::uint64_t pinged = simulation.now();
  simulation.progress = {.taken = 9, .written = 500};
  ASSERT_EQ(simulation.run_until(kLongTime), Beat::kNoAnswer);
  EXPECT_LE(simulation.now() - pinged, 505U);
}

TEST(Heartbeat, without_a_pong_timeout_it_pings_and_nobody_is_dead) {
  Simulation simulation(0, limits(1000, 0));
  for (std::uint64_t each = 1; each <= 100; ++each) {
    ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing);
    EXPECT_LE(simulation.now(), each * 1000);
  }
}

TEST(Heartbeat, without_a_ping_interval_it_is_off) {
  const Limits off = limits(0, 10000);
  Heartbeat heartbeat(0, off);
  for (std::uint64_t now = 0; now < 1000000; now += 1000) {
    EXPECT_EQ(heartbeat.check(now, off), Beat::kQuiet);
  }
}

TEST(Heartbeat, a_check_before_its_time_changes_nothing) {
  const Limits some = limits(1000, 500);
  Heartbeat heartbeat(0, some);
  for (std::uint64_t now = 0; now < 100; ++now) {
    EXPECT_EQ(heartbeat.check(now, some), Beat::kQuiet);
    EXPECT_GT(heartbeat.next_check(now), 50U) << "the look is where it was";
  }
}

// Times are kept modulo 2^32: after 49 days of uptime they begin again at 0.
TEST(Heartbeat, works_across_the_wrap_of_its_clock) {
  constexpr std::uint64_t kWrap = std::uint64_t{1} << 32;
  for (const int pong_timeout : {7000, 10000}) {  // due between two looks, and at a look
    for (std::uint64_t before = 0; before <= 40000; before += 250) {
      Simulation simulation(kWrap - before, limits(25000, pong_timeout));
      ASSERT_EQ(simulation.run_until(kLongTime), Beat::kPing) << before;
      const std::uint64_t pinged = simulation.now();
      EXPECT_LE(pinged, kWrap - before + 25000) << before;
      EXPECT_GE(pinged, kWrap - before + 19000) << before;
      ASSERT_EQ(simulation.run_until(kLongTime), Beat::kNoAnswer) << before;
      EXPECT_EQ(simulation.now(), pinged + static_cast<std::uint64_t>(pong_timeout)) << before;
      EXPECT_LE(simulation.looks, 10) << "it looks too often " << before << " ms before the wrap";
    }
  }
}

}  // namespace
}  // namespace ws
