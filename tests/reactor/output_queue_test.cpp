// What waits behind a full socket: in order, small things gathered, shared things by reference.
#include "reactor/output_queue.hpp"

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "tests/reactor/sockets.hpp"

namespace reactor::tests {
namespace {

// The front of the queue as writev would see it.
std::string front(const OutputQueue& queue, std::size_t most_pieces = 64) {
  std::array<iovec, 64> pieces{};
  const std::size_t count = queue.front(std::span(pieces).first(most_pieces));
  std::string text;
  for (std::size_t index = 0; index < count; ++index) {
    text.append(static_cast<const char*>(pieces[index].iov_base), pieces[index].iov_len);
  }
  return text;
}
std::size_t pieces_of(const OutputQueue& queue) {
  std::array<iovec, 64> pieces{};
  return queue.front(pieces);
}

TEST(OutputQueue, a_new_queue_is_empty) {
  const OutputQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_EQ(pieces_of(queue), 0U);
}

TEST(OutputQueue, small_copies_gather_in_one_piece) {
  OutputQueue queue;
  std::string expected;
  for (int count = 0; count < 100; ++count) {
    queue.append_copy(bytes("1234"));
    expected += "1234";
  }
  EXPECT_EQ(pieces_of(queue), 1U);
  EXPECT_EQ(queue.bytes(), 400U);
  EXPECT_EQ(front(queue), expected);
}

TEST(OutputQueue, nothing_makes_no_piece) {
  OutputQueue queue;
  queue.append_copy({});
  queue.append_shared({}, 0);
  queue.append_shared(SharedBytes::copy_of(bytes("abc")), 3);
  queue.append_shared(SharedBytes::copy_of(bytes("abc")), 1, 0);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pieces_of(queue), 0U);
}

TEST(OutputQueue, shared_bytes_are_held_and_not_copied_and_let_go_of_when_they_are_sent) {
  const SharedBytes shared = SharedBytes::copy_of(bytes("0123456789"));
  OutputQueue queue;
  queue.append_shared(shared, 4, 3);
  std::array<iovec, 1> piece{};
  ASSERT_EQ(queue.front(piece), 1U);
  EXPECT_EQ(piece[0].iov_base, shared.view().data() + 4);
  EXPECT_EQ(piece[0].iov_len, 3U);
  queue.remove_front(2);
  EXPECT_FALSE(shared.unique());
  EXPECT_EQ(front(queue), "6");
  queue.remove_front(1);
  EXPECT_TRUE(shared.unique());
  EXPECT_TRUE(queue.empty());
}

TEST(OutputQueue, copies_and_shared_bytes_keep_their_order) {
  OutputQueue queue;
  queue.append_copy(bytes("copy "));
  queue.append_shared(SharedBytes::copy_of(bytes("shared ")), 0);
  queue.append_copy(bytes("copy again"));
  EXPECT_EQ(front(queue), "copy shared copy again");
  EXPECT_EQ(front(queue, 2), "copy shared ");
}

// A copy may still be appended to a piece of which the beginning has been sent already.
TEST(OutputQueue, a_piece_grows_while_its_front_is_being_sent) {
  OutputQueue queue;
  queue.append_copy(bytes("abcdef"));
  queue.remove_front(4);
  queue.append_copy(bytes("gh"));
  EXPECT_EQ(pieces_of(queue), 1U);
  EXPECT_EQ(front(queue), "efgh");
  queue.remove_front(4);
  EXPECT_TRUE(queue.empty());
  queue.append_copy(bytes("new"));
  EXPECT_EQ(front(queue), "new");
}

// Against a string that does the same: random appends, random removals.
TEST(OutputQueue, it_does_what_a_string_does) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(seed);
    const std::string material = pattern(12'000, seed);
    OutputQueue queue;
    std::string twin;
    for (int step = 0; step < 2000; ++step) {
      const std::size_t limit = random() % 20 == 0 ? 10'000 : 300;
      const std::string_view some = std::string_view(material).substr(random() % 1000, random() % limit);
      switch (random() % 4) {
        case 0: queue.append_copy(bytes(some)), twin += some; break;
        case 1: {
          const std::size_t offset = random() % (some.size() + 1);
          const std::size_t most = random() % 200;
          queue.append_shared(SharedBytes::copy_of(bytes(some)), offset, most), twin += some.substr(offset, most);
          break;
        }
        default: {
          const std::size_t size = std::min<std::size_t>(twin.size(), random() % 700);
          queue.remove_front(size), twin.erase(0, size);
          break;
        }
      }
      ASSERT_EQ(queue.bytes(), twin.size());
      const std::string seen = front(queue, 3);
      ASSERT_TRUE(std::string_view(twin).starts_with(seen)) << "seed " << seed << ", step " << step;
      ASSERT_EQ(seen.empty(), twin.empty());
    }
  }
}

// A slow reader's queue must not cost much more than what is in it: half a piece is wasted at most.
TEST(OutputQueue, large_queues_are_made_of_large_pieces) {
  OutputQueue queue;
  for (int count = 0; count < 20'000; ++count) queue.append_copy(bytes("0123456789"));
  EXPECT_LE(pieces_of(queue), 12U);
  EXPECT_EQ(front(queue).size(), 200'000U);
}

}  // namespace
}  // namespace reactor::tests
