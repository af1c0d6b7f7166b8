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
#include <vector>

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

SharedBytes shared(std::string_view text) { return SharedBytes::copy_of(bytes(text)); }

// What may be taken back is what was given a tag and not begun; the rest keeps its order.
TEST(OutputQueue, whole_pieces_with_a_tag_are_taken_back_the_oldest_first) {
  struct Row {
    const char* rule;
    std::size_t sent;
    OutputQueue::Tag tag;
    std::size_t wanted;
    std::size_t pieces;
    const char* left;
  };
  const std::array rows = {
      Row{"one is enough", 0, 1, 1, 1, "kept BB AA2 CC BB2 "},
      Row{"as many as the bytes ask for", 0, 1, 4, 2, "kept BB CC BB2 "},
      Row{"all of a tag", 0, 1, SIZE_MAX, 2, "kept BB CC BB2 "},
      Row{"all of another", 0, 2, SIZE_MAX, 2, "AA kept AA2 CC "},
      Row{"nothing of an unknown tag", 0, 9, SIZE_MAX, 0, "AA kept BB AA2 CC BB2 "},
      Row{"nothing where nothing is wanted", 0, 1, 0, 0, "AA kept BB AA2 CC BB2 "},
      Row{"any tag", 0, OutputQueue::kAnyTag, SIZE_MAX, 5, "kept "},
      Row{"what has no tag stays", 0, OutputQueue::kNoTag, SIZE_MAX, 0, "AA kept BB AA2 CC BB2 "},
      Row{"what was begun stays", 1, 1, SIZE_MAX, 1, "A kept BB CC BB2 "},
      Row{"begun, and all of any tag", 1, OutputQueue::kAnyTag, SIZE_MAX, 4, "A kept "},
      Row{"what is gone is gone", 3, 1, SIZE_MAX, 1, "kept BB CC BB2 "},
  };
  for (const Row& row : rows) {
    OutputQueue queue;
    queue.append_shared(shared("AA "), 0, SIZE_MAX, 1);
    queue.append_copy(bytes("kept "));
    queue.append_shared(shared("BB "), 0, SIZE_MAX, 2);
    queue.append_shared(shared("AA2 "), 0, SIZE_MAX, 1);
    queue.append_shared(shared("CC "), 0, SIZE_MAX, 3);
    queue.append_shared(shared("BB2 "), 0, SIZE_MAX, 2);
    queue.remove_front(row.sent);
    const std::size_t pieces = row.tag == OutputQueue::kNoTag ? 0 : queue.take_back(row.tag, row.wanted);
    EXPECT_EQ(pieces, row.pieces) << row.rule;
    EXPECT_EQ(front(queue), row.left) << row.rule;
    EXPECT_EQ(queue.bytes(), std::string_view(row.left).size()) << row.rule;
  }
}

TEST(OutputQueue, what_waits_is_what_is_behind_the_first_piece) {
  OutputQueue queue;
  EXPECT_EQ(queue.waiting(), 0U);
  queue.append_shared(shared("first"), 0, SIZE_MAX, 1);
  EXPECT_EQ(queue.waiting(), 0U);
  queue.append_shared(shared("second"), 0, SIZE_MAX, 2);
  queue.append_shared(shared("third"), 0, SIZE_MAX, 3);
  EXPECT_EQ(queue.waiting(), 11U + 2 * OutputQueue::kPieceCost);
  EXPECT_EQ(queue.take_back(2, SIZE_MAX), 1U);
  EXPECT_EQ(queue.waiting(), 5U + OutputQueue::kPieceCost);
  queue.append_shared(shared("second"), 0, SIZE_MAX, 2);
  queue.remove_front(2);
  EXPECT_EQ(queue.waiting(), 11U + 2 * OutputQueue::kPieceCost);
  queue.remove_front(3);
  EXPECT_EQ(queue.waiting(), 6U + OutputQueue::kPieceCost);
  EXPECT_EQ(queue.take_back(2, SIZE_MAX), 1U);
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(front(queue), "third");
}

TEST(OutputQueue, bytes_that_are_taken_back_are_let_go_of) {
  const SharedBytes frame = shared("frame");
  OutputQueue queue;
  queue.append_shared(frame, 0, SIZE_MAX, 1);
  EXPECT_EQ(queue.take_back(1, SIZE_MAX), 1U);
  EXPECT_TRUE(frame.unique());
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pieces_of(queue), 0U);
  queue.append_copy(bytes("next"));
  EXPECT_EQ(front(queue), "next");
}

// Against a list of strings that does the same, with pieces taken back between.
TEST(OutputQueue, taking_back_does_what_a_list_does) {
  struct Twin {
    std::string text;
    OutputQueue::Tag tag;
  };
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(seed);
    OutputQueue queue;
    std::vector<Twin> twin;
    for (int step = 0; step < 3000; ++step) {
      const std::string text = std::to_string(step) + ' ';
      const OutputQueue::Tag tag = random() % 4;
      switch (random() % 5) {
        case 0:
        case 1: queue.append_shared(shared(text), 0, SIZE_MAX, tag), twin.push_back({text, tag}); break;
        case 2: queue.append_copy(bytes(text)), twin.push_back({text, OutputQueue::kNoTag}); break;
        case 3: {
          std::size_t size = std::min<std::size_t>(queue.bytes(), random() % 12);
          queue.remove_front(size);
          while (size > 0) {
            const std::size_t part = std::min(size, twin.front().text.size());
            twin.front().text.erase(0, part);
            twin.front().tag = OutputQueue::kNoTag;
            if (twin.front().text.empty()) twin.erase(twin.begin());
            size -= part;
          }
          break;
        }
        default: {
          const std::size_t wanted = random() % 20;
          std::size_t gone = 0;
          std::size_t count = 0;
          for (std::size_t index = 0; index < twin.size() && gone < wanted;) {
            if (twin[index].tag == OutputQueue::kNoTag || twin[index].tag != tag) {
              ++index;
              continue;
            }
            gone += twin[index].text.size();
            ++count;
            twin.erase(twin.begin() + static_cast<std::ptrdiff_t>(index));
          }
          if (tag != OutputQueue::kNoTag) {
            ASSERT_EQ(queue.take_back(tag, wanted), count);
          }
          break;
        }
      }
      std::string all;
      for (const Twin& piece : twin) all += piece.text;
      ASSERT_EQ(queue.bytes(), all.size());
      ASSERT_TRUE(all.starts_with(front(queue))) << "seed " << seed << ", step " << step;
      ASSERT_EQ(front(queue).empty(), all.empty());
    }
  }
}

// Each message that a slow reader misses costs as much as it would have cost to keep it, however many wait.
TEST(OutputQueue, a_queue_of_which_the_oldest_is_taken_back_for_ever_stays_small) {
  OutputQueue queue;
  constexpr std::size_t kMost = 1000 * (8 + OutputQueue::kPieceCost);
  queue.append_copy(bytes("being sent"));
  for (int count = 0; count < 100'000; ++count) {
    queue.append_shared(shared("12345678"), 0, SIZE_MAX, 1);
    if (queue.waiting() > kMost) {
      ASSERT_EQ(queue.take_back(1, 1), 1U);
    }
  }
  EXPECT_EQ(queue.waiting(), kMost);
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
