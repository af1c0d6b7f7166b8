// Reading from a stream: every byte once and in order, pauses, shares, where bytes land, and handing the stream to
// another handler. Writing and ending have files of their own (stream_output_test, stream_end_test).
#include "reactor/stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "tests/reactor/wire.hpp"

namespace reactor::tests {
namespace {

constexpr std::size_t kShare = Loop::kReceiveBufferSize;

TEST(Stream, every_byte_arrives_once_and_in_order) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    const std::string sent = pattern(1'000'000);
    std::string_view rest = sent;
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      rest.remove_prefix(wire.peer.send_some(rest));
      return wire.handler.input.size() == sent.size();
    }));
    EXPECT_EQ(wire.handler.input, sent);
  }
}

TEST(Stream, nothing_is_read_before_attach) {
  Loop loop;
  SocketPair pair = unix_pair();
  Peer peer(std::move(pair.theirs));
  Stream stream(loop, std::move(pair.ours));
  peer.send("early");
  turn(loop);
  Recorder handler;
  stream.attach(handler);
  ASSERT_TRUE(turn_until(loop, [&] { return !handler.input.empty(); }));
  EXPECT_EQ(handler.input, "early");
}

TEST(Stream, it_knows_both_addresses) {
  const Wire wire(tcp_pair());
  EXPECT_EQ(wire.stream->peer().to_string(), Address::of_socket(wire.peer.fd()).to_string());
  EXPECT_EQ(wire.stream->local().to_string(), Address::of_peer(wire.peer.fd()).to_string());
  wire.stream->close();
  EXPECT_EQ(wire.stream->peer().to_string(), "unknown");
}

// ---- Pauses

TEST(Stream, a_paused_stream_reads_nothing_until_it_is_resumed) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    wire.stream->pause_reading();
    EXPECT_TRUE(wire.stream->reading_paused());
    wire.peer.send("one");
    turn(wire.loop);
    wire.peer.send("two");
    turn(wire.loop);
    EXPECT_EQ(wire.handler.calls, 0);
    wire.stream->resume_reading();
    wire.stream->resume_reading();
    EXPECT_EQ(wire.handler.calls, 0) << "the handler is called in a later turn, not from inside resume_reading";
    ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.input == "onetwo"; }));
    wire.peer.send("three");
    ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.input == "onetwothree"; }));
  }
}

TEST(Stream, resuming_where_nothing_is_there_calls_nobody) {
  Wire wire;
  wire.stream->pause_reading();
  turn(wire.loop);
  wire.stream->resume_reading();
  turn(wire.loop);
  EXPECT_EQ(wire.handler.calls, 0);
}

// The event for what is still in the socket has been used up: the stream itself must remember it.
TEST(Stream, a_pause_from_inside_on_input_stops_at_once_and_loses_nothing) {
  Wire wire;
  const std::string sent = pattern(3 * kShare / 2);
  wire.handler.at_input = [&](std::string_view) { wire.stream->pause_reading(); };
  wire.peer.send(sent);
  for (int calls = 1; wire.handler.input.size() < sent.size(); ++calls) {
    ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.calls == calls; }));
    turn(wire.loop);
    EXPECT_EQ(wire.handler.calls, calls);
    wire.stream->resume_reading();
  }
  EXPECT_EQ(wire.handler.input, sent);
}

TEST(Stream, a_pause_and_resume_within_one_call_changes_nothing) {
  Wire wire;
  const std::string sent = pattern(3 * kShare / 2);
  wire.handler.at_input = [&](std::string_view) {
    wire.stream->pause_reading();
    wire.stream->resume_reading();
  };
  wire.peer.send(sent);
  ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.input.size() == sent.size(); }));
  turn(wire.loop);
  EXPECT_EQ(wire.handler.input, sent);
}

// ---- Shares

TEST(Stream, a_peer_with_much_to_say_gets_a_share_before_the_others_and_not_all) {
  Loop loop;
  std::array<Recorder, 2> handlers;
  std::array<std::unique_ptr<Stream>, 2> streams;
  std::array<std::unique_ptr<Peer>, 2> peers;
  std::array<std::size_t, 2> seen{};  // of the other's input, at each one's first call
  const std::string much = pattern(3 * kShare);
  for (std::size_t index = 0; index < 2; ++index) {
    SocketPair pair = unix_pair();
    set_send_buffer(pair.theirs.get(), 1024 * 1024);
    streams[index] = std::make_unique<Stream>(loop, std::move(pair.ours));
    peers[index] = std::make_unique<Peer>(std::move(pair.theirs));
    handlers[index].at_input = [&, index](std::string_view) {
      if (handlers[index].calls == 1) seen[index] = handlers[1 - index].input.size();
    };
    streams[index]->attach(handlers[index]);
    if (peers[index]->send_some(much) < much.size()) GTEST_SKIP() << "this system allows no large socket buffers";
  }
  ASSERT_TRUE(turn_until(loop, [&] { return handlers[0].input == much && handlers[1].input == much; }));
  EXPECT_EQ(seen[0] + seen[1], kShare) << "the first one has had one share when the second one's turn comes";
}

TEST(Stream, a_peer_who_never_stops_leaves_time_for_everything_else) {
  Wire wire;
  const std::string more = pattern(kShare);
  wire.handler.at_input = [&](std::string_view) {
    wire.handler.input.clear();
    wire.peer.send_some(more);  // the socket is never empty
  };
  wire.peer.send_some(more);
  int posted = 0;
  for (int count = 0; count < 20; ++count) {
    wire.loop.post([&] { ++posted; });
    wire.loop.run_once(Milliseconds(1000));
  }
  EXPECT_GE(posted, 18);
}

// ---- Where bytes land

TEST(Stream, bytes_land_where_the_handler_wants_them) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    std::array<std::uint8_t, 10> room{};
    std::size_t used = 0;
    bool in_place = true;
    wire.handler.land = [&] { return std::span(room).subspan(used); };
    wire.handler.at_input = [&](std::string_view input) {
      in_place = in_place && (used == room.size() || input.data() == reinterpret_cast<const char*>(&room[used]));
      used = std::min(room.size(), used + input.size());
    };
    wire.stream->use_landing(true);
    wire.peer.send("0123");
    ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.input.size() == 4; }));
    wire.peer.send("456789abcdef");
    ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.input == "0123456789abcdef"; }));
    EXPECT_TRUE(in_place);
    EXPECT_EQ(text(room), "0123456789");
  }
}

TEST(Stream, nobody_is_asked_for_a_landing_before_he_says_so) {
  Wire wire;
  int asked = 0;
  wire.handler.land = [&] {
    ++asked;
    return std::span<std::uint8_t>();
  };
  wire.peer.send("a");
  ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.input == "a"; }));
  EXPECT_EQ(asked, 0);
  wire.stream->use_landing(true);
  wire.peer.send("b");
  ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.input == "ab"; }));
  EXPECT_GT(asked, 0);
}

// ---- Another handler

TEST(Stream, from_attach_on_another_handler_is_called) {
  Wire wire;
  const std::string sent = pattern(3 * kShare / 2);
  Recorder second;
  wire.handler.at_input = [&](std::string_view) { wire.stream->attach(second); };
  wire.peer.send(sent);
  ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.input.size() + second.input.size() == sent.size(); }));
  EXPECT_EQ(wire.handler.calls, 1);
  EXPECT_EQ(wire.handler.input + second.input, sent);
  wire.peer.close();
  ASSERT_TRUE(turn_until(wire.loop, [&] { return second.finished(); }));
  EXPECT_TRUE(wire.handler.ends.empty());
}

TEST(Stream, where_epoll_refuses_the_descriptor_the_handler_hears_that_it_is_lost) {
  Loop loop;
  Stream stream(loop, FileDescriptor(::open("/proc/self/status", O_RDONLY | O_CLOEXEC)));  // no file is ever awaited
  Recorder handler;
  stream.attach(handler);
  EXPECT_TRUE(handler.ends.empty()) << "not from inside attach";
  turn(loop, 1);
  EXPECT_TRUE(handler.lost());
}

}  // namespace
}  // namespace reactor::tests
