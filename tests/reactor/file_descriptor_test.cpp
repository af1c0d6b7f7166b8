// A descriptor is closed once, and by whoever held it last.
#include "reactor/file_descriptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

namespace reactor::tests {
namespace {

FileDescriptor open_any() { return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(FileDescriptor, it_closes_itself) {
  int fd = -1;
  {
    const FileDescriptor owner = open_any();
    fd = owner.get();
    EXPECT_TRUE(owner.valid());
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(FileDescriptor, none_is_not_valid_and_closing_it_does_nothing) {
  FileDescriptor none;
  EXPECT_FALSE(none.valid());
  EXPECT_EQ(none.get(), -1);
  none.close();
}

TEST(FileDescriptor, closing_twice_does_not_close_somebody_elses) {
  FileDescriptor first = open_any();
  first.close();
  EXPECT_FALSE(first.valid());
  const FileDescriptor second = open_any();  // most likely with the same number
  first.close();
  EXPECT_TRUE(is_open(second.get()));
}

TEST(FileDescriptor, moving_hands_it_over) {
  FileDescriptor from = open_any();
  const int fd = from.get();
  FileDescriptor to(std::move(from));
  EXPECT_EQ(to.get(), fd);
  EXPECT_FALSE(from.valid());  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_TRUE(is_open(fd));
}

TEST(FileDescriptor, assignment_closes_what_was_held_before) {
  FileDescriptor owner = open_any();
  const int before = owner.get();
  FileDescriptor other = open_any();
  const int after = other.get();
  owner = std::move(other);
  EXPECT_FALSE(is_open(before));
  EXPECT_EQ(owner.get(), after);
  EXPECT_TRUE(is_open(after));
  FileDescriptor& same = owner;
  owner = std::move(same);
  EXPECT_TRUE(is_open(after));
}

TEST(FileDescriptor, release_lets_go_without_closing) {
  FileDescriptor owner = open_any();
  const FileDescriptor next(owner.release());
  EXPECT_FALSE(owner.valid());
  EXPECT_TRUE(is_open(next.get()));
}

}  // namespace
}  // namespace reactor::tests
