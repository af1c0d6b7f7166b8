// A peer that does not read (RFC 6455 is silent about it, and most memory leaks of servers are it): what it is owed
// stays bounded because it is not read from, nothing is lost or reordered when it reads again, and only the newest of
// its pings waits for an answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/ws/heap.hpp"
#include "tests/ws/line.hpp"
#include "ws/connection.hpp"
#include "ws/masking_keys.hpp"

namespace ws {
namespace {

using namespace tests;

constexpr std::size_t kReceive = reactor::Loop::kReceiveBufferSize;

void echo(Connection& ws, const Message& message) { ws.write_message(message.type, message.payload); }

std::string zeros(std::size_t size) { return std::string(size, '\0'); }

// Sends frames until the connection takes no more; returns how many bytes that were.
std::size_t stuff(reactor::Loop& loop, Line& line, std::string_view frame_bytes) {
  std::size_t sent = 0;
  std::size_t in_frame = 0;
  for (int idle = 0; idle < 20;) {
    const std::size_t part = line.peer.socket().send_some(frame_bytes.substr(in_frame));
    sent += part;
    in_frame = (in_frame + part) % frame_bytes.size();
    idle = part == 0 ? idle + 1 : 0;
    loop.run_once(Milliseconds(0));
    if (sent > 4U << 20) break;
  }
  return sent;
}

struct Size {
  std::size_t payload = 0;
  std::size_t frames = 0;  // sent by the peer, all of which come back in the end
};

// ---- Reading pauses and goes on

TEST(Backpressure, pauses_the_reading_bounds_the_memory_and_loses_nothing) {
  static_cast<void>(MaskingKeys().next());  // what OpenSSL makes once
  for (const Role role : {Role::kServer, Role::kClient}) {
    const Role sender = role == Role::kServer ? Role::kClient : Role::kServer;
    for (const Size& size : {Size{5, 200000}, Size{1000, 6000}, Size{20000, 400}, Size{200000, 60}}) {
      reactor::Loop loop;
      Line line(loop, {.role = role}, size.payload == 20000 ? narrow_tcp_pair() : narrow_pair());
      const std::size_t high_water = Limits().high_water;
      std::size_t most = 0;
      line->at_message = [&](Connection& ws, const Message& message) {
        EXPECT_LE(ws.unsent(), high_water) << "a message that is read while the last answers are not taken";
        echo(ws, message);
        most = std::max(most, ws.unsent());
        line->log.clear();
      };
      std::string all;
      std::string payloads;
      for (std::size_t each = 0; each < size.frames; ++each) {
        const std::string payload = reactor::tests::pattern(size.payload, static_cast<std::uint32_t>(each + 1));
        all += frame(sender, Opcode::kBinary, payload);
        payloads += payload;
      }
      const std::size_t before = heap_in_use();
      std::string_view rest = all;
      for (int idle = 0; idle < 20;) {
        const std::size_t part = line.peer.socket().send_some(rest);
        rest.remove_prefix(part);
        idle = part == 0 ? idle + 1 : 0;
        loop.run_once(Milliseconds(0));
      }
      ASSERT_FALSE(rest.empty()) << "a peer that does not read must be stopped";
      // One message above high water, and one whole receive or unfinished message behind it.
      EXPECT_LE(most, high_water + size.payload + 14);
      EXPECT_LE(heap_in_use() - before, 2 * (high_water + size.payload) + kReceive + 2 * size.payload + 16384)
          << size.payload;
      // Now it reads, and everything is there, in order.
      std::string returned;
      std::size_t frames = 0;
      EXPECT_TRUE(turn_until(loop,
                             [&] {
                               rest.remove_prefix(line.peer.socket().send_some(rest));
                               for (const Frame& got : line.peer.take_all()) {
                                 returned += got.payload;
                                 ++frames;
                               }
                               return frames == size.frames;
                             }))
          << frames << " of " << size.frames;
      EXPECT_TRUE(returned == payloads) << "what comes back is what was sent, in order";
      EXPECT_TRUE(end_all(loop, {&line}));
    }
  }
}

TEST(Backpressure, a_paused_connection_keeps_at_most_one_receive_of_input) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.high_water = 0}}, narrow_pair());
  line->at_message = [&](Connection& ws, const Message&) {
    ws.write_binary(std::vector<std::uint8_t>(2000000));
    line->log.clear();
  };
  // One message fills the socket; what comes with it waits.
  const std::size_t before = heap_in_use();
  line.peer.send(Opcode::kText, "!");
  EXPECT_TRUE(turn_until(loop, [&] { return line.ws().unsent() > 0; }));
  const std::size_t paused = heap_in_use();
  EXPECT_LE(paused, before + 2200000);
  const std::size_t taken = stuff(loop, line, frame(Role::kClient, Opcode::kText, "!"));
  EXPECT_GT(taken, 0U);
  EXPECT_LE(heap_in_use(), paused + kReceive + 4096);
}

TEST(Backpressure, a_pause_in_the_middle_of_a_receive_keeps_the_rest_of_it) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.high_water = 1000}}, narrow_pair());
  int messages = 0;
  line->at_message = [&](Connection& ws, const Message& message) {
    ++messages;
    ws.write_text(message.text() == "large" ? zeros(3000000) : "small answer");
  };
  line.peer.send(frame(Role::kClient, Opcode::kText, "large") + frame(Role::kClient, Opcode::kText, "small") +
                 frame(Role::kClient, Opcode::kPing, "ping") + frame(Role::kClient, Opcode::kText, "last") +
                 frame(Role::kClient, Opcode::kClose, close_payload(1000)));
  EXPECT_TRUE(line.wait_for("text large"));
  turn(loop, 20);
  EXPECT_EQ(messages, 1) << "the others wait until the large answer is taken";
  EXPECT_EQ(line.peer.all_to_end(),
            "text 3000000 bytes; text small answer; pong ping; text small answer; close 1000; end");
  EXPECT_EQ(line.told().all(), "open; text large; drain; text small; text last; close 1000, by the peer, clean; gone");
}

TEST(Backpressure, stops_also_a_session_that_answers_a_little_with_a_lot) {
  reactor::Loop loop;
  Line line(loop, {}, narrow_pair());
  int messages = 0;
  line->at_message = [&](Connection& ws, const Message&) {
    ++messages;
    ws.write_text(zeros(100000));
  };
  std::string requests;
  for (int each = 0; each < 100; ++each) requests += frame(Role::kClient, Opcode::kText, "?");
  line.peer.send(requests);
  turn(loop, 20);
  EXPECT_LT(messages, 60) << "though all requests came in one packet";
  const int before = messages;
  turn(loop, 20);
  EXPECT_EQ(messages, before);
  EXPECT_TRUE(turn_until(loop, [&] {
    line.peer.take();
    return messages == 100;
  }));
  EXPECT_TRUE(end_all(loop, {&line}));
}

TEST(Backpressure, what_the_peer_said_before_it_went_is_heard_after_it_has_read) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.high_water = 1000}}, narrow_pair());
  line->at_message = [](Connection& ws, const Message&) { ws.write_text(zeros(3000000)); };
  line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kText, "two"));
  line.peer.socket().half_close();
  EXPECT_EQ(line.peer.all_to_end(), "text 3000000 bytes; text 3000000 bytes; end");
  EXPECT_EQ(line.told().all(), "open; text one; drain; text two; drain; close 1006, lost; gone");
}

TEST(Backpressure, a_peer_that_never_reads_again_and_resets_is_gone) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.high_water = 1000}}, narrow_pair());
  line->at_message = [](Connection& ws, const Message&) { ws.write_text(zeros(3000000)); };
  line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kText, "two"));
  turn(loop, 10);
  line.peer.socket().close_by_reset();
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().all(), "open; text one; close 1006, lost; gone");
}

// ---- Who produces by himself

TEST(Drain, is_told_when_all_that_waited_has_left) {
  reactor::Loop loop;
  Line line(loop, {}, narrow_pair());
  line->at_drain = [](Connection& ws) { EXPECT_EQ(ws.unsent(), 0U); };
  line.ws().write_text(zeros(3000000));
  EXPECT_TRUE(line.ws().above_high_water());
  turn(loop, 10);
  EXPECT_EQ(line.told().all(), "open");
  EXPECT_EQ(line.peer.next(), "text 3000000 bytes");
  EXPECT_TRUE(line.wait_for("drain"));
  EXPECT_EQ(line.told().all(), "open; drain");
}

// A producer that stops when it is told to must be told to go on, wherever it writes from and whatever sizes it writes;
// also where what it wrote was only waiting for the end of the turn.
TEST(Drain, follows_whenever_the_high_water_mark_was_passed) {
  enum class From { kOpen, kMessage, kPosted };
  for (const From from : {From::kOpen, From::kMessage, From::kPosted}) {
    for (const std::size_t size : {10UL, 1000UL, 3000UL, 30000UL, 100000UL}) {
      for (const std::size_t high_water : {0UL, 100UL, 65536UL}) {
        reactor::Loop loop;
        constexpr std::size_t kTotal = 1000000;
        std::size_t produced = 0;
        const std::string payload(size, 'x');
        const auto produce = [&](Connection& ws) {
          while (produced < kTotal && !ws.above_high_water()) {
            ws.write_text(payload);
            produced += size;
          }
        };
        auto told = std::make_shared<Told>();
        if (from == From::kOpen) told->at_open = produce;
        if (from == From::kMessage) told->at_message = [&](Connection& ws, const Message&) { produce(ws); };
        told->at_drain = produce;
        Line line(loop, {.limits = {.high_water = high_water}, .told = told}, narrow_pair());
        if (from == From::kMessage) line.peer.text("go");
        if (from == From::kPosted) loop.post([&] { produce(line.ws()); });
        const bool done = spin_until(loop, [&] {
          static_cast<void>(line.peer.socket().receive());
          return produced >= kTotal;
        });
        EXPECT_TRUE(done) << "the producer waits for ever: from " << static_cast<int>(from) << ", " << size
                          << " bytes, high water " << high_water << ", after " << produced;
        if (!done) return;
      }
    }
  }
}

TEST(Drain, may_fill_the_socket_again) {
  reactor::Loop loop;
  Line line(loop, {}, narrow_pair());
  int rounds = 0;
  line->at_drain = [&](Connection& ws) {
    if (++rounds < 5) ws.write_text(zeros(3000000));
  };
  line.ws().write_text(zeros(3000000));
  EXPECT_TRUE(turn_until(loop, [&] {
    line.peer.take();
    return rounds == 5;
  }));
  EXPECT_EQ(line.peer.received(), 5 * (3000000U + 10));
}

TEST(Drain, comes_before_the_messages_that_waited) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.high_water = 1000}}, narrow_pair());
  bool first = true;
  line->at_message = [&](Connection& ws, const Message&) {
    if (std::exchange(first, false)) ws.write_text(zeros(3000000));
  };
  // A session that closes in on_drain hears nothing of what waited.
  line->at_drain = [](Connection& ws) { ws.close(4000); };
  line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kText, "two") +
                 frame(Role::kClient, Opcode::kClose, close_payload(1000)));
  EXPECT_EQ(line.peer.all_to_end(), "text 3000000 bytes; close 4000; end");
  EXPECT_EQ(line.told().all(), "open; text one; drain; close 4000, by us, clean; gone");
}

// ---- Pings to a peer that does not take the answers

TEST(PingFlood, leaves_one_pong_waiting_for_the_newest_ping) {
  for (const std::size_t payload : {0UL, 4UL, 125UL}) {
    reactor::Loop loop;
    Line line(loop, {.limits = {.high_water = 4000000}}, narrow_pair());
    line.ws().write_text(zeros(3000000));  // below high water, so pings are read while the socket is full
    turn(loop);
    const std::size_t before = line.ws().unsent();
    ASSERT_GT(before, 1000000U);
    std::string pings;
    for (int each = 0; each < 10000; ++each) {
      std::string text = std::to_string(each);
      text.resize(payload, 'x');
      pings += frame(Role::kClient, Opcode::kPing, text);
    }
    const std::size_t heap = heap_in_use();
    line.peer.send(pings);
    const std::string newest = std::string("the newest").substr(0, payload);
    line.peer.send(Opcode::kPing, newest);
    line.peer.text("heard");
    EXPECT_TRUE(line.wait_for("text heard"));
    EXPECT_EQ(line.ws().unsent(), before);
    EXPECT_LE(heap_in_use(), heap + 2000);
    EXPECT_EQ(line.peer.next(), "text 3000000 bytes");
    EXPECT_EQ(line.peer.next(), newest.empty() ? "pong" : "pong " + newest);
    line.peer.send(Opcode::kPing, "after");
    EXPECT_EQ(line.peer.next(), "pong after") << "no pong is sent twice";
  }
}

TEST(PingFlood, without_a_reader_costs_no_memory) {
  reactor::Loop loop;
  Line line(loop, {}, narrow_pair());
  turn(loop);
  const std::size_t before = heap_in_use();
  const std::string ping = frame(Role::kClient, Opcode::kPing, std::string(125, 'p'));
  const std::size_t flooded = stuff(loop, line, ping);
  EXPECT_GT(flooded, 1000000U) << "below high water it reads on";
  EXPECT_LE(heap_in_use(), before + Limits().high_water + kReceive + 8192);
}

TEST(PingFlood, the_owed_pong_is_not_sent_behind_our_close_frame) {
  reactor::Loop loop;
  Line line(loop, {.limits = {.high_water = 4000000}}, narrow_pair());
  line.ws().write_text(zeros(3000000));
  line.peer.send(Opcode::kPing, "owed");
  line.peer.text("heard");
  EXPECT_TRUE(line.wait_for("text heard"));
  line.ws().close(4000);
  EXPECT_EQ(line.peer.next(), "text 3000000 bytes");
  EXPECT_EQ(line.peer.next(), "close 4000");
  turn(loop);
  line.peer.close_frame(4000);
  EXPECT_EQ(line.peer.all_to_end(), "end");
}

// ---- Time stands still for a peer that we do not read

TEST(PausedMessage, is_not_late_while_we_do_not_read_it) {
  reactor::Loop loop;
  constexpr std::uint64_t kTimeout = 150;
  Line line(loop, {.limits = {.high_water = 1000, .message_timeout = Milliseconds(kTimeout)}}, narrow_pair());
  line->at_message = [](Connection& ws, const Message&) { ws.write_text(zeros(3000000)); };
  // The message begins behind one whose answer fills the socket, in the same receive.
  line.peer.send(frame(Role::kClient, Opcode::kText, "one") + frame(Role::kClient, Opcode::kText, "begun ", false));
  EXPECT_TRUE(line.wait_for("text one"));
  const std::uint64_t start = loop.now();
  turn_until(loop, [&] { return loop.now() > start + 2 * kTimeout; });
  EXPECT_EQ(line.told().all(), "open; text one");
  // Its end is in the socket before reading goes on, and comes in time however late that is.
  line.peer.send(Opcode::kContinuation, "and ended");
  EXPECT_EQ(line.peer.next(), "text 3000000 bytes");
  EXPECT_TRUE(line.wait_for("text begun and ended")) << line.told().all();
}

TEST(PausedMessage, has_the_rest_of_its_time_when_we_read_on) {
  reactor::Loop loop;
  constexpr std::uint64_t kTimeout = 200;
  Line line(loop, {.limits = {.high_water = 1000, .message_timeout = Milliseconds(kTimeout)}}, narrow_pair());
  const std::uint64_t begun = loop.now();
  line.peer.send(Opcode::kText, "begun", false);
  turn(loop);
  // The session itself fills the socket, and a ping, which may come between fragments, makes the connection see it.
  line.ws().write_text(zeros(3000000));
  line.peer.send(Opcode::kPing, "");
  turn(loop);
  const std::uint64_t paused = loop.now();
  turn_until(loop, [&] { return loop.now() > paused + 2 * kTimeout; });
  EXPECT_EQ(line.told().all(), "open");
  const std::uint64_t read = loop.now();
  EXPECT_EQ(line.peer.next(), "text 3000000 bytes");
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_EQ(line.told().all(), "open; drain; close 1008 the message did not arrive in time, by us; gone");
  EXPECT_GE(loop.now(), read + kTimeout - (paused - begun));
}

TEST(PausedClose, does_not_get_more_time_by_the_pause) {
  reactor::Loop loop;
  const Limits limits = {.high_water = 1000, .close_timeout = Milliseconds(300)};
  Line paused(loop, {.limits = limits}, narrow_pair());
  Line other(loop, {.limits = limits});
  paused.ws().write_text(zeros(3000000));
  paused.peer.text("never read while the socket is full");
  turn(loop);
  const std::uint64_t start = loop.now();
  turn_until(loop, [&] { return loop.now() > start + 100; });
  std::string order;
  paused->at_close = [&](Connection&, const Closed&) { order += "paused "; };
  other->at_close = [&](Connection&, const Closed&) { order += "other "; };
  // Both in one turn, so that both are due at one tick.
  loop.post([&] {
    paused.ws().close();
    other.ws().close();
  });
  EXPECT_EQ(paused.peer.next(), "text 3000000 bytes");
  EXPECT_TRUE(other.wait_until_gone());
  EXPECT_NE(order.find("paused "), std::string::npos) << "its deadline was moved by the time of the pause";
}

}  // namespace
}  // namespace ws
