// What large messages leave behind on a loop: kept while they come, and free again soon after.
#include "ws/codec.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

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
  // Resolver threads of other tests may free a little meanwhile, as they may hold a little more below.
  EXPECT_GE(heap_in_use() + 20'000, before + (1U << 20));
  EXPECT_TRUE(turn_until(loop, [&] { return codec->spare.buffers.memory() == 0; }));
  EXPECT_LE(heap_in_use(), before + 20'000);
  EXPECT_TRUE(line.ws().is_open());
}

// No receive ends within these messages.
TEST(SpareMemory, of_fragments_that_came_at_once_is_freed_too) {
  const std::string fragment = frame(Role::kClient, Opcode::kBinary, std::string(40 * 1024, 'x'), false);
  const std::string whole = fragment + frame(Role::kClient, Opcode::kContinuation, std::string(24 * 1024, 'x'));
  struct Row {
    const char* what;
    std::string bytes;
    bool flood = false;  // of answers, which nobody reads
  };
  const Row rows[] = {
      {"alone", whole},
      {"and a message behind them", whole + frame(Role::kClient, Opcode::kText, "and on")},
      {"and a broken rule behind the first", fragment + frame(Role::kClient, Opcode::kText, "")},
      {"and their memory is let go of while answers wait", whole, true},
  };
  reactor::Loop loop;
  std::vector<std::shared_ptr<Codec>> codecs;
  std::vector<std::unique_ptr<Line>> lines;
  for (const Row& row : rows) {
    codecs.push_back(std::make_shared<Codec>());
    const Limits limits = {.high_water = 1000, .ping_interval = Milliseconds(0)};
    lines.push_back(std::make_unique<Line>(loop, LineOptions{.limits = limits, .codec = codecs.back()}));
    if (row.flood) {
      (*lines.back())->at_message = [](Connection& ws, const Message&) {
        while (!ws.above_high_water()) ws.write_text(std::string(900, 'y'));
      };
    }
    lines.back()->peer.send(row.bytes);
    const auto& spare = codecs.back()->spare.buffers;
    EXPECT_TRUE(turn_until(loop, [&] { return spare.memory() >= 80U * 1024; })) << row.what;
  }
  for (std::size_t each = 0; each < codecs.size(); ++each) {
    const auto& spare = codecs[each]->spare.buffers;
    EXPECT_TRUE(turn_until(loop, [&] { return spare.memory() == 0; })) << rows[each].what;
  }
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
