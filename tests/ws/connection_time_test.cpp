// The deadlines of a connection: silence is answered by a ping and then by the end, and a message must be whole in
// time. Limits are short here. A test says that something happened not before its time, and that something did not
// happen at all while the peer did what keeps a connection alive; never that the machine was fast.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/ws/line.hpp"
#include "ws/connection.hpp"

namespace ws {
namespace {

using namespace tests;

constexpr Role kRoles[] = {Role::kServer, Role::kClient};

// Calls `action` every `period` for `time`, turning the loop; what it sends is received before any deadline is looked
// at. Returns the longest time between two calls: a machine that is busy with something else may stretch one.
std::uint64_t keep_doing(reactor::Loop& loop, std::uint64_t time, std::uint64_t period,
                         const std::function<void()>& action) {
  const std::uint64_t end = loop.now() + time;
  std::uint64_t last = loop.now() - period;
  std::uint64_t longest = 0;
  turn_until(loop, [&] {
    longest = std::max(longest, loop.now() - last);
    if (loop.now() >= last + period) {
      last = loop.now();
      action();
    }
    return loop.now() >= end;
  });
  return longest;
}

Limits beating(int ping_interval, int pong_timeout) {
  return {.ping_interval = Milliseconds(ping_interval), .pong_timeout = Milliseconds(pong_timeout)};
}

// ---- Is the peer still there?

TEST(Beating, a_silent_peer_is_pinged_and_lives_by_its_pongs) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role, .limits = beating(50, 10000)});
    for (int each = 0; each < 4; ++each) {
      const std::uint64_t start = loop.now();
      EXPECT_EQ(line.peer.next(), "ping");
      EXPECT_GE(loop.now() - start, 35U);
      line.peer.send(Opcode::kPong, "");
      turn(loop);
    }
    EXPECT_EQ(line.told().all(), "open");
  }
}

TEST(Beating, a_peer_that_does_not_answer_is_dropped_without_a_word) {
  for (const Role role : kRoles) {
    reactor::Loop loop;
    Line line(loop, {.role = role, .limits = beating(50, 40)},
              role == Role::kServer ? reactor::tests::tcp_pair() : reactor::tests::unix_pair());
    EXPECT_EQ(line.peer.next(), "ping");
    const std::uint64_t pinged = loop.now();
    EXPECT_TRUE(line.wait_until_gone());
    EXPECT_GE(loop.now() + 1, pinged + 40);
    EXPECT_EQ(line.told().all(), "open; close 1006 the peer did not answer a ping, lost; gone");
    EXPECT_EQ(line.peer.all_to_end(), "end") << "a Close frame would be one more thing that nobody answers";
    EXPECT_EQ(loop.residents(), 0U) << "nothing lingers";
  }
}

TEST(Beating, any_byte_is_life) {
  struct Row {
    const char* what;
    std::string bytes;
  };
  const Row rows[] = {
      {"messages", frame(Role::kClient, Opcode::kText, "x")},
      {"pings", frame(Role::kClient, Opcode::kPing, "x")},
      {"pongs that nobody asked for", frame(Role::kClient, Opcode::kPong, "x")},
      {"single bytes of an unfinished message", "x"},
  };
  for (const Row& row : rows) {
    reactor::Loop loop;
    Line line(loop, {.limits = beating(100, 20)});
    if (row.bytes == "x") line.peer.send(frame(Role::kClient, Opcode::kBinary, std::string(1000, 'x')).substr(0, 8));
    keep_doing(loop, 300, 10, [&] { line.peer.send(row.bytes); });
    EXPECT_FALSE(line.gone()) << row.what;
    EXPECT_EQ(line.peer.arrived().find("ping"), std::string::npos) << row.what;
  }
}

// The kernel of a program that has stopped takes what we say, until its buffers are full.
TEST(Beating, what_only_we_say_is_no_life) {
  for (const auto pair : {reactor::tests::unix_pair, +[] { return reactor::tests::tcp_pair(); }}) {
    reactor::Loop loop;
    Line line(loop, {.limits = beating(60, 60)}, pair());
    keep_doing(loop, 300, 5, [&] {
      if (!line.gone()) line.ws().write_text("still there?");
    });
    EXPECT_TRUE(line.wait_until_gone());
    EXPECT_EQ(line.told().end(), "close 1006 the peer did not answer a ping, lost");
  }
}

TEST(Beating, goes_on_for_ever_where_no_answer_is_asked_for) {
  reactor::Loop loop;
  Line line(loop, {.limits = beating(20, 0)});
  for (int each = 0; each < 5; ++each) EXPECT_EQ(line.peer.next(), "ping");
  EXPECT_FALSE(line.gone());
}

TEST(Beating, is_off_without_an_interval) {
  reactor::Loop loop;
  Line line(loop, {.limits = beating(0, 10)});
  keep_doing(loop, 100, 10, [] {});
  EXPECT_EQ(line.peer.arrived(), "");
  EXPECT_FALSE(line.gone());
}

// A peer on a slow line takes our bytes and has no turn to answer; one that takes nothing is not there.
TEST(Beating, progress_of_our_bytes_is_life_and_standing_still_is_not) {
  reactor::Loop loop;
  Line line(loop, {.limits = beating(100, 200)}, narrow_tcp_pair());
  line.ws().write_binary(std::vector<std::uint8_t>(20000000));
  keep_doing(loop, 900, 5, [&] { static_cast<void>(line.peer.socket().receive(8192)); });
  ASSERT_FALSE(line.gone()) << line.told().all();
  ASSERT_GT(line.ws().unsent(), 1000000U);
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().end(), "close 1006 the peer did not answer a ping, lost");
}

// ---- Is the message whole in time?

constexpr int kTimeout = 80;
const std::string kTooLate = "close 1008 the message did not arrive in time";  // NOLINT(cert-err58-cpp)

Limits hurrying() { return {.message_timeout = Milliseconds(kTimeout)}; }

TEST(MessageTimeout, runs_from_the_first_byte_to_the_last_and_not_between_bytes) {
  struct Row {
    const char* what;
    std::string start;
    std::string more;
  };
  const std::string large = frame(Role::kClient, Opcode::kBinary, std::string(5000000, 'x'));
  const Row rows[] = {
      {"one byte of a header", large.substr(0, 1), ""},
      {"a frame byte by byte", large.substr(0, 14), "x"},
      {"a large frame, which is received where it shall lie", large.substr(0, 1000000), "x"},
      {"fragments", frame(Role::kClient, Opcode::kText, "x", false),
       frame(Role::kClient, Opcode::kContinuation, "x", false)},
      {"empty fragments", frame(Role::kClient, Opcode::kText, "", false),
       frame(Role::kClient, Opcode::kContinuation, "", false)},
      {"fragments and pings", frame(Role::kClient, Opcode::kText, "x", false),
       frame(Role::kClient, Opcode::kPing, "x")},
      {"pings cut anywhere",
       frame(Role::kClient, Opcode::kText, "x", false) + frame(Role::kClient, Opcode::kPing, "x").substr(0, 3),
       frame(Role::kClient, Opcode::kPing, "x").substr(3) + frame(Role::kClient, Opcode::kPing, "x").substr(0, 3)},
      {"a ping that never ends", frame(Role::kClient, Opcode::kPing, "x").substr(0, 3), ""},
  };
  for (const Row& row : rows) {
    reactor::Loop loop;
    Line line(loop, {.limits = hurrying()}, reactor::tests::tcp_pair());
    const std::uint64_t start = loop.now();
    line.peer.send(row.start);
    turn(loop);
    EXPECT_TRUE(turn_until(loop, [&] {
      line.peer.socket().send_some(row.more);
      return line.gone();
    })) << row.what;
    EXPECT_GE(loop.now(), start + kTimeout) << row.what;
    EXPECT_EQ(line.told().all(), "open; " + kTooLate + ", by us; gone") << row.what;
    const std::string seen = line.peer.all_to_end();
    EXPECT_TRUE(seen.ends_with(kTooLate + "; end")) << row.what << ": " << seen;
  }
}

TEST(MessageTimeout, of_a_client_is_the_same) {
  reactor::Loop loop;
  Line line(loop, {.role = Role::kClient, .limits = hurrying()});
  line.peer.send(Opcode::kText, "begun", false);
  EXPECT_EQ(line.peer.all_to_end(), kTooLate + "; end");
}

TEST(MessageTimeout, begins_anew_with_each_message_also_where_one_ends_and_the_next_begins_in_one_receive) {
  struct Row {
    const char* what;
    std::string one;
    std::size_t cut;
  };
  const Row rows[] = {
      {"messages", frame(Role::kClient, Opcode::kText, "Hello"), 3},
      {"messages cut in the payload", frame(Role::kClient, Opcode::kText, "Hello"), 9},
      {"fragmented messages",
       frame(Role::kClient, Opcode::kText, "Hel", false) + frame(Role::kClient, Opcode::kContinuation, "lo"), 9},
      {"pings", frame(Role::kClient, Opcode::kPing, "Hello"), 3},
      {"pongs", frame(Role::kClient, Opcode::kPong, "Hello"), 9},
  };
  int stretched = 0;
  for (std::size_t index = 0; index < std::size(rows); ++index) {
    const Row& row = rows[index];
    reactor::Loop loop;
    Line line(loop, {.limits = hurrying()});
    line.peer.send(row.one.substr(0, row.cut));
    // Every receive has the end of one and the start of the next: there is always one under way, and none is late.
    const auto go_on = [&] { line.peer.send(row.one.substr(row.cut) + row.one.substr(0, row.cut)); };
    if (keep_doing(loop, 3 * kTimeout, 20, go_on) >= kTimeout / 2) {
      ASSERT_LT(++stretched, 50) << "the machine is too busy to tell";
      --index;  // again: that was we who were late
      continue;
    }
    EXPECT_FALSE(line.gone()) << row.what << ": " << line.told().end();
    const std::uint64_t last = loop.now() - 20;
    EXPECT_TRUE(line.wait_until_gone());
    EXPECT_GE(loop.now(), last + kTimeout / 2) << row.what;
    EXPECT_EQ(line.told().end(), kTooLate + ", by us") << row.what;
  }
}

TEST(MessageTimeout, does_not_run_between_messages) {
  reactor::Loop loop;
  Line line(loop, {.limits = hurrying()});
  const std::string message = frame(Role::kClient, Opcode::kText, "Hello");
  line.peer.send(message.substr(0, 7));
  turn(loop);
  line.peer.send(message.substr(7));
  EXPECT_TRUE(line.wait_for("text Hello"));
  keep_doing(loop, 2 * kTimeout, 10, [] {});
  EXPECT_EQ(line.told().all(), "open; text Hello");
}

TEST(MessageTimeout, that_passes_in_the_turn_of_the_end_is_not_heard_any_more) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.message_timeout = Milliseconds(20)}});
  line.peer.send(Opcode::kText, "begun", false);
  turn(loop);
  line.peer.socket().half_close();
  // Meanwhile the loop does not turn, so that the deadline and the end are found together.
  const std::uint64_t start = loop.now();
  while (loop.now() < start + 40) {
  }
  turn(loop, 1);
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().all(), "open; close 1006, lost; gone");
}

TEST(MessageTimeout, of_zero_is_off) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.message_timeout = Milliseconds(0), .ping_interval = Milliseconds(0)}});
  line.peer.send(Opcode::kText, "begun", false);
  keep_doing(loop, 2 * kTimeout, 10, [] {});
  EXPECT_FALSE(line.gone());
}

TEST(MessageTimeout, and_the_heartbeat_each_keep_their_time) {
  reactor::Loop loop;
  Limits limits = beating(40, 10000);
  limits.message_timeout = Milliseconds(300);
  Line line(loop, {.limits = limits});
  const std::uint64_t start = loop.now();
  line.peer.send(Opcode::kText, "begun", false);
  EXPECT_EQ(line.peer.next(), "ping");
  line.peer.send(Opcode::kPong, "");
  EXPECT_EQ(line.peer.next(), "ping");
  line.peer.send(Opcode::kPong, "");
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_GE(loop.now(), start + 300);
  EXPECT_EQ(line.told().end(), kTooLate + ", by us");
}

}  // namespace
}  // namespace ws
