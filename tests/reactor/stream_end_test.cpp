// How a stream ends: half-closes, resets, sends that fail; each told once, and nothing after it. And what a handler may
// do to its stream from inside every call: anything (run under the address sanitizer).
#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactor/linger.hpp"
#include "reactor/stream.hpp"
#include "tests/reactor/wire.hpp"

namespace reactor::tests {
namespace {

std::uint32_t segments_received(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  return info.tcpi_segs_in;
}

// ---- The peer ends

TEST(StreamEnd, the_peers_half_close_is_told_once_and_we_may_still_write) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    wire.peer.send("last words");
    wire.peer.half_close();
    ASSERT_TRUE(turn_until(wire.loop, [&] { return !wire.handler.ends.empty(); }));
    EXPECT_EQ(wire.handler.input, "last words");
    EXPECT_TRUE(wire.handler.finished());
    EXPECT_TRUE(wire.stream->input_finished());
    EXPECT_FALSE(wire.stream->closed());
    wire.stream->write(bytes("the answer"));
    std::string received;
    ASSERT_TRUE(turn_until(wire.loop, [&] { return (received += wire.peer.receive()) == "the answer"; }));
  }
}

TEST(StreamEnd, an_answer_from_inside_on_end_leaves) {
  Wire wire;
  wire.handler.at_end = [&](StreamEnd) {
    wire.stream->write(bytes("good"));
    wire.stream->write(bytes("bye"));
    wire.stream->finish_output();
  };
  wire.peer.half_close();
  std::string received;
  ASSERT_TRUE(turn_until(wire.loop, [&] {
    received += wire.peer.receive();
    return wire.peer.finished();
  }));
  EXPECT_EQ(received, "goodbye");
}

// Two segments are two wake-ups for the peer, and twice the way through the network for us.
TEST(StreamEnd, the_last_words_and_the_end_are_one_segment) {
  Wire wire(tcp_pair());
  std::uint32_t before = 0;
  wire.in_own_turn([&] {
    before = segments_received(wire.peer.fd());
    wire.stream->write(bytes("goodbye"));
    wire.stream->finish_output();
  });
  std::string received;
  ASSERT_TRUE(turn_until(wire.loop, [&] {
    received += wire.peer.receive();
    return wire.peer.finished();
  }));
  EXPECT_EQ(received, "goodbye");
  EXPECT_EQ(segments_received(wire.peer.fd()) - before, 1U);
}

// Edge-triggered epoll repeats IN and RDHUP with every EPOLLOUT, and a HUP follows our own end.
TEST(StreamEnd, the_half_close_is_not_told_again_with_later_events) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    wire.stream->write({}, bytes(std::string(kMoreThanASocketTakes, 'x')));
    wire.peer.half_close();
    ASSERT_TRUE(turn_until(wire.loop, [&] { return !wire.handler.ends.empty(); }));
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      wire.peer.receive(100'000);
      return wire.stream->unsent() == 0;
    }));
    wire.stream->finish_output();
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      wire.peer.receive();
      return wire.peer.finished();
    }));
    turn(wire.loop);
    EXPECT_EQ(wire.handler.drained, 1);
    EXPECT_TRUE(wire.handler.finished()) << wire.handler.ends.size() << " ends";
  }
}

TEST(StreamEnd, unread_input_comes_before_the_end) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    wire.stream->pause_reading();
    const std::string sent = pattern(150'000);
    std::string_view rest = sent;
    rest.remove_prefix(wire.peer.send_some(rest));
    ASSERT_TRUE(rest.empty());
    wire.peer.close();
    turn(wire.loop);
    EXPECT_EQ(wire.handler.calls, 0);
    EXPECT_TRUE(wire.handler.ends.empty()) << "a paused stream is told of the end when it has read up to it";
    wire.handler.at_end = [&](StreamEnd) { EXPECT_EQ(wire.handler.input.size(), sent.size()); };
    wire.stream->resume_reading();
    ASSERT_TRUE(turn_until(wire.loop, [&] { return !wire.handler.ends.empty(); }));
    EXPECT_EQ(wire.handler.input, sent);
    EXPECT_TRUE(wire.handler.finished());
  }
}

TEST(StreamEnd, both_directions_end_each_in_its_own_time) {
  for (const Transport& transport : kTransports) {
    for (const bool we_first : {true, false}) {
      SCOPED_TRACE(std::string(transport.name) + (we_first ? ", we first" : ", the peer first"));
      Wire wire(transport.make());
      std::string received;
      const auto we_end = [&] {
        wire.stream->write(bytes("ours"));
        wire.stream->finish_output();
        ASSERT_TRUE(turn_until(wire.loop, [&] {
          received += wire.peer.receive();
          return wire.peer.finished();
        }));
      };
      if (we_first) we_end();
      wire.peer.send("theirs");
      wire.peer.half_close();
      ASSERT_TRUE(turn_until(wire.loop, [&] { return !wire.handler.ends.empty(); }));
      if (!we_first) we_end();
      turn(wire.loop);
      EXPECT_EQ(wire.handler.input, "theirs");
      EXPECT_EQ(received, "ours");
      EXPECT_TRUE(wire.handler.finished());
    }
  }
}

TEST(StreamEnd, a_reset_is_told_once_as_lost) {
  Wire wire(tcp_pair());
  wire.peer.close_by_reset();
  ASSERT_TRUE(turn_until(wire.loop, [&] { return !wire.handler.ends.empty(); }));
  turn(wire.loop);
  EXPECT_TRUE(wire.handler.lost());
  EXPECT_TRUE(wire.stream->closed());
}

TEST(StreamEnd, a_reset_behind_a_half_close_is_told_as_lost) {
  Wire wire(tcp_pair());
  wire.peer.half_close();
  ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.finished(); }));
  wire.peer.close_by_reset();
  ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.ends.size() == 2; }));
  EXPECT_EQ(wire.handler.ends.back(), StreamEnd::kLost);
}

// What the peer said before it went (a Close frame, say) still counts, though our own output has nowhere to go.
TEST(StreamEnd, input_is_read_before_a_full_socket_turns_out_to_be_dead) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    wire.stream->write({}, bytes(std::string(kMoreThanASocketTakes, 'x')));
    ASSERT_TRUE(wire.stream->full());
    wire.peer.send("I am leaving");
    wire.peer.close();  // with unread input: a reset
    ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.stream->closed(); }));
    EXPECT_EQ(wire.handler.input, "I am leaving");
    EXPECT_EQ(wire.handler.ends.back(), StreamEnd::kLost);
    EXPECT_EQ(wire.handler.drained, 0);
  }
}

TEST(StreamEnd, a_paused_and_full_stream_learns_that_the_peer_is_gone) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    wire.stream->pause_reading();
    wire.stream->write({}, bytes(std::string(kMoreThanASocketTakes, 'x')));
    wire.peer.send("unheard");
    wire.peer.close();
    ASSERT_TRUE(turn_until(wire.loop, [&] { return !wire.handler.ends.empty(); }));
    EXPECT_TRUE(wire.handler.lost());
    EXPECT_EQ(wire.handler.calls, 0);
  }
}

// ---- We end

TEST(StreamEnd, the_half_close_follows_the_last_byte_that_waits) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    const std::string sent = pattern(1'000'000);
    set_send_buffer(wire.stream->fd(), 4096);
    wire.stream->write(bytes("head"), bytes(sent));
    wire.stream->finish_output();
    EXPECT_GT(wire.stream->unsent(), 0U);
    std::string received;
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      received += wire.peer.receive();
      return wire.peer.finished();
    }));
    EXPECT_TRUE(received == "head" + sent);
  }
}

TEST(StreamEnd, writes_behind_the_end_are_dropped) {
  enum class How { kFinishOutput, kClose, kAbort };
  for (const How how : {How::kFinishOutput, How::kClose, How::kAbort}) {
    for (const bool own_turn : {false, true}) {
      Wire wire;
      const auto end_and_write = [&] {
        wire.stream->write(bytes("before"));
        wire.stream->flush();
        if (how == How::kFinishOutput) wire.stream->finish_output();
        if (how == How::kClose) wire.stream->close();
        if (how == How::kAbort) wire.stream->abort();
        const std::string large = pattern(100'000);
        wire.stream->write(bytes("after"));
        wire.stream->write(bytes("after"), bytes(large));
        EXPECT_EQ(wire.stream->write_some(bytes("after"), bytes(large)), 0U);
        wire.stream->write_shared(SharedBytes::copy_of(bytes("after")));
        EXPECT_EQ(wire.stream->cork_room(1), nullptr);
        wire.stream->flush();
        wire.stream->finish_output();
        EXPECT_EQ(wire.stream->unsent(), 0U);
      };
      if (own_turn) {
        wire.in_own_turn(end_and_write);
      } else {
        end_and_write();
      }
      std::string received;
      ASSERT_TRUE(turn_until(wire.loop, [&] {
        received += wire.peer.receive();
        return wire.peer.finished() || wire.peer.reset();
      }));
      EXPECT_EQ(received, "before");
    }
  }
}

TEST(StreamEnd, after_close_the_handler_is_not_called) {
  Wire wire;
  wire.stream->write(bytes("queued for the end of the turn"));
  wire.peer.send("never read");
  wire.stream->close();
  turn(wire.loop);
  wire.peer.close();
  turn(wire.loop);
  EXPECT_TRUE(wire.handler.input.empty());
  EXPECT_TRUE(wire.handler.ends.empty());
}

// A write runs nobody's code: its caller may be walking a list of connections.
TEST(StreamEnd, a_send_that_fails_is_told_at_the_end_of_the_turn_and_not_from_inside_the_write) {
  for (const Transport& transport : kTransports) {
    for (const std::size_t size : {std::size_t{5}, std::size_t{100'000}}) {
      SCOPED_TRACE(transport.name);
      Wire wire(transport.make());
      wire.stream->pause_reading();  // or the reading would notice first
      wire.stream->write(bytes("unread"));
      turn(wire.loop);
      wire.peer.close();
      const std::string payload = pattern(size);
      bool failed_inside = false;
      ASSERT_TRUE(turn_until(wire.loop, [&] {
        if (wire.stream->closed()) return true;
        const std::size_t before = wire.handler.ends.size();
        wire.stream->write(bytes("x"), bytes(payload));
        wire.stream->flush();
        failed_inside = failed_inside || wire.handler.ends.size() != before;
        return false;
      }));
      EXPECT_FALSE(failed_inside);
      turn(wire.loop);
      EXPECT_TRUE(wire.handler.lost());
    }
  }
}

TEST(StreamEnd, abort_is_told_as_lost_at_the_end_of_the_turn) {
  Wire wire;
  wire.peer.send("never read");
  wire.stream->abort();
  wire.stream->abort();
  EXPECT_TRUE(wire.handler.ends.empty());
  turn(wire.loop, 1);
  EXPECT_TRUE(wire.handler.lost());
  EXPECT_EQ(wire.handler.calls, 0);
  turn(wire.loop);
  EXPECT_TRUE(wire.handler.lost());
}

// Both have input in the same batch; whoever comes first ends the other.
TEST(StreamEnd, one_stream_may_end_another_whose_event_waits_in_the_same_batch) {
  enum class Deed { kClose, kDestroy, kAbort };
  for (const Deed deed : {Deed::kClose, Deed::kDestroy, Deed::kAbort}) {
    Loop loop;
    std::array<Recorder, 2> handlers;
    std::array<std::unique_ptr<Stream>, 2> streams;
    std::array<std::unique_ptr<Peer>, 2> peers;
    for (std::size_t index = 0; index < 2; ++index) {
      SocketPair pair = unix_pair();
      streams[index] = std::make_unique<Stream>(loop, std::move(pair.ours));
      peers[index] = std::make_unique<Peer>(std::move(pair.theirs));
      streams[index]->attach(handlers[index]);
      handlers[index].at_input = [&, index](std::string_view) {
        auto& other = streams[1 - index];
        other->write(bytes("queued"));
        if (deed == Deed::kClose) other->close();
        if (deed == Deed::kDestroy) other.reset();
        if (deed == Deed::kAbort) other->abort();
      };
    }
    for (const auto& peer : peers) peer->send("input");
    ASSERT_TRUE(turn_until(loop, [&] { return handlers[0].calls + handlers[1].calls > 0; }));
    turn(loop);
    EXPECT_EQ(handlers[0].calls + handlers[1].calls, 1);
    EXPECT_EQ(handlers[0].ends.size() + handlers[1].ends.size(), deed == Deed::kAbort ? 1U : 0U);
  }
}

// ---- Anything from anywhere

enum class Call { kInput, kDrained, kFinished, kLost, kLostBySend };

// Brings it about that the handler gets `call`, in whose turn the deed is done.
void bring_about(Call call, Wire& wire) {
  switch (call) {
    case Call::kInput: wire.peer.send(pattern(100'000)); break;
    case Call::kDrained:
      wire.stream->write({}, bytes(std::string(kMoreThanASocketTakes, 'x')));
      for (int count = 0; count < 1000 && wire.handler.drained == 0; ++count) {
        wire.peer.receive();
        wire.loop.run_once(Milliseconds(1));
      }
      break;
    case Call::kFinished: wire.peer.half_close(); break;
    case Call::kLost: wire.peer.close_by_reset(); break;
    case Call::kLostBySend:
      wire.stream->pause_reading();
      wire.peer.close_by_reset();
      wire.stream->write({}, bytes(pattern(5000)));
      break;
  }
}

struct Deed {
  const char* name = nullptr;
  std::function<void(Wire&, Recorder& second)> act;
  bool handler_is_done = false;  // it hears nothing more
};

const std::vector<Deed>& deeds() {
  static const std::vector<Deed> kDeeds = {
      {.name = "close", .act = [](Wire& wire, Recorder&) { wire.stream->close(); }, .handler_is_done = true},
      {.name = "destroy", .act = [](Wire& wire, Recorder&) { wire.stream.reset(); }, .handler_is_done = true},
      {.name = "write, then destroy",
       .act =
           [](Wire& wire, Recorder&) {
             wire.stream->write(bytes("small"));
             wire.stream->write(bytes("large"), bytes(pattern(1'000'000)));
             wire.stream.reset();
           },
       .handler_is_done = true},
      {.name = "finish, then close",
       .act =
           [](Wire& wire, Recorder&) {
             wire.stream->finish_output();
             wire.stream->close();
           },
       .handler_is_done = true},
      {.name = "attach another",
       .act = [](Wire& wire, Recorder& second) { wire.stream->attach(second); },
       .handler_is_done = true},
      {.name = "linger", .act = [](Wire& wire, Recorder&) { linger(std::move(wire.stream)); }, .handler_is_done = true},
      {.name = "write, then linger",
       .act =
           [](Wire& wire, Recorder&) {
             wire.stream->write(bytes("small"));
             wire.stream->write(bytes("large"), bytes(pattern(1'000'000)));
             linger(std::move(wire.stream), FirstToClose::kPeer, Milliseconds(1));
           },
       .handler_is_done = true},
      {.name = "finish", .act = [](Wire& wire, Recorder&) { wire.stream->finish_output(); }},
      {.name = "abort", .act = [](Wire& wire, Recorder&) { wire.stream->abort(); }},
      {.name = "pause", .act = [](Wire& wire, Recorder&) { wire.stream->pause_reading(); }},
      {.name = "pause and resume",
       .act =
           [](Wire& wire, Recorder&) {
             wire.stream->pause_reading();
             wire.stream->resume_reading();
           }},
      {.name = "write", .act = [](Wire& wire, Recorder&) { wire.stream->write(bytes("a"), bytes("reply")); }},
      {.name = "shut the loop down", .act = [](Wire& wire, Recorder&) { wire.loop.shut_down(Milliseconds(0)); }},
  };
  return kDeeds;
}

TEST(StreamEnd, a_handler_may_do_anything_to_its_stream_from_inside_every_call) {
  for (const Call call : {Call::kInput, Call::kDrained, Call::kFinished, Call::kLost, Call::kLostBySend}) {
    for (const Deed& deed : deeds()) {
      SCOPED_TRACE(std::string(deed.name) + " in call " + std::to_string(static_cast<int>(call)));
      Recorder second;
      Wire wire(small_tcp_pair());
      int done = 0;
      int calls_then = 0;
      const auto calls = [&] {
        return wire.handler.calls + wire.handler.drained + static_cast<int>(wire.handler.ends.size());
      };
      const auto act = [&] {
        if (wire.stream == nullptr) return;
        if (++done > 1) return;
        deed.act(wire, second);
        calls_then = calls();
      };
      wire.handler.at_input = [&](std::string_view) { act(); };
      wire.handler.at_drained = act;
      wire.handler.at_end = [&](StreamEnd) { act(); };
      bring_about(call, wire);
      EXPECT_TRUE(turn_until(wire.loop, [&] { return done > 0; }));
      turn(wire.loop);
      wire.peer.receive();
      wire.peer.close();
      turn(wire.loop);
      if (deed.handler_is_done) {
        EXPECT_EQ(calls(), calls_then);
      }
    }
  }
}

}  // namespace
}  // namespace reactor::tests
