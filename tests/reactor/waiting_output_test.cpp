// What waits, in its three states and on the ways between them; every frame is let go of in the end.
#include "reactor/waiting_output.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "tests/reactor/sockets.hpp"

namespace reactor::tests {
namespace {

constexpr OutputQueue::Tag kTopic = 7;

SharedBytes frame_of(std::string_view text) { return SharedBytes::copy_of(bytes(text)); }

// All that waits in the queue.
std::string queued(WaitingOutput& waiting) {
  std::array<iovec, 8> pieces;
  const std::size_t count = waiting.queue().front(pieces);
  std::string text;
  for (std::size_t index = 0; index < count; ++index)
    text.append(static_cast<const char*>(pieces[index].iov_base), pieces[index].iov_len);
  return text;
}

TEST(WaitingOutput, is_nothing_at_first) {
  WaitingOutput waiting;
  EXPECT_FALSE(waiting.any());
  EXPECT_EQ(waiting.bytes(), 0U);
  EXPECT_EQ(waiting.waiting(), 0U);
  EXPECT_EQ(waiting.frame(), nullptr);
  EXPECT_EQ(waiting.take_back(OutputQueue::kAnyTag, SIZE_MAX), 0U);
  waiting.clear();
  EXPECT_FALSE(waiting.any());
}

TEST(WaitingOutput, holds_a_lone_frame_by_reference_and_lets_go_of_it) {
  const SharedBytes frame = frame_of("Hello");
  {
    WaitingOutput waiting;
    waiting.put(frame, kTopic);
    EXPECT_TRUE(waiting.any());
    EXPECT_EQ(waiting.bytes(), 5U);
    EXPECT_EQ(waiting.waiting(), 0U) << "nothing is behind it";
    ASSERT_NE(waiting.frame(), nullptr);
    EXPECT_EQ(waiting.frame()->view().data(), frame.view().data());
    EXPECT_FALSE(frame.unique());
    waiting.clear();
    EXPECT_TRUE(frame.unique());
    EXPECT_FALSE(waiting.any());
    waiting.put(frame, kTopic);
  }
  EXPECT_TRUE(frame.unique()) << "also at the end of its life";
}

TEST(WaitingOutput, a_lone_frame_is_taken_back_by_its_tag) {
  struct Row {
    const char* what;
    OutputQueue::Tag of_frame;
    OutputQueue::Tag asked;
    std::size_t wanted;
    std::size_t taken;
  };
  for (const Row& row :
       {Row{"its own", kTopic, kTopic, 1, 1}, Row{"any", kTopic, OutputQueue::kAnyTag, SIZE_MAX, 1},
        Row{"another", kTopic, kTopic + 1, SIZE_MAX, 0}, Row{"no room is wanted", kTopic, kTopic, 0, 0},
        Row{"what has none", OutputQueue::kNoTag, OutputQueue::kAnyTag, SIZE_MAX, 0}}) {
    WaitingOutput waiting;
    waiting.put(frame_of("Hello"), row.of_frame);
    EXPECT_EQ(waiting.take_back(row.asked, row.wanted), row.taken) << row.what;
    EXPECT_EQ(waiting.bytes(), row.taken == 0 ? 5U : 0U) << row.what;
  }
}

TEST(WaitingOutput, becomes_a_queue_with_the_frame_in_front_and_its_tag) {
  const SharedBytes frame = frame_of("one ");
  WaitingOutput waiting;
  waiting.put(frame, kTopic);
  waiting.queue().append_copy(bytes("two"));
  EXPECT_EQ(waiting.frame(), nullptr);
  EXPECT_EQ(queued(waiting), "one two");
  EXPECT_EQ(waiting.bytes(), 7U);
  EXPECT_EQ(waiting.waiting(), 3U + OutputQueue::kPieceCost);
  EXPECT_EQ(waiting.take_back(kTopic, SIZE_MAX), 1U);
  EXPECT_EQ(queued(waiting), "two");
  EXPECT_TRUE(frame.unique());
}

TEST(WaitingOutput, what_was_sent_of_a_lone_frame_is_gone) {
  const SharedBytes frame = frame_of("Hello");
  WaitingOutput waiting;
  waiting.put(frame, kTopic);
  waiting.remove_front_of_frame(0);
  EXPECT_NE(waiting.frame(), nullptr) << "nothing was";
  waiting.remove_front_of_frame(2);
  EXPECT_EQ(queued(waiting), "llo");
  EXPECT_EQ(waiting.take_back(kTopic, SIZE_MAX), 0U) << "a message that was begun must be finished";
  WaitingOutput whole;
  whole.put(frame, kTopic);
  whole.remove_front_of_frame(5);
  EXPECT_FALSE(whole.any());
}

}  // namespace
}  // namespace reactor::tests
