// The message buffer keeps its bytes when it grows, gives its memory away once, and says no when there is no memory.
#include "ws/protocol/message_buffer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "tests/ws/protocol/bytes.hpp"

#if defined(__has_feature)
#define WS_TEST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define WS_TEST_HAS_FEATURE(feature) 0
#endif

namespace ws::protocol {
namespace {

using test::text;

#if defined(__SANITIZE_ADDRESS__) || WS_TEST_HAS_FEATURE(address_sanitizer)
constexpr bool kMallocMayFail = false;  // the sanitizer ends the program instead
#else
constexpr bool kMallocMayFail = true;
#endif

TEST(MessageBuffer, an_empty_one_owns_nothing) {
  const MessageBuffer buffer;
  EXPECT_EQ(buffer.size(), 0U);
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_TRUE(buffer.bytes().empty());
  EXPECT_TRUE(buffer.room().empty());
}

TEST(MessageBuffer, keeps_its_bytes_when_it_grows_and_its_capacity_is_what_was_asked) {
  MessageBuffer buffer;
  ASSERT_TRUE(buffer.reserve(5));
  EXPECT_EQ(buffer.capacity(), 5U);
  buffer.append(text("Hel"));
  EXPECT_EQ(buffer.room().size(), 2U);
  ASSERT_TRUE(buffer.reserve(1 << 20));
  EXPECT_EQ(buffer.capacity(), 1U << 20);
  std::memcpy(buffer.room().data(), "lo", 2);
  const auto piece = buffer.extend(2);
  EXPECT_EQ(piece.data(), buffer.bytes().data() + 3);
  EXPECT_EQ(test::Bytes(buffer.bytes().begin(), buffer.bytes().end()), text("Hello"));
  ASSERT_TRUE(buffer.reserve(10));
  EXPECT_EQ(buffer.capacity(), 1U << 20) << "it does not shrink";
}

TEST(MessageBuffer, what_was_moved_from_is_empty) {
  MessageBuffer buffer;
  ASSERT_TRUE(buffer.reserve(8));
  buffer.append(text("abc"));
  MessageBuffer other = std::move(buffer);
  EXPECT_EQ(other.size(), 3U);
  EXPECT_EQ(buffer.size(), 0U);  // NOLINT(bugprone-use-after-move): this is what is tested
  EXPECT_EQ(buffer.capacity(), 0U);
  buffer = std::move(other);
  EXPECT_EQ(buffer.capacity(), 8U);
  EXPECT_EQ(other.capacity(), 0U);  // NOLINT(bugprone-use-after-move)
}

TEST(MessageBuffer, gives_its_memory_away_and_is_empty_then) {
  MessageBuffer buffer;
  ASSERT_TRUE(buffer.reserve(8));
  buffer.append(text("abc"));
  const std::uint8_t* const at = buffer.bytes().data();
  const OwnedBytes owned = buffer.release();
  EXPECT_EQ(owned.bytes.get(), at);
  EXPECT_EQ(owned.size, 3U);
  EXPECT_EQ(buffer.size(), 0U);
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_TRUE(buffer.bytes().empty());
}

TEST(MessageBuffer, forgets_its_front_or_all_and_keeps_its_memory) {
  MessageBuffer buffer;
  buffer.drop_front(0);
  buffer.clear();
  ASSERT_TRUE(buffer.reserve(8));
  buffer.append(text("abcdef"));
  buffer.drop_front(0);
  buffer.drop_front(4);
  EXPECT_EQ(test::Bytes(buffer.bytes().begin(), buffer.bytes().end()), text("ef"));
  buffer.append(text("gh"));
  EXPECT_EQ(test::Bytes(buffer.bytes().begin(), buffer.bytes().end()), text("efgh"));
  buffer.clear();
  EXPECT_EQ(buffer.size(), 0U);
  buffer.append(text("x"));
  buffer.drop_front(1);
  EXPECT_EQ(buffer.size(), 0U);
  EXPECT_EQ(buffer.capacity(), 8U);
}

TEST(MessageBuffer, says_no_when_there_is_no_memory_and_stays_as_it_was) {
  if (!kMallocMayFail) GTEST_SKIP() << "not under AddressSanitizer";
  MessageBuffer buffer;
  ASSERT_TRUE(buffer.reserve(8));
  buffer.append(text("abc"));
  // Not a constant, which the compiler would warn of.
  volatile std::size_t impossible = std::numeric_limits<std::size_t>::max() / 2;
  EXPECT_FALSE(buffer.reserve(impossible));
  EXPECT_EQ(buffer.capacity(), 8U);
  EXPECT_EQ(test::Bytes(buffer.bytes().begin(), buffer.bytes().end()), text("abc"));
}

}  // namespace
}  // namespace ws::protocol
