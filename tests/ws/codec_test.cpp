// What large messages leave behind on a loop: kept while they come, and free again soon after.
#include "ws/codec.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/ws/heap.hpp"
#include "tests/ws/line.hpp"

namespace ws {
namespace {

using namespace tests;

TEST(SpareMemory, is_used_by_large_messages_and_freed_when_it_is_quiet) {
  reactor::Loop loop;
  const auto codec = std::make_shared<Codec>();
  Line line(loop, {.codec = codec});
  const std::string message = frame(Role::kClient, Opcode::kBinary, std::string(1 << 20, 'x'));
  const std::size_t before = heap_in_use();
  for (int each = 0; each < 3; ++each) {
    line->log.clear();
    line.peer.send(message);
    EXPECT_TRUE(line.wait_for("binary 1048576 bytes"));
    line.peer.text("and on");
    EXPECT_TRUE(line.wait_for("text and on"));
    EXPECT_GE(codec->spare.buffers.memory(), 1U << 20);
    EXPECT_LE(codec->spare.buffers.memory(), 3U << 19) << "the same memory each time";
  }
  EXPECT_GE(heap_in_use(), before + (1U << 20));
  EXPECT_TRUE(turn_until(loop, [&] { return codec->spare.buffers.memory() == 0; }));
  EXPECT_LE(heap_in_use(), before + 20'000);
  EXPECT_TRUE(line.ws().is_open());
}

TEST(SpareMemory, of_a_message_that_broke_a_rule_is_freed_too) {
  reactor::Loop loop;
  const auto codec = std::make_shared<Codec>();
  Line line(loop, {.codec = codec});
  line.peer.send(frame(Role::kClient, Opcode::kText, std::string(1 << 20, 'x') + "\xFF"));
  EXPECT_TRUE(line.wait_until_gone());
  EXPECT_GE(codec->spare.buffers.memory(), 1U << 19);
  EXPECT_TRUE(turn_until(loop, [&] { return codec->spare.buffers.memory() == 0; }));
}

}  // namespace
}  // namespace ws
