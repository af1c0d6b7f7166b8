// The way out: names, several addresses, refusals, time, and loops that end meanwhile. Nobody outside this machine is
// called: an address that never answers is a listening socket of our own with a full queue.
#include "reactor/connector.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "reactor/listener.hpp"
#include "tests/reactor/sockets.hpp"
#include "tests/reactor/temporary_folder.hpp"
#include "tests/reactor/turns.hpp"

namespace reactor::tests {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kLong = std::chrono::hours(1);

// What came of an attempt; counts how often it was told.
struct Outcome {
  ConnectHandler handler() {
    return [this](Connected came) {
      ++times;
      connected = std::move(came);
    };
  }
  bool wait(Loop& loop) {
    return turn_until(loop, [this] { return times > 0; });
  }
  bool contains(const std::string& words) const { return connected.failure.find(words) != std::string::npos; }

  Connected connected;
  int times = 0;
};

// A socket that listens and takes nobody any more: who calls gets no answer.
class Silent {
 public:
  Silent() : socket_(listening_socket(0)) {
    for (int count = 0; count < 4; ++count) callers_.push_back(call(address()));
  }
  Address address() const { return Address::of_socket(socket_.get()); }

 private:
  FileDescriptor socket_;
  std::vector<FileDescriptor> callers_;
};

Address address_of(const FileDescriptor& socket) { return Address::of_socket(socket.get()); }

// An address of this machine where nobody listens.
Address nobody() { return address_of(listening_socket()); }

TEST(Connector, it_connects_by_name_and_by_digits) {
  const FileDescriptor listening = listening_socket();
  const std::uint16_t port = address_of(listening).port();
  for (const char* host : {"127.0.0.1", "localhost"}) {
    SCOPED_TRACE(host);
    Loop loop;
    Outcome outcome;
    connect_tcp(loop, host, port, kLong, outcome.handler());
    EXPECT_EQ(outcome.times, 0) << "not from inside the call";
    ASSERT_TRUE(outcome.wait(loop));
    EXPECT_EQ(outcome.connected.failure, "");
    ASSERT_TRUE(outcome.connected.socket.valid());
    EXPECT_EQ(Address::of_peer(outcome.connected.socket.get()).port(), port);
    EXPECT_EQ(loop.residents(), 0U);
    turn(loop);
    EXPECT_EQ(outcome.times, 1);
  }
}

TEST(Connector, the_socket_is_non_blocking_close_on_exec_and_without_delay) {
  const FileDescriptor listening = listening_socket();
  Loop loop;
  Outcome outcome;
  connect_tcp(loop, "127.0.0.1", address_of(listening).port(), kLong, outcome.handler());
  ASSERT_TRUE(outcome.wait(loop));
  const int fd = outcome.connected.socket.get();
  EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
}

TEST(Connector, a_refusal_names_what_was_wanted_and_what_was_tried) {
  Loop loop;
  Outcome outcome;
  const Address refusing = nobody();
  connect_tcp(loop, "localhost", refusing.port(), kLong, outcome.handler());
  ASSERT_TRUE(outcome.wait(loop));
  EXPECT_FALSE(outcome.connected.socket.valid());
  EXPECT_TRUE(outcome.contains("cannot connect to localhost:" + std::to_string(refusing.port())))
      << outcome.connected.failure;
  EXPECT_TRUE(outcome.contains("refused")) << outcome.connected.failure;
}

TEST(Connector, a_name_that_there_is_not_is_named) {
  Loop loop;
  Outcome outcome;
  connect_tcp(loop, "no such host", 80, kLong, outcome.handler());
  ASSERT_TRUE(outcome.wait(loop));
  EXPECT_TRUE(outcome.contains("cannot connect to no such host:80")) << outcome.connected.failure;
  EXPECT_FALSE(outcome.connected.socket.valid());
}

// The kernel is done with it in the call that begins it, as a rule: sometimes another thread of it is in between.
TEST(Connector, a_connection_to_this_machine_needs_no_turn_of_its_own) {
  const FileDescriptor listening = listening_socket();
  int at_once = 0;
  for (int count = 0; count < 50 && at_once == 0; ++count) {
    Loop loop;
    Outcome outcome;
    connect_to(loop, {address_of(listening)}, kLong, outcome.handler());
    loop.run_once(Milliseconds(0));
    if (outcome.connected.socket.valid()) ++at_once;
  }
  EXPECT_GT(at_once, 0);
}

// ---- From where

Address loopback(int last) { return *Address::numeric("127.0.0." + std::to_string(last), 0); }

TEST(Connector, it_connects_from_the_source_that_it_is_given) {
  const FileDescriptor listening = listening_socket();
  Loop loop;
  for (const int last : {2, 3}) {
    Outcome outcome;
    connect_to(loop, {address_of(listening)}, kLong, outcome.handler(), loopback(last));
    ASSERT_TRUE(outcome.wait(loop));
    ASSERT_TRUE(outcome.connected.socket.valid()) << outcome.connected.failure;
    Address from = address_of(outcome.connected.socket);
    EXPECT_NE(from.port(), 0);
    from.set_port(0);
    EXPECT_EQ(from, loopback(last));
  }
}

TEST(Connector, a_source_is_for_addresses_of_its_family) {
  const TemporaryFolder folder;
  const Address path = Address::unix_path(folder.path() + "/socket");
  const FileDescriptor listening(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(listening.get(), path.data(), path.size()), 0);
  ASSERT_EQ(::listen(listening.get(), 5), 0);
  Loop loop;
  Outcome outcome;
  connect_to(loop, {path}, kLong, outcome.handler(), loopback(2));
  ASSERT_TRUE(outcome.wait(loop));
  EXPECT_TRUE(outcome.connected.socket.valid()) << outcome.connected.failure;
}

TEST(Connector, a_source_that_is_not_ours_is_named) {
  const FileDescriptor listening = listening_socket();
  Loop loop;
  Outcome outcome;
  connect_to(loop, {address_of(listening)}, kLong, outcome.handler(), *Address::numeric("192.0.2.1", 0));
  ASSERT_TRUE(outcome.wait(loop));
  EXPECT_TRUE(outcome.contains("192.0.2.1")) << outcome.connected.failure;
  EXPECT_FALSE(outcome.connected.socket.valid());
}

// ---- Several addresses

TEST(Connector, addresses_are_tried_in_turn_until_one_answers) {
  const FileDescriptor listening = listening_socket();
  Loop loop;
  Outcome outcome;
  connect_to(loop, {nobody(), nobody(), address_of(listening), nobody()}, kLong, outcome.handler());
  ASSERT_TRUE(outcome.wait(loop));
  ASSERT_TRUE(outcome.connected.socket.valid()) << outcome.connected.failure;
  EXPECT_EQ(Address::of_peer(outcome.connected.socket.get()), address_of(listening));
}

TEST(Connector, an_address_that_never_answers_does_not_use_up_the_time_of_the_next_one) {
  const Silent silent;
  const FileDescriptor listening = listening_socket();
  std::vector<Address> addresses(20, address_of(listening));
  addresses.front() = silent.address();
  Loop loop;
  Outcome outcome;
  const auto start = Clock::now();
  connect_to(loop, addresses, Milliseconds(2000), outcome.handler());
  ASSERT_TRUE(outcome.wait(loop));
  ASSERT_TRUE(outcome.connected.socket.valid()) << outcome.connected.failure;
  EXPECT_EQ(Address::of_peer(outcome.connected.socket.get()), address_of(listening));
  EXPECT_LT(Clock::now() - start, Milliseconds(1500)) << "a twentieth of the time is the first one's";
}

TEST(Connector, where_all_addresses_refuse_the_last_refusal_is_told) {
  Loop loop;
  Outcome outcome;
  const Address last = nobody();
  connect_to(loop, {nobody(), last}, kLong, outcome.handler());
  ASSERT_TRUE(outcome.wait(loop));
  EXPECT_TRUE(outcome.contains(last.to_string() + ": ")) << outcome.connected.failure;
  EXPECT_EQ(outcome.times, 1);
}

TEST(Connector, no_address_at_all_is_a_failure) {
  Loop loop;
  Outcome outcome;
  connect_to(loop, {}, kLong, outcome.handler());
  ASSERT_TRUE(outcome.wait(loop));
  EXPECT_TRUE(outcome.contains("no address")) << outcome.connected.failure;
}

// ---- Time

TEST(Connector, an_attempt_that_gets_no_answer_ends_in_time) {
  const Silent silent;
  Loop loop;
  Outcome outcome;
  const auto start = Clock::now();
  connect_to(loop, {silent.address(), silent.address()}, Milliseconds(40), outcome.handler());
  ASSERT_TRUE(outcome.wait(loop));
  EXPECT_GE(Clock::now() - start, Milliseconds(40));
  EXPECT_TRUE(outcome.contains("no answer in time")) << outcome.connected.failure;
  EXPECT_FALSE(outcome.connected.socket.valid());
  EXPECT_EQ(outcome.times, 1);
}

TEST(Connector, no_time_at_all_is_a_failure_and_no_hang) {
  const Silent silent;
  Loop loop;
  Outcome outcome;
  connect_to(loop, {silent.address()}, Milliseconds(0), outcome.handler());
  ASSERT_TRUE(outcome.wait(loop));
  EXPECT_FALSE(outcome.connected.socket.valid());
}

// ---- The loop ends

TEST(Connector, a_shut_down_ends_an_attempt_with_a_failure) {
  const Silent silent;
  Loop loop;
  Outcome outcome;
  connect_to(loop, {silent.address()}, kLong, outcome.handler());
  turn(loop);
  EXPECT_EQ(outcome.times, 0);
  loop.shut_down(kLong);
  EXPECT_EQ(outcome.times, 1);
  EXPECT_TRUE(outcome.contains("shutting down")) << outcome.connected.failure;
  loop.run();
}

TEST(Connector, a_shut_down_while_the_name_is_looked_up_tells_once) {
  Loop loop;
  Outcome outcome;
  connect_tcp(loop, "localhost", nobody().port(), kLong, outcome.handler());
  loop.shut_down(kLong);
  loop.run();
  turn(loop);
  EXPECT_EQ(outcome.times, 1);
}

TEST(Connector, during_a_shut_down_nobody_is_connected_and_nothing_is_told_from_inside_the_call) {
  const FileDescriptor listening = listening_socket();
  Loop loop;
  loop.shut_down(kLong);
  Outcome by_name;
  Outcome by_address;
  connect_tcp(loop, "localhost", address_of(listening).port(), kLong, by_name.handler());
  connect_to(loop, {address_of(listening)}, kLong, by_address.handler());
  EXPECT_EQ(by_name.times + by_address.times, 0);
  ASSERT_TRUE(by_name.wait(loop));
  ASSERT_TRUE(by_address.wait(loop));
  EXPECT_TRUE(by_name.contains("shutting down"));
  EXPECT_FALSE(by_address.connected.socket.valid());
}

// The thread that looks the name up has nothing but a letter box (run under the address sanitizer).
TEST(Connector, a_loop_may_be_destroyed_while_the_name_is_looked_up) {
  Outcome outcome;
  std::shared_ptr<Mailbox> mailbox;
  {
    Loop loop;
    mailbox = loop.mailbox();
    connect_tcp(loop, "localhost", 1, kLong, outcome.handler());
  }
  const auto end = Clock::now() + kPatience;
  while (mailbox.use_count() > 1 && Clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(mailbox.use_count(), 1) << "the thread has not ended";
  EXPECT_EQ(outcome.times, 0);
}

TEST(Connector, a_loop_may_be_destroyed_while_connecting) {
  const Silent silent;
  Outcome outcome;
  {
    Loop loop;
    connect_to(loop, {silent.address()}, kLong, outcome.handler());
    turn(loop);
  }
  EXPECT_EQ(outcome.times, 0);
}

TEST(Connector, a_handler_may_try_again) {
  Loop loop;
  int tries = 0;
  const Address refusing = nobody();
  std::function<void(Connected)> again = [&](const Connected&) {
    if (++tries < 5) connect_to(loop, {refusing}, kLong, again);
  };
  connect_to(loop, {refusing}, kLong, again);
  EXPECT_TRUE(turn_until(loop, [&] { return tries == 5; }));
  turn(loop);
  EXPECT_EQ(loop.residents(), 0U);
}

// ---- Unix sockets

TEST(Connector, it_connects_to_a_unix_socket) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/socket";
  Loop loop;
  int accepted = 0;
  Listener::open(loop, ListenAddress::parse("unix:" + path), [&](FileDescriptor, const Address&) { ++accepted; }, "");
  Outcome outcome;
  connect_unix(loop, path, kLong, outcome.handler());
  EXPECT_EQ(outcome.times, 0);
  ASSERT_TRUE(outcome.wait(loop));
  EXPECT_TRUE(outcome.connected.socket.valid()) << outcome.connected.failure;
  EXPECT_TRUE(turn_until(loop, [&] { return accepted == 1; }));
}

TEST(Connector, a_unix_socket_that_there_is_not_is_named) {
  const TemporaryFolder folder;
  for (const std::string& path : {folder.path() + "/none", std::string(200, 'p'), std::string()}) {
    Loop loop;
    Outcome outcome;
    connect_unix(loop, path, kLong, outcome.handler());
    ASSERT_TRUE(outcome.wait(loop));
    EXPECT_FALSE(outcome.connected.socket.valid());
    EXPECT_TRUE(outcome.contains("cannot connect to unix:" + path)) << outcome.connected.failure;
  }
}

}  // namespace
}  // namespace reactor::tests
