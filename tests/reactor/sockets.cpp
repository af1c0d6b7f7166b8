// Plain system calls, each checked: a helper that fails is a failed test.
#include "tests/reactor/sockets.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>

namespace reactor::tests {

namespace {

SocketPair unix_sockets(int type) {
  std::array<int, 2> fds{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  return {.ours = FileDescriptor(fds[0]), .theirs = FileDescriptor(fds[1])};
}

}  // namespace

std::string pattern(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  std::generate(text.begin(), text.end(), [&] { return static_cast<char>(random()); });
  return text;
}

void Peer::send(std::string_view text) { ASSERT_EQ(send_some(text), text.size()); }

std::size_t Peer::send_some(std::string_view text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t result = ::send(fd(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (result < 0) break;
    sent += static_cast<std::size_t>(result);
  }
  return sent;
}

std::string Peer::receive(std::size_t most) {
  std::string received;
  std::array<char, 65536> buffer{};
  while (received.size() < most && !finished_ && !reset_) {
    const ssize_t result = ::recv(fd(), buffer.data(), std::min(buffer.size(), most - received.size()), 0);
    if (result > 0) {
      received.append(buffer.data(), static_cast<std::size_t>(result));
    } else if (result == 0) {
      finished_ = true;
    } else {
      reset_ = errno != EAGAIN;
      break;
    }
  }
  return received;
}

std::string Peer::receive_packet() {
  std::array<char, 65536> buffer{};
  const ssize_t result = ::recv(fd(), buffer.data(), buffer.size(), 0);
  return result > 0 ? std::string(buffer.data(), static_cast<std::size_t>(result)) : std::string();
}

void Peer::half_close() { EXPECT_EQ(::shutdown(fd(), SHUT_WR), 0); }

void Peer::close_by_reset() {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  EXPECT_EQ(::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  socket_.close();
}

Pipe::Pipe(int flags) {
  std::array<int, 2> fds{-1, -1};
  EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC | flags), 0);
  out = FileDescriptor(fds[0]);
  in = FileDescriptor(fds[1]);
}

void Pipe::write(std::string_view text) const {
  EXPECT_EQ(::write(in.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

SocketPair unix_pair() { return unix_sockets(SOCK_STREAM); }
SocketPair packet_pair() { return unix_sockets(SOCK_SEQPACKET); }

SocketPair tcp_pair(int receive_buffer) {
  const FileDescriptor listening = listening_socket();
  FileDescriptor theirs(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0) {
    EXPECT_EQ(::setsockopt(theirs.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer), 0);
  }
  const Address address = Address::of_socket(listening.get());
  EXPECT_EQ(::connect(theirs.get(), address.data(), address.size()), 0);
  ::fcntl(theirs.get(), F_SETFL, O_NONBLOCK);
  FileDescriptor ours(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_TRUE(ours.valid());
  const int on = 1;
  ::setsockopt(ours.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(theirs.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {.ours = std::move(ours), .theirs = std::move(theirs)};
}

SocketPair small_tcp_pair() {
  SocketPair pair = tcp_pair(64 * 1024);
  set_send_buffer(pair.ours.get(), 64 * 1024);
  return pair;
}

void set_send_buffer(int fd, int size) { EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0); }

FileDescriptor listening_socket(int backlog) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const Address any_port = *Address::numeric("127.0.0.1", 0);
  EXPECT_EQ(::bind(socket.get(), any_port.data(), any_port.size()), 0);
  EXPECT_EQ(::listen(socket.get(), backlog), 0);
  return socket;
}

FileDescriptor call(const Address& address) {
  FileDescriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), address.data(), address.size()) != 0 && errno != EINPROGRESS) return {};
  return socket;
}

}  // namespace reactor::tests
