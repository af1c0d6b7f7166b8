// Bytes that many hold and that are stored once (run under the leak sanitizer: the last one frees them).
#include "reactor/shared_bytes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "tests/reactor/sockets.hpp"

namespace reactor::tests {
namespace {

TEST(SharedBytes, none_is_empty) {
  const SharedBytes none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.size(), 0U);
  EXPECT_TRUE(none.view().empty());
  EXPECT_FALSE(none.unique());
}

TEST(SharedBytes, a_copy_of_bytes_stands_on_its_own) {
  std::string original = "original";
  const SharedBytes copy = SharedBytes::copy_of(bytes(original));
  original = "changed!";
  EXPECT_EQ(text(copy.view()), "original");
  EXPECT_EQ(SharedBytes::copy_of({}).size(), 0U);
  EXPECT_TRUE(SharedBytes::copy_of({}));
}

TEST(SharedBytes, copies_share_the_same_memory) {
  const SharedBytes first = SharedBytes::copy_of(bytes("shared"));
  {
    const SharedBytes second = first;  // NOLINT(performance-unnecessary-copy-initialization): it is what is tested
    EXPECT_EQ(second.view().data(), first.view().data());
    EXPECT_FALSE(first.unique());
    EXPECT_FALSE(second.unique());
  }
  EXPECT_TRUE(first.unique());
}

TEST(SharedBytes, whoever_is_alone_may_write) {
  SharedBytes shared = SharedBytes::allocate(5);
  std::ranges::copy(bytes("hello"), shared.writable().begin());
  EXPECT_EQ(text(shared.view()), "hello");
}

TEST(SharedBytes, moving_takes_no_reference) {
  SharedBytes from = SharedBytes::copy_of(bytes("moved"));
  const SharedBytes to = std::move(from);
  EXPECT_TRUE(to.unique());
  EXPECT_FALSE(from);  // NOLINT(bugprone-use-after-move): that is the question
}

TEST(SharedBytes, assignment_lets_go_of_what_was_held_before) {
  const SharedBytes first = SharedBytes::copy_of(bytes("first"));
  SharedBytes holder = first;
  holder = SharedBytes::copy_of(bytes("second"));
  EXPECT_TRUE(first.unique());
  EXPECT_EQ(text(holder.view()), "second");
  const SharedBytes& same = holder;
  holder = same;
  EXPECT_EQ(text(holder.view()), "second");
  EXPECT_TRUE(holder.unique());
  holder = {};
  EXPECT_FALSE(holder);
}

TEST(SharedBytes, adopted_memory_is_neither_copied_nor_leaked) {
  MallocedBytes memory(static_cast<std::uint8_t*>(std::malloc(7)));
  std::ranges::copy(bytes("adopted"), memory.get());
  const std::uint8_t* const place = memory.get();
  const SharedBytes adopted = SharedBytes::adopt(std::move(memory), 7);
  const SharedBytes copy = adopted;  // NOLINT(performance-unnecessary-copy-initialization): it is what is tested
  EXPECT_EQ(adopted.view().data(), place);
  EXPECT_EQ(text(copy.view()), "adopted");
}

}  // namespace
}  // namespace reactor::tests
