// What --trace shows: one line for each frame, whatever the cuts, and nothing in it that a terminal obeys.
#include "ws/protocol/frame_trace.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ws::protocol {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Row {
  std::string name;
  Bytes bytes;
  std::vector<std::string> lines;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      {"RFC 6455 5.7: an unmasked text",
       {0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f},
       {"81 05 | FIN text, 5 bytes: \"Hello\""}},
      {"RFC 6455 5.7: a masked text is shown unmasked",
       {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58},
       {"81 85 37 fa 21 3d | FIN text, masked, 5 bytes: \"Hello\""}},
      {"RFC 6455 5.7: two fragments",
       {0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f},
       {"01 03 | text, 3 bytes: \"Hel\"", "80 02 | FIN continuation, 2 bytes: \"lo\""}},
      {"an empty frame has no payload to show", {0x8a, 0x00}, {"8a 00 | FIN pong, 0 bytes"}},
      {"binary is hex", {0x82, 0x01, 0x41}, {"82 01 | FIN binary, 1 byte: 41"}},
      {"a close code is hex", {0x88, 0x02, 0x03, 0xe8}, {"88 02 | FIN close, 2 bytes: 03 e8"}},
      {"control characters in a text make it hex",
       {0x81, 0x03, 0x1b, 0x5b, 0x6d},
       {"81 03 | FIN text, 3 bytes: 1b 5b 6d"}},
      {"what breaks rules is shown as it is",
       {0xf3, 0x00, 0xc9, 0x00},
       {"f3 00 | FIN RSV1 RSV2 RSV3 reserved opcode 3, 0 bytes", "c9 00 | FIN RSV1 ping, 0 bytes"}},
  };
  return table;
}

std::vector<std::string> lines_of(const Bytes& bytes, std::size_t cut, std::size_t step) {
  FrameTrace trace;
  std::vector<std::string> lines;
  const auto tell = [&](const TracedFrame& frame) { lines.push_back(to_string(frame)); };
  trace.feed(std::span(bytes).first(cut), tell);
  for (std::size_t at = cut; at < bytes.size(); at += step) {
    trace.feed(std::span(bytes).subspan(at, std::min(step, bytes.size() - at)), tell);
  }
  return lines;
}

TEST(FrameTrace, tells_the_same_at_every_cut) {
  for (const Row& row : rows()) {
    for (std::size_t cut = 0; cut <= row.bytes.size(); ++cut) {
      EXPECT_EQ(lines_of(row.bytes, cut, row.bytes.size() + 1), row.lines) << row.name << ", cut at " << cut;
    }
    EXPECT_EQ(lines_of(row.bytes, 0, 1), row.lines) << row.name << ", byte by byte";
  }
}

TEST(FrameTrace, shows_the_start_of_a_long_payload_and_finds_the_frame_behind_it) {
  Bytes bytes = {0x82, 0x7e, 0x01, 0x00};
  bytes.resize(bytes.size() + 256, 0xab);
  const Bytes ping = {0x89, 0x00};
  bytes.insert(bytes.end(), ping.begin(), ping.end());
  std::string hex = "ab";
  for (std::size_t count = 1; count < FrameTrace::kPayloadShown; ++count) hex += " ab";
  const std::vector<std::string> expected = {"82 7e 01 00 | FIN binary, 256 bytes: " + hex + "...",
                                             "89 00 | FIN ping, 0 bytes"};
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()})
    EXPECT_EQ(lines_of(bytes, 0, step), expected);
}

}  // namespace
}  // namespace ws::protocol
