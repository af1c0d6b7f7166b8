// Last words arrive. Closing a socket while input is unread makes the kernel send a reset, which destroys what is still
// on its way; the first test shows that, the others that lingering does not do it.
#include "reactor/linger.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "tests/reactor/wire.hpp"

namespace reactor::tests {
namespace {

using Clock = std::chrono::steady_clock;

// More than fits on the way, so that some of it is still with us when the end comes.
std::string last_words() { return pattern(1'000'000); }

// A peer who has sent much that nobody has read, and takes our last words slowly.
struct Scene : Wire {
  explicit Scene(SocketPair pair = small_tcp_pair()) : Wire(std::move(pair)) {
    stream->pause_reading();
    peer.send_some(pattern(200'000));
    turn(loop);
  }

  std::string hear_all() {
    std::string heard;
    EXPECT_TRUE(turn_until(loop, [&] {
      heard += peer.receive(50'000);
      return peer.finished() || peer.reset();
    }));
    return heard;
  }
};

TEST(Linger, a_plain_close_loses_the_last_words_when_input_is_unread) {
  Scene scene;
  scene.stream->write({}, bytes(last_words()));
  scene.stream->close();
  EXPECT_LT(scene.hear_all().size(), last_words().size());
  EXPECT_TRUE(scene.peer.reset());
}

TEST(Linger, the_last_words_arrive_though_input_is_unread) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Scene scene(transport.make());
    scene.stream->write({}, bytes(last_words()));
    linger(std::move(scene.stream));
    EXPECT_TRUE(scene.hear_all() == last_words());
    EXPECT_TRUE(scene.peer.finished());
  }
}

TEST(Linger, the_last_words_arrive_though_the_peer_goes_on_sending) {
  Scene scene;
  scene.stream->write(bytes("HTTP/1.1 431"));
  linger(std::move(scene.stream));
  std::string heard;
  const std::string more = pattern(100'000);
  ASSERT_TRUE(turn_until(scene.loop, [&] {
    scene.peer.send_some(more);
    heard += scene.peer.receive();
    return scene.peer.finished();
  }));
  EXPECT_EQ(heard, "HTTP/1.1 431");
}

TEST(Linger, its_handler_is_not_called_again) {
  Scene scene;
  linger(std::move(scene.stream));
  scene.hear_all();
  scene.peer.close();
  ASSERT_TRUE(turn_until(scene.loop, [&] { return scene.loop.residents() == 0; }));
  EXPECT_EQ(scene.handler.calls, 0);
  EXPECT_TRUE(scene.handler.ends.empty());
}

// ---- When it is over

TEST(Linger, it_is_over_when_the_peer_closes_too) {
  Scene scene;
  scene.stream->write(bytes("bye"));
  linger(std::move(scene.stream), FirstToClose::kUs, std::chrono::hours(1));
  EXPECT_EQ(scene.hear_all(), "bye");
  EXPECT_EQ(scene.loop.residents(), 1U);
  scene.peer.close();
  EXPECT_TRUE(turn_until(scene.loop, [&] { return scene.loop.residents() == 0; }));
}

TEST(Linger, it_is_over_when_the_peer_resets) {
  Scene scene;
  linger(std::move(scene.stream), FirstToClose::kUs, std::chrono::hours(1));
  scene.peer.close_by_reset();
  EXPECT_TRUE(turn_until(scene.loop, [&] { return scene.loop.residents() == 0; }));
}

TEST(Linger, it_is_over_when_its_time_is_over_even_if_the_peer_never_stops) {
  for (const bool sends_on : {false, true}) {
    Scene scene;
    scene.stream->write({}, bytes(last_words()));
    const auto start = Clock::now();
    linger(std::move(scene.stream), FirstToClose::kUs, Milliseconds(20));
    const std::string more = pattern(10'000);
    EXPECT_TRUE(turn_until(scene.loop, [&] {
      if (sends_on) scene.peer.send_some(more);
      return scene.loop.residents() == 0;
    }));
    EXPECT_GE(Clock::now() - start, Milliseconds(20));
  }
}

TEST(Linger, a_stream_that_is_closed_or_lost_already_does_not_linger) {
  Scene closed;
  closed.stream->close();
  linger(std::move(closed.stream));
  EXPECT_EQ(closed.loop.residents(), 0U);
  Scene lost;
  lost.stream->abort();
  linger(std::move(lost.stream), FirstToClose::kUs, std::chrono::hours(1));
  EXPECT_TRUE(turn_until(lost.loop, [&] { return lost.loop.residents() == 0; }));
}

// ---- A peer who has half-closed may still be reading

TEST(Linger, what_waits_for_a_peer_who_has_half_closed_still_arrives) {
  for (const Transport& transport : kTransports) {
    for (const bool told_before : {true, false}) {
      SCOPED_TRACE(std::string(transport.name) + (told_before ? ", told before" : ", told while lingering"));
      Wire wire(transport.make());
      if (!told_before) wire.stream->pause_reading();
      wire.peer.send("request");
      wire.peer.half_close();
      ASSERT_TRUE(turn_until(wire.loop, [&] { return !told_before || wire.handler.finished(); }));
      wire.stream->write({}, bytes(last_words()));
      ASSERT_GT(wire.stream->unsent(), 0U);
      linger(std::move(wire.stream), FirstToClose::kUs, std::chrono::hours(1));
      std::string heard;
      ASSERT_TRUE(turn_until(wire.loop, [&] {
        heard += wire.peer.receive(50'000);
        return wire.peer.finished() || wire.peer.reset();
      }));
      EXPECT_TRUE(heard == last_words()) << heard.size() << " bytes heard";
      EXPECT_TRUE(turn_until(wire.loop, [&] { return wire.loop.residents() == 0; }));
    }
  }
}

TEST(Linger, with_nothing_left_for_a_peer_who_has_half_closed_it_is_over_at_once) {
  Wire wire(small_tcp_pair());
  wire.peer.half_close();
  ASSERT_TRUE(turn_until(wire.loop, [&] { return wire.handler.finished(); }));
  linger(std::move(wire.stream), FirstToClose::kUs, std::chrono::hours(1));
  turn(wire.loop, 1);
  EXPECT_EQ(wire.loop.residents(), 0U);
}

// ---- Who closes first

// RFC 6455 7.1.1: a client waits for the server to close TCP first.
TEST(Linger, where_the_peer_shall_close_first_we_send_no_end_before_his) {
  for (const Transport& transport : kTransports) {
    SCOPED_TRACE(transport.name);
    Wire wire(transport.make());
    wire.stream->write(bytes("bye"));
    linger(std::move(wire.stream), FirstToClose::kPeer, std::chrono::hours(1));
    std::string heard;
    ASSERT_TRUE(turn_until(wire.loop, [&] { return (heard += wire.peer.receive()) == "bye"; }));
    turn(wire.loop);
    wire.peer.receive();
    EXPECT_FALSE(wire.peer.finished());
    wire.peer.half_close();
    ASSERT_TRUE(turn_until(wire.loop, [&] {
      wire.peer.receive();
      return wire.peer.finished();
    }));
    turn(wire.loop);
    EXPECT_EQ(wire.loop.residents(), 0U);
  }
}

TEST(Linger, where_the_peer_shall_close_first_and_does_not_the_time_ends_it) {
  Wire wire(small_tcp_pair());
  linger(std::move(wire.stream), FirstToClose::kPeer, Milliseconds(5));
  ASSERT_TRUE(turn_until(wire.loop, [&] {
    wire.peer.receive();
    return wire.peer.finished();
  }));
}

// ---- The loop

TEST(Linger, a_shut_down_waits_for_it) {
  Scene scene;
  scene.stream->write(bytes("bye"));
  linger(std::move(scene.stream), FirstToClose::kUs, Milliseconds(20));
  scene.loop.shut_down(std::chrono::hours(1));
  scene.loop.run();
  EXPECT_EQ(scene.loop.cut_off_count(), 0U);
  EXPECT_EQ(scene.peer.receive(), "bye");
}

TEST(Linger, a_connection_counts_as_admitted_while_it_lingers) {
  Scene scene;
  Admission admission;
  scene.loop.admissions().admit(scene.stream->peer(), admission);
  scene.stream->admit(std::move(admission));
  linger(std::move(scene.stream));
  turn(scene.loop);
  EXPECT_EQ(scene.loop.admissions().open(), 1U);
  scene.peer.close_by_reset();
  EXPECT_TRUE(turn_until(scene.loop, [&] { return scene.loop.admissions().open() == 0; }));
}

}  // namespace
}  // namespace reactor::tests
