// All is written, whatever the descriptor is, or the reason is told.
#include "reactor/blocking_write.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include "reactor/file_descriptor.hpp"
#include "tests/reactor/sockets.hpp"

namespace reactor::tests {
namespace {

std::string read_all(int fd) {
  std::string all;
  char piece[5000];
  for (ssize_t size = 1; size > 0;) {
    size = ::read(fd, piece, sizeof piece);
    if (size > 0) all.append(piece, static_cast<std::size_t>(size));
  }
  return all;
}

TEST(WriteBlocking, writes_all_that_a_pipe_does_not_hold_at_once_and_waits_where_it_may_not_block) {
  const std::string wanted = pattern(1 << 20);
  for (const int flags : {0, O_NONBLOCK}) {
    Pipe pipe;
    ASSERT_EQ(::fcntl(pipe.in.get(), F_SETFL, flags), 0);
    std::string got;
    std::thread reader([&] { got = read_all(pipe.out.get()); });
    EXPECT_EQ(write_blocking(pipe.in.get(), bytes(wanted)), 0);
    pipe.in.close();
    reader.join();
    EXPECT_EQ(got, wanted);
  }
}

TEST(WriteBlocking, tells_why_it_cannot) {
  Pipe pipe;
  pipe.out.close();
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(write_blocking(pipe.in.get(), bytes("x")), EPIPE);
  std::signal(SIGPIPE, before);
  EXPECT_EQ(write_blocking(-1, bytes("x")), EBADF);
  EXPECT_EQ(write_blocking(-1, {}), 0);
}

}  // namespace
}  // namespace reactor::tests
