// Listening and accepting: every kind of address, errors that name the thing and the remedy, bursts of callers, and a
// process that has run out of descriptors.
#include "reactor/listener.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/reactor/sockets.hpp"
#include "tests/reactor/temporary_folder.hpp"
#include "tests/reactor/turns.hpp"

namespace reactor::tests {
namespace {

// Keeps whoever was accepted.
struct Door {
  AcceptHandler handler() {
    return [this](FileDescriptor socket, const Address& peer) {
      sockets.push_back(std::move(socket));
      peers.push_back(peer);
    };
  }
  std::vector<Listener*> open(Loop& loop, std::string_view address) {
    return Listener::open(loop, ListenAddress::parse(address), handler(), "refused\n");
  }

  std::vector<FileDescriptor> sockets;
  std::vector<Address> peers;
};

// Calls `address` and waits until the door has let the caller in.
void expect_admission(Loop& loop, Door& door, const Address& address) {
  SCOPED_TRACE(address.to_string());
  const std::size_t before = door.sockets.size();
  const FileDescriptor caller = call(address);
  ASSERT_TRUE(caller.valid());
  ASSERT_TRUE(turn_until(loop, [&] { return door.sockets.size() > before; }));
  EXPECT_EQ(door.peers.back().to_string(), Address::of_socket(caller.get()).to_string());
}

std::string error_of(Loop& loop, const ListenAddress& address) {
  try {
    Listener::open(loop, address, [](FileDescriptor, const Address&) {}, "");
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}
std::string error_of(Loop& loop, std::string_view address) { return error_of(loop, ListenAddress::parse(address)); }

bool has_ipv6() { return ::access("/proc/net/if_inet6", F_OK) == 0 && call(*Address::numeric("::1", 1)).valid(); }

// Whether the loop has nothing to do: it waits as long as it is allowed to.
bool sleeps(Loop& loop) {
  constexpr Milliseconds kTime{20};
  for (int tries = 0; tries < 50; ++tries) {
    const auto start = std::chrono::steady_clock::now();
    loop.run_once(kTime);
    if (std::chrono::steady_clock::now() - start >= kTime) return true;
  }
  return false;
}

// ---- Addresses

TEST(Listener, it_listens_on_ipv4_and_on_ipv6) {
  Loop loop;
  Door door;
  const auto ipv4 = door.open(loop, "127.0.0.1:0");
  ASSERT_EQ(ipv4.size(), 1U);
  EXPECT_NE(ipv4[0]->address().port(), 0);
  expect_admission(loop, door, ipv4[0]->address());
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  const auto ipv6 = door.open(loop, "[::1]:0");
  ASSERT_EQ(ipv6.size(), 1U);
  expect_admission(loop, door, ipv6[0]->address());
}

TEST(Listener, localhost_is_every_address_of_the_name_on_one_port) {
  Loop loop;
  Door door;
  const auto listeners = door.open(loop, "localhost:0");
  ASSERT_FALSE(listeners.empty());
  EXPECT_EQ(listeners.size(), resolve("localhost", 0, true).size());
  for (const Listener* listener : listeners) {
    EXPECT_EQ(listener->address().port(), listeners[0]->address().port());
    EXPECT_TRUE(listener->address().is_loopback());
    expect_admission(loop, door, listener->address());
  }
}

TEST(Listener, no_host_is_every_interface_in_both_families) {
  Loop loop;
  Door door;
  const auto listeners = door.open(loop, ":0");
  ASSERT_FALSE(listeners.empty());
  const std::uint16_t port = listeners[0]->address().port();
  expect_admission(loop, door, *Address::numeric("127.0.0.1", port));
  if (has_ipv6()) {
    EXPECT_EQ(listeners.size(), 2U);
    expect_admission(loop, door, *Address::numeric("::1", port));
  }
}

TEST(Listener, accepted_sockets_are_non_blocking_close_on_exec_and_without_delay) {
  for (const bool inherited : {false, true}) {
    Loop loop;
    Door door;
    const auto listeners =
        door.open(loop, inherited ? "fd:" + std::to_string(listening_socket().release()) : "127.0.0.1:0");
    expect_admission(loop, door, listeners[0]->address());
    const int fd = door.sockets.back().get();
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
    EXPECT_NE(no_delay, 0);
  }
}

TEST(Listener, a_taken_port_is_an_error_that_names_the_address_and_the_remedy) {
  Loop loop;
  Door door;
  const auto first = door.open(loop, "127.0.0.1:0");
  const std::string taken = first[0]->address().to_string();
  const std::string error = error_of(loop, taken);
  EXPECT_NE(error.find("cannot listen on " + taken), std::string::npos) << error;
  EXPECT_NE(error.find("in use"), std::string::npos) << error;
  EXPECT_NE(error.find("--listen"), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
}

TEST(Listener, a_port_whose_connections_linger_in_the_kernel_can_be_taken_again) {
  Loop loop;
  Door door;
  const auto first = door.open(loop, "127.0.0.1:0");
  const Address address = first[0]->address();
  expect_admission(loop, door, address);
  door.sockets.clear();  // we closed first: this machine remembers the connection (TIME_WAIT)
  first[0]->close();
  turn(loop);
  door.open(loop, address.to_string());
  expect_admission(loop, door, address);
}

TEST(Listener, an_address_that_is_not_ours_or_not_known_is_an_error_that_names_it) {
  Loop loop;
  const std::string not_ours = error_of(loop, "192.0.2.1:8080");  // RFC 5737: nobody has it
  EXPECT_NE(not_ours.find("192.0.2.1:8080"), std::string::npos) << not_ours;
  EXPECT_NE(not_ours.find("ip address"), std::string::npos) << not_ours;
  const std::string not_known = error_of(loop, "no such host:8080");
  EXPECT_NE(not_known.find("no such host"), std::string::npos) << not_known;
  EXPECT_EQ(loop.residents(), 0U);
}

// ---- Unix sockets

TEST(Listener, a_unix_socket_is_made_and_removed_again) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/socket";
  {
    Loop loop;
    Door door;
    const auto listeners = door.open(loop, "unix:" + path);
    EXPECT_EQ(listeners[0]->address().to_string(), "unix:" + path);
    expect_admission(loop, door, Address::unix_path(path));
    listeners[0]->close();
    EXPECT_FALSE(std::filesystem::exists(path));
    turn(loop);
    door.open(loop, "unix:" + path);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path)) << "the end of the loop removes it too";
}

// Leaves a socket file behind, as a process does that is killed.
void leave_stale_file(const std::string& path) {
  const FileDescriptor dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address address = Address::unix_path(path);
  ASSERT_EQ(::bind(dead.get(), address.data(), address.size()), 0);
}

TEST(Listener, a_unix_socket_that_nobody_listens_on_any_more_is_replaced) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/socket";
  leave_stale_file(path);
  Loop loop;
  Door door;
  door.open(loop, "unix:" + path);
  expect_admission(loop, door, Address::unix_path(path));
}

TEST(Listener, a_unix_socket_that_somebody_listens_on_is_an_error_and_stays_his) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/socket";
  Loop loop;
  Door door;
  door.open(loop, "unix:" + path);
  const std::string error = error_of(loop, "unix:" + path);
  EXPECT_NE(error.find("cannot listen on unix:" + path), std::string::npos) << error;
  expect_admission(loop, door, Address::unix_path(path));
}

TEST(Listener, a_unix_server_with_a_full_queue_is_alive_and_does_not_hold_us_up) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/socket";
  const Address address = Address::unix_path(path);
  const FileDescriptor busy(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(busy.get(), address.data(), address.size()), 0);
  ASSERT_EQ(::listen(busy.get(), 1), 0);
  std::vector<FileDescriptor> callers;
  do {
    callers.push_back(call(address));
  } while (callers.back().valid());
  Loop loop;
  EXPECT_NE(error_of(loop, "unix:" + path).find("cannot listen"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Listener, a_file_that_is_no_socket_is_left_alone) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/precious";
  std::ofstream(path) << "words";
  Loop loop;
  EXPECT_NE(error_of(loop, "unix:" + path).find("cannot listen on unix:" + path), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(path), 5U);
}

TEST(Listener, a_unix_path_where_nothing_can_be_made_is_an_error_that_names_it) {
  const TemporaryFolder folder;
  Loop loop;
  const std::string error = error_of(loop, "unix:" + folder.path() + "/none/socket");
  EXPECT_NE(error.find("/none/socket"), std::string::npos) << error;
  const std::string too_long =
      error_of(loop, ListenAddress{.kind = ListenAddress::Kind::kUnix, .path = std::string(200, 'p')});
  EXPECT_NE(too_long.find("107 bytes"), std::string::npos) << too_long;
}

// ---- Inherited sockets

TEST(Listener, a_socket_that_the_parent_process_made_is_used) {
  Loop loop;
  Door door;
  FileDescriptor made = listening_socket();
  const Address address = Address::of_socket(made.get());
  const auto listeners = door.open(loop, "fd:" + std::to_string(made.release()));
  ASSERT_EQ(listeners.size(), 1U);
  expect_admission(loop, door, address);
}

TEST(Listener, a_descriptor_that_does_not_listen_is_an_error_and_stays_open) {
  Loop loop;
  const SocketPair pair = unix_pair();
  const FileDescriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (const int fd : {pair.ours.get(), file.get()}) {
    const std::string error = error_of(loop, "fd:" + std::to_string(fd));
    EXPECT_NE(error.find("fd:" + std::to_string(fd)), std::string::npos) << error;
    EXPECT_NE(error.find("not a listening socket"), std::string::npos) << error;
    EXPECT_GE(::fcntl(fd, F_GETFD), 0);
  }
}

TEST(Listener, a_socket_that_another_holder_has_shut_down_is_given_up_with_a_word) {
  Loop loop;
  Door door;
  std::vector<std::string> log;
  loop.set_log(LogLevel::kWarning, [&](LogLevel, std::string_view line) { log.emplace_back(line); });
  const FileDescriptor parents = listening_socket();
  door.open(loop, "fd:" + std::to_string(::fcntl(parents.get(), F_DUPFD_CLOEXEC, 3)));
  ::shutdown(parents.get(), SHUT_RDWR);
  ASSERT_TRUE(turn_until(loop, [&] { return loop.residents() == 0; }));
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log[0].find("no longer listening on 127.0.0.1:"), std::string::npos) << log[0];
  EXPECT_TRUE(sleeps(loop)) << "the other holder keeps the socket, and epoll would keep telling of it";
}

TEST(Listener, one_that_is_closed_hears_no_more_of_a_socket_that_another_holds) {
  Loop loop;
  Door door;
  const FileDescriptor parents = listening_socket();
  const auto listeners = door.open(loop, "fd:" + std::to_string(::fcntl(parents.get(), F_DUPFD_CLOEXEC, 3)));
  listeners[0]->close();
  ASSERT_TRUE(turn_until(loop, [&] { return loop.residents() == 0; }));
  const FileDescriptor caller = call(Address::of_socket(parents.get()));
  EXPECT_TRUE(sleeps(loop));
  EXPECT_TRUE(door.sockets.empty());
}

// ---- Many callers

TEST(Listener, a_burst_of_callers_is_accepted_in_shares) {
  constexpr std::size_t kCallers = 300;
  Loop loop;
  Door door;
  const auto listeners = door.open(loop, "127.0.0.1:0");
  std::vector<FileDescriptor> callers;
  for (std::size_t count = 0; count < kCallers; ++count) callers.push_back(call(listeners[0]->address()));
  loop.run_once(Milliseconds(1000));
  EXPECT_LE(door.sockets.size(), 64U) << "others must have their turn";
  ASSERT_TRUE(turn_until(loop, [&] { return door.sockets.size() == kCallers; }));
}

TEST(Listener, new_callers_do_not_add_to_the_share_of_a_turn) {
  constexpr std::size_t kCallers = 1000;
  Loop loop;
  Door door;
  const auto listeners = door.open(loop, "127.0.0.1:0");
  std::vector<FileDescriptor> callers;
  for (std::size_t count = 0; count < kCallers; ++count) callers.push_back(call(listeners[0]->address()));
  while (door.sockets.size() < kCallers) {
    callers.push_back(call(listeners[0]->address()));
    const std::size_t before = door.sockets.size();
    loop.run_once(Milliseconds(1000));
    ASSERT_LE(door.sockets.size() - before, 64U);
    ASSERT_GT(door.sockets.size(), before);
  }
}

TEST(Listener, closing_it_from_its_own_handler_accepts_nobody_more) {
  Loop loop;
  int accepted = 0;
  std::vector<Listener*> listeners;
  const auto handler = [&](FileDescriptor, const Address&) {
    ++accepted;
    listeners[0]->close();
  };
  listeners = Listener::open(loop, ListenAddress::parse("127.0.0.1:0"), handler, "");
  const Address address = listeners[0]->address();
  const FileDescriptor first = call(address);
  const FileDescriptor second = call(address);
  ASSERT_TRUE(turn_until(loop, [&] { return loop.residents() == 0; }));
  EXPECT_EQ(accepted, 1);
}

TEST(Listener, a_shut_down_closes_it) {
  Loop loop;
  Door door;
  door.open(loop, "127.0.0.1:0");
  loop.shut_down(std::chrono::hours(1));
  loop.run();
  EXPECT_EQ(loop.residents(), 0U);
}

// ---- Out of descriptors (S-74)

// No descriptor can be opened in this process while one of these lives.
class Exhaustion {
 public:
  Exhaustion() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit limit = before_;
    // Not all that the system allows, which may be millions: what is open already, and some more to be filled.
    fillers_.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    limit.rlim_cur = static_cast<rlim_t>(fillers_[0].get()) + 100;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    do {
      fillers_.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    } while (fillers_.back().valid());
  }
  ~Exhaustion() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
  Exhaustion(const Exhaustion&) = delete;
  Exhaustion& operator=(const Exhaustion&) = delete;

 private:
  rlimit before_{};
  std::vector<FileDescriptor> fillers_;
};

// A sanitizer that checks the type of an object at each virtual call opens a pipe to do so, and without descriptors it
// raises the alarm instead. A child process finds out whether one is at work.
bool objects_can_be_used() {
  class Called final : public Timer {
   public:
    int calls = 0;

   private:
    void on_timer() override { ++calls; }
  };
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
    TimerWheel wheel;
    Called called;
    const Exhaustion exhaustion;
    wheel.arm(called, 1);
    wheel.advance(1);
    ::_exit(called.calls == 1 ? 0 : 1);
  }
  int status = 1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

// Also where the end in order came first.
bool was_reset(const Peer& peer) {
  int error = 0;
  socklen_t size = sizeof error;
  return peer.reset() || ::getsockopt(peer.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0;
}

TEST(Listener, without_descriptors_callers_are_refused_in_words_and_accepted_again_afterwards) {
  if (!objects_can_be_used()) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  for (const bool caller_speaks_first : {false, true}) {
    Loop loop;
    Door door;
    const auto listeners = door.open(loop, "127.0.0.1:0");
    std::vector<Peer> callers;
    for (int count = 0; count < 100; ++count) callers.emplace_back(call(listeners[0]->address()));
    if (caller_speaks_first) {
      for (Peer& caller : callers) caller.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    {
      const Exhaustion exhaustion;
      std::vector<std::string> heard(callers.size());
      ASSERT_TRUE(turn_until(loop, [&] {
        for (std::size_t index = 0; index < callers.size(); ++index) heard[index] += callers[index].receive();
        return std::all_of(callers.begin(), callers.end(),
                           [](const Peer& caller) { return caller.finished() || caller.reset(); });
      }));
      EXPECT_TRUE(
          std::all_of(heard.begin(), heard.end(), [](const std::string& words) { return words == "refused\n"; }));
      EXPECT_TRUE(std::none_of(callers.begin(), callers.end(), was_reset));
      EXPECT_TRUE(door.sockets.empty());
      EXPECT_TRUE(sleeps(loop));
    }
    expect_admission(loop, door, listeners[0]->address());
  }
}

// If even the spare descriptor is gone the callers wait in the kernel's queue; the loop looks again from time to time.
TEST(Listener, without_even_a_spare_descriptor_callers_wait_and_the_loop_sleeps) {
  if (!objects_can_be_used()) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  Loop loop;
  Door door;
  FileDescriptor socket = listening_socket();
  const Address address = Address::of_socket(socket.get());
  const FileDescriptor caller = call(address);
  {
    const Exhaustion exhaustion;
    loop.adopt(std::make_unique<Listener>(loop, std::move(socket), door.handler(), "refused\n"));
    EXPECT_TRUE(sleeps(loop));
    EXPECT_TRUE(sleeps(loop));
    EXPECT_TRUE(door.sockets.empty());
  }
  EXPECT_TRUE(turn_until(loop, [&] { return door.sockets.size() == 1; })) << "no new event comes, and none is needed";
}

}  // namespace
}  // namespace reactor::tests
