// Writing to a stream: what leaves when and in how many system calls, and what happens where the socket is full. That
// the order of bytes survives all of it is shown in stream_order_test.
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "reactor/shared_bytes.hpp"
#include "reactor/stream.hpp"
#include "reactor/ticker.hpp"
#include "tests/reactor/epoll_interest.hpp"
#include "tests/reactor/wire.hpp"

namespace reactor::tests {
namespace {

// Fills the socket and leaves `waiting` bytes or more in the queue.
void fill(Wire& wire, std::size_t size = kMoreThanASocketTakes) {
  wire.stream->write({}, bytes(std::string(size, 'x')));
  ASSERT_TRUE(wire.stream->full());
  ASSERT_GT(wire.stream->unsent(), 0U);
}

// ---- How many sends

TEST(StreamOutput, many_small_writes_of_its_own_turn_leave_in_one_send) {
  Wire wire(packet_pair());
  std::string sent;
  wire.in_own_turn([&] {
    for (int count = 0; count < 100; ++count) {
      const std::string header = std::to_string(count);
      wire.stream->write(bytes(header), bytes(":reply "));
      sent += header + ":reply ";
    }
    EXPECT_EQ(wire.stream->unsent(), sent.size());
    EXPECT_EQ(wire.peer.receive_packet(), "") << "they wait for the end of the input";
  });
  EXPECT_EQ(wire.peer.receive_packet(), sent);
  EXPECT_EQ(wire.peer.receive_packet(), "");
  EXPECT_EQ(wire.stream->unsent(), 0U);
}

TEST(StreamOutput, the_fast_way_for_small_writes_leads_to_the_same_send) {
  Wire wire(packet_pair());
  wire.in_own_turn([&] {
    wire.stream->write(bytes("slow "));
    std::uint8_t* room = wire.stream->cork_room(5);
    ASSERT_NE(room, nullptr);
    std::ranges::copy(bytes("fast "), room);
    wire.stream->add_corked(5);
    wire.stream->write(bytes("slow"));
  });
  EXPECT_EQ(wire.peer.receive_packet(), "slow fast slow");
  EXPECT_EQ(wire.peer.receive_packet(), "");
}

TEST(StreamOutput, the_fast_way_is_closed_outside_its_own_turn_and_behind_what_is_queued) {
  Wire wire;
  EXPECT_EQ(wire.stream->cork_room(1), nullptr);
  wire.in_own_turn([&] {
    EXPECT_EQ(wire.stream->cork_room(Loop::kCorkSize + 1), nullptr);
    EXPECT_NE(wire.stream->cork_room(Loop::kCorkSize), nullptr);
    wire.stream->write_shared(SharedBytes::copy_of(bytes("queued")));
    EXPECT_EQ(wire.stream->cork_room(1), nullptr);
  });
  wire.in_own_turn([&] {
    wire.stream->finish_output();
    EXPECT_EQ(wire.stream->cork_room(1), nullptr);
  });
}

TEST(StreamOutput, replies_leave_before_the_next_input_is_received) {
  Wire wire(packet_pair());
  std::array<std::uint8_t, 5> room{};  // filled to the brim by each packet: the stream reads on at once
  wire.handler.land = [&] { return std::span(room); };
  wire.stream->use_landing(true);
  std::string seen_in_second_call;
  wire.handler.at_input = [&](std::string_view input) {
    if (wire.handler.calls == 2) seen_in_second_call = wire.peer.receive_packet();
    wire.stream->write(bytes("re: "), bytes(input));
  };
  wire.peer.send("first");
  wire.peer.send("other");
  ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.calls == 2; }));
  EXPECT_EQ(seen_in_second_call, "re: first");
  EXPECT_EQ(wire.peer.receive_packet(), "re: other");
}

// Neither the turn of another stream, nor a timer, nor a posted function sends by itself: the end of the turn does.
TEST(StreamOutput, writes_from_anywhere_else_leave_in_one_send_at_the_end_of_the_turn) {
  Wire wire(packet_pair());
  const auto write_three = [&] {
    wire.stream->write(bytes("one "));
    wire.stream->write_shared(SharedBytes::copy_of(bytes("two ")));
    wire.stream->write(bytes("th"), bytes("ree"));
    EXPECT_EQ(wire.stream->unsent(), 13U);
    EXPECT_EQ(wire.peer.receive_packet(), "");
  };
  const auto expect_one_packet = [&] {
    ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.stream->unsent() == 0; }));
    EXPECT_EQ(wire.peer.receive_packet(), "one two three");
    EXPECT_EQ(wire.peer.receive_packet(), "");
  };
  {
    SCOPED_TRACE("no turn at all");
    write_three();
    expect_one_packet();
  }
  {
    SCOPED_TRACE("a posted function");
    bool done = false;
    wire.loop.post([&] { write_three(), done = true; });
    ASSERT_TRUE(turn_until(wire.loop, [&] { return done; }));
    expect_one_packet();
  }
  {
    SCOPED_TRACE("a timer");
    bool done = false;
    Deadline deadline;
    deadline.start(wire.loop, Milliseconds(1), [&] { write_three(), done = true; });
    ASSERT_TRUE(turn_until(wire.loop, [&] { return done; }));
    expect_one_packet();
  }
  {
    SCOPED_TRACE("another stream's turn");
    SocketPair pair = unix_pair();
    Peer other_peer(std::move(pair.theirs));
    Stream other(wire.loop, std::move(pair.ours));
    Recorder other_handler;
    other.attach(other_handler);
    other_handler.at_input = [&](std::string_view) {
      other.write(bytes("mine"));
      write_three();
    };
    other_peer.send("go");
    ASSERT_TRUE(turn_until(wire.loop, [&] { return other_handler.calls == 1; }));
    expect_one_packet();
    EXPECT_EQ(other_peer.receive(), "mine");
  }
}

TEST(StreamOutput, shared_bytes_leave_256_pieces_in_a_send) {
  Wire wire(packet_pair());
  const SharedBytes piece = SharedBytes::copy_of(bytes("0123456789"));
  for (int count = 0; count < 300; ++count) wire.stream->write_shared(piece);
  turn(wire.loop, 1);
  EXPECT_EQ(wire.peer.receive_packet().size(), 2560U);
  EXPECT_EQ(wire.peer.receive_packet().size(), 440U);
  EXPECT_TRUE(piece.unique()) << "what has been sent is let go of";
}

TEST(StreamOutput, part_of_shared_bytes_can_be_sent) {
  Wire wire;
  const SharedBytes piece = SharedBytes::copy_of(bytes("0123456789"));
  wire.stream->write_shared(piece, 7);
  wire.stream->write_shared(piece, 2, 3);
  wire.stream->write_shared(piece, 10);
  wire.stream->write_shared({});
  turn(wire.loop, 1);
  EXPECT_EQ(wire.peer.receive(), "789234");
}

TEST(StreamOutput, flush_sends_what_is_corked_and_what_is_queued_now) {
  Wire wire(packet_pair());
  wire.in_own_turn([&] {
    wire.stream->write(bytes("corked"));
    wire.stream->flush();
    EXPECT_EQ(wire.peer.receive_packet(), "corked");
    wire.stream->write_shared(SharedBytes::copy_of(bytes("queued")));
    wire.stream->flush();
    EXPECT_EQ(wire.peer.receive_packet(), "queued");
    wire.stream->flush();
  });
  EXPECT_EQ(wire.peer.receive_packet(), "");
}

// ---- Large writes

TEST(StreamOutput, a_large_payload_leaves_at_once_behind_what_is_corked) {
  for (const std::size_t size : {2049U, 20'000U, 60'000U}) {
    Wire wire(packet_pair());
    const std::string payload = pattern(size);
    wire.in_own_turn([&] {
      wire.stream->write(bytes("small "));
      wire.stream->write(bytes("header "), bytes(payload));
      EXPECT_EQ(wire.stream->unsent(), 0U);
      EXPECT_EQ(wire.peer.receive_packet(), "small header " + payload);
    });
  }
}

TEST(StreamOutput, a_large_payload_leaves_at_once_from_anywhere_else_too) {
  Wire wire(packet_pair());
  const std::string payload = pattern(20'000);
  wire.stream->write(bytes("header "), bytes(payload));
  EXPECT_EQ(wire.peer.receive_packet(), "header " + payload);
}

TEST(StreamOutput, a_large_payload_is_not_copied_because_something_small_is_queued_before_it) {
  Wire wire;
  set_send_buffer(wire.stream->fd(), 1024 * 1024);
  const std::string payload = pattern(100'000);
  wire.stream->write(bytes("small "));
  wire.stream->write(bytes("header "), bytes(payload));
  EXPECT_EQ(wire.stream->unsent(), 0U);
  EXPECT_EQ(wire.peer.receive(), "small header " + payload);
}

TEST(StreamOutput, what_the_socket_refuses_of_a_large_payload_goes_back_uncopied) {
  for (const bool own_turn : {false, true}) {
    Wire wire;
    set_send_buffer(wire.stream->fd(), 16 * 1024);
    const SharedBytes payload = SharedBytes::copy_of(bytes(pattern(1'000'000)));
    const auto write = [&] {
      const std::size_t refused = wire.stream->write_some(bytes("header "), payload.view());
      EXPECT_GT(refused, 0U);
      EXPECT_LT(refused, payload.size()) << "the socket took what it could";
      EXPECT_EQ(wire.stream->unsent(), 0U);
      EXPECT_TRUE(payload.unique());
      wire.stream->write_shared(payload, payload.size() - refused);
      EXPECT_EQ(wire.stream->unsent(), refused);
      EXPECT_EQ(wire.stream->write_some(bytes("2"), payload.view().first(5000)), 5000U) << "nothing overtakes";
      EXPECT_EQ(wire.stream->unsent(), refused + 1);
      wire.stream->write_shared(payload, 0, 5000);
    };
    if (own_turn) {
      wire.in_own_turn(write);
    } else {
      write();
    }
    std::string received;
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      received += wire.peer.receive();
      return wire.stream->unsent() == 0 && received.size() >= 1'005'008;
    }));
    EXPECT_EQ(received, "header " + text(payload.view()) + "2" + text(payload.view().first(5000)));
    EXPECT_TRUE(payload.unique());
  }
}

// Whatever is passed as `header` and whatever as `payload`: nothing may outgrow the cork.
TEST(StreamOutput, header_and_payload_may_have_any_size) {
  const std::array<std::size_t, 9> sizes = {
      0, 1, 2047, 2048, 2049, Loop::kCorkSize - 1, Loop::kCorkSize, Loop::kCorkSize + 1, 300'000};
  for (const std::size_t header_size : sizes) {
    for (const std::size_t payload_size : sizes) {
      Wire wire;
      const std::string header = pattern(header_size, 1);
      const std::string payload = pattern(payload_size, 2);
      std::string received;
      wire.in_own_turn([&] {
        wire.stream->write(bytes("before"));
        wire.stream->write(bytes(header), bytes(payload));
        wire.stream->write(bytes("after"));
      });
      ASSERT_TRUE(turn_until(wire.loop, [&] {
        received += wire.peer.receive();
        return received.size() >= header_size + payload_size + 11;
      }));
      std::string expected = "before";
      expected.append(header).append(payload).append("after");
      EXPECT_TRUE(received == expected) << header_size << " and " << payload_size;
    }
  }
}

// ---- A socket that is full

TEST(StreamOutput, epollout_is_asked_for_only_while_a_full_socket_is_waited_for) {
  Wire wire;
  if (!epoll_interest(wire.stream->fd())) GTEST_SKIP() << "/proc does not tell what epoll watches";
  const auto asked = [&] { return (epoll_interest(wire.stream->fd()).value_or(0) & EPOLLOUT) != 0; };
  EXPECT_FALSE(asked());
  wire.stream->write(bytes("small"));
  turn(wire.loop);
  EXPECT_FALSE(asked());
  fill(wire);
  EXPECT_TRUE(asked());
  ASSERT_TRUE(turn_until(wire.loop, [&] {
    wire.peer.receive();
    return wire.stream->unsent() == 0;
  }));
  EXPECT_FALSE(asked());
  EXPECT_FALSE(wire.stream->full());
}

TEST(StreamOutput, on_drained_is_called_once_when_all_that_waited_has_left) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    wire.stream->write(bytes("taken at once"));
    turn(wire.loop);
    EXPECT_EQ(wire.handler.drained, 0);
    wire.handler.at_drained = [&] { EXPECT_EQ(wire.stream->unsent(), 0U); };
    for (int round = 1; round <= 3; ++round) {
      fill(wire);
      turn(wire.loop);
      EXPECT_EQ(wire.handler.drained, round - 1);
      ASSERT_TRUE(turn_until(wire.loop, [&] {
        wire.peer.receive(100'000);
        return wire.stream->unsent() == 0;
      }));
      turn(wire.loop);
      EXPECT_EQ(wire.handler.drained, round);
      ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.peer.receive().empty(); }));
    }
  }
}

TEST(StreamOutput, what_on_drained_writes_is_corked_and_may_fill_the_socket_again) {
  Wire wire;
  constexpr int kRounds = 5;
  std::string expected;
  const auto fill_again = [&] {
    const std::string more = pattern(400'000, static_cast<std::uint32_t>(wire.handler.drained) + 1);
    wire.stream->write(bytes("head"), bytes(more));
    wire.stream->write(bytes("tail"));
    expected += "head" + more + "tail";
  };
  fill_again();
  wire.handler.at_drained = [&] {
    if (wire.handler.drained < kRounds) fill_again();
  };
  std::string received;
  ASSERT_TRUE(turn_until(wire.loop, [&] {
    received += wire.peer.receive(30'000);
    return wire.handler.drained == kRounds && received.size() == expected.size();
  }));
  EXPECT_TRUE(received == expected);
}

TEST(StreamOutput, a_full_socket_does_not_keep_input_from_being_read) {
  Wire wire;
  fill(wire);
  wire.peer.send("still heard");
  ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.input == "still heard"; }));
  EXPECT_TRUE(wire.stream->full());
}

// ---- Counting

TEST(StreamOutput, unacknowledged_counts_what_the_kernel_holds) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    EXPECT_EQ(wire.stream->unacknowledged(), 0U);
    fill(wire);
    EXPECT_GT(wire.stream->unacknowledged(), 0U);
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      wire.peer.receive();
      return wire.stream->unsent() == 0 && wire.stream->unacknowledged() == 0;
    }));
    wire.stream->close();
    EXPECT_EQ(wire.stream->unacknowledged(), 0U);
    EXPECT_EQ(wire.stream->unsent(), 0U);
  }
}

TEST(StreamOutput, output_progress_says_when_nothing_is_on_its_way) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    fill(wire);
    const OutputProgress before = wire.stream->output_progress();
    EXPECT_LT(static_cast<std::int32_t>(before.taken - before.written), 0);
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      wire.peer.receive();
      return wire.stream->output_progress().taken == before.written;
    }));
    EXPECT_EQ(wire.stream->output_progress().written, before.written);
  }
}

TEST(StreamOutput, output_progress_changes_when_the_peer_takes_something_and_only_then) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    fill(wire);
    std::uint32_t before = 0;
    int same = 0;  // acknowledgements of what the peer's buffer still took may be on their way
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      same = wire.stream->output_progress().taken == before ? same + 1 : 0;
      before = wire.stream->output_progress().taken;
      return same >= 20;
    }));
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      wire.peer.receive(100'000);
      return wire.stream->output_progress().taken != before;
    }));
  }
}

}  // namespace
}  // namespace reactor::tests
