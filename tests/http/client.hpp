// A client for tests: the other end of a server's connection, over a pair of unix sockets or over TCP. It never waits
// for anything but the loop, which it turns itself until what it waits for has come or a generous time is over.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "http/server.hpp"
#include "reactor/file_descriptor.hpp"
#include "reactor/loop.hpp"

namespace http::tests {

inline constexpr reactor::Milliseconds kPatience{20000};

// Turns `loop` until `condition` holds; false if it never did.
inline bool turn_until(reactor::Loop& loop, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.run_once(reactor::Milliseconds(5));
  }
  return true;
}

inline void turn(reactor::Loop& loop, int times = 3) {
  for (int count = 0; count < times; ++count) loop.run_once(reactor::Milliseconds(0));
}

struct SocketPair {
  reactor::FileDescriptor ours;
  reactor::FileDescriptor theirs;
};

inline SocketPair make_pair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  return {.ours = reactor::FileDescriptor(fds[0]), .theirs = reactor::FileDescriptor(fds[1])};
}

class Client {
 public:
  // Over a pair of sockets, handed to `server` as if accepted from `peer`.
  Client(reactor::Loop& loop, Server& server, const reactor::Address& peer = {}) : loop_(loop) {
    SocketPair pair = make_pair();
    socket_ = std::move(pair.ours);
    server.accept(std::move(pair.theirs), peer);
  }
  // Over the network.
  Client(reactor::Loop& loop, const reactor::Address& address) : loop_(loop) {
    socket_ = reactor::FileDescriptor(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket_.get(), address.data(), address.size()), 0);
    ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
  }

  // Sends all of it, turning the loop where the socket is full. False if the server has hung up.
  bool send(std::string_view bytes) {
    bool lost = false;
    return turn_until(loop_,
                      [&] {
                        while (!bytes.empty()) {
                          const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
                          lost = sent < 0 && errno != EAGAIN;
                          if (sent <= 0) return lost;
                          bytes.remove_prefix(static_cast<std::size_t>(sent));
                        }
                        return true;
                      }) &&
           !lost;
  }
  void send_byte_by_byte(std::string_view bytes) {
    for (const char byte : bytes) {
      ASSERT_TRUE(send({&byte, 1}));
      turn(loop_, 1);
    }
  }
  void half_close() { ::shutdown(socket_.get(), SHUT_WR); }
  void close() { socket_.close(); }

  // Takes what has arrived, without waiting, and no more than `most` bytes of it.
  void take(std::size_t most = SIZE_MAX) {
    std::array<char, 16384> buffer{};
    for (std::size_t taken = 0; !ended_ && taken < most;) {
      const ssize_t size = ::recv(socket_.get(), buffer.data(), std::min(buffer.size(), most - taken), MSG_DONTWAIT);
      if (size > 0) {
        received_.append(buffer.data(), static_cast<std::size_t>(size));
        taken += static_cast<std::size_t>(size);
      } else if (size == 0) {
        ended_ = true;
      } else {
        reset_ = errno != EAGAIN;
        ended_ = reset_;
        return;
      }
    }
  }

  // Everything received until it contains `text` `times` times, or until the end.
  std::string receive_until(std::string_view text, int times = 1) {
    EXPECT_TRUE(turn_until(loop_,
                           [&] {
                             take();
                             return ended_ || count(text) >= times;
                           }))
        << "still waiting for " << text << " behind " << received_.substr(0, 2000);
    return received_;
  }
  std::string receive_to_end() {
    EXPECT_TRUE(turn_until(loop_,
                           [&] {
                             take();
                             return ended_;
                           }))
        << "no end behind " << received_.substr(0, 2000);
    return received_;
  }

  int count(std::string_view text) const {
    int found = 0;
    for (auto at = received_.find(text); at != std::string::npos; at = received_.find(text, at + text.size())) ++found;
    return found;
  }
  const std::string& received() const { return received_; }
  void forget_received() { received_.clear(); }
  bool ended() const { return ended_; }
  bool was_reset() const { return reset_; }
  int fd() const { return socket_.get(); }

 private:
  reactor::Loop& loop_;
  reactor::FileDescriptor socket_;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

// The status codes in `received`, in order: "200 404".
inline std::string statuses(std::string_view received) {
  std::string list;
  for (auto at = received.find("HTTP/1.1 "); at != std::string_view::npos; at = received.find("HTTP/1.1 ", at + 1)) {
    list.append(list.empty() ? "" : " ").append(received.substr(at + 9, 3));
  }
  return list;
}

inline std::string get(std::string_view path, std::string_view fields = "") {
  return std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: x\r\n").append(fields).append("\r\n");
}

}  // namespace http::tests
