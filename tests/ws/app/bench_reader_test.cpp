// The reader of the load generator counts what a real decoder would: whole messages, however they are cut and
// fragmented, with control frames between them, and it stops at the rule that is broken.
#include "ws/app/bench_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace ws::app {
namespace {

using protocol::Error;
using protocol::Opcode;
using Bytes = std::vector<std::uint8_t>;

struct Sink {
  bool wants = true;
  std::string payload{};
  std::vector<std::pair<Opcode, std::uint64_t>> messages{};
  std::vector<std::pair<Opcode, std::string>> controls{};

  bool wants_payload() const { return wants; }
  void on_payload(std::span<const std::uint8_t> bytes) { payload.append(bytes.begin(), bytes.end()); }
  void on_message(Opcode opcode, std::uint64_t size) { messages.emplace_back(opcode, size); }
  void on_control(Opcode opcode, std::span<const std::uint8_t> bytes) {
    controls.emplace_back(opcode, std::string(bytes.begin(), bytes.end()));
  }
};

void add(Bytes& stream, std::uint8_t first, const std::string& payload) {
  stream.push_back(first);
  if (payload.size() < 126) {
    stream.push_back(static_cast<std::uint8_t>(payload.size()));
  } else if (payload.size() < 65536) {
    stream.push_back(126);
    for (const int shift : {8, 0}) stream.push_back(static_cast<std::uint8_t>(payload.size() >> shift));
  } else {
    stream.push_back(127);
    for (int shift = 56; shift >= 0; shift -= 8) stream.push_back(static_cast<std::uint8_t>(payload.size() >> shift));
  }
  stream.insert(stream.end(), payload.begin(), payload.end());
}

// A conversation with every form of length, fragments and control frames between them.
Bytes conversation() {
  Bytes stream;
  add(stream, 0x81, "hello");
  add(stream, 0x82, "");
  add(stream, 0x01, "first, ");
  add(stream, 0x89, "ping");
  add(stream, 0x00, "");
  add(stream, 0x80, "last");
  add(stream, 0x82, std::string(300, 'x'));
  add(stream, 0x8A, "");
  add(stream, 0x82, std::string(70'000, 'y'));
  add(stream, 0x88, std::string("\x03\xE8 bye", 6));
  return stream;
}

void expect_conversation(const Sink& sink) {
  const std::vector<std::pair<Opcode, std::uint64_t>> messages = {
      {Opcode::kText, 5}, {Opcode::kBinary, 0}, {Opcode::kText, 11}, {Opcode::kBinary, 300}, {Opcode::kBinary, 70'000}};
  EXPECT_EQ(sink.messages, messages);
  const std::vector<std::pair<Opcode, std::string>> controls = {
      {Opcode::kPing, "ping"}, {Opcode::kPong, ""}, {Opcode::kClose, std::string("\x03\xE8 bye", 6)}};
  EXPECT_EQ(sink.controls, controls);
  const std::string payload = sink.wants ? "hellofirst, last" + std::string(300, 'x') + std::string(70'000, 'y') : "";
  EXPECT_TRUE(sink.payload == payload);
}

TEST(BenchReader, finds_every_message_however_the_stream_is_cut) {
  const Bytes stream = conversation();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{64},
                                  std::size_t{4096}, stream.size()}) {
    Sink sink;
    BenchReader reader;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const auto part = std::span(stream).subspan(at, std::min(piece, stream.size() - at));
      ASSERT_EQ(reader.read(part, sink), Error::kNone);
    }
    expect_conversation(sink);
  }
}

TEST(BenchReader, skips_the_payload_if_nobody_wants_it) {
  Sink sink{.wants = false};
  BenchReader reader;
  ASSERT_EQ(reader.read(conversation(), sink), Error::kNone);
  expect_conversation(sink);
}

// What a bare server sends back is what it got: masked, as a client's frames are.
TEST(BenchReader, of_a_bare_server_counts_masked_frames_and_no_others) {
  Bytes masked = {0x82, 0x83, 1, 2, 3, 4, 'a', 'b', 'c'};
  Bytes plain = {0x82, 0x03, 'a', 'b', 'c'};
  for (const bool raw : {false, true}) {
    for (Bytes* bytes : {&masked, &plain}) {
      BenchReader reader = raw ? BenchReader(protocol::Role::kServer) : BenchReader();
      Sink sink;
      const Error error = reader.read(*bytes, sink);
      EXPECT_EQ(error == Error::kNone, raw == (bytes == &masked));
      EXPECT_EQ(sink.messages.size(), raw == (bytes == &masked) ? 1U : 0U);
    }
  }
}

TEST(BenchReader, says_which_messages_are_compressed_once_they_may_be) {
  struct Asking : Sink {
    void on_message(Opcode, std::uint64_t) { compressed.push_back(reader->compressed()); }
    const BenchReader* reader = nullptr;
    std::vector<bool> compressed{};
  };
  const Bytes bytes = {0xC2, 0x01, 'x', 0x82, 0x01, 'x', 0x41, 0x01, 'x', 0x89, 0x00, 0x80, 0x01, 'x'};
  BenchReader reader;
  Asking sink;
  sink.reader = &reader;
  reader.allow_compressed();
  EXPECT_EQ(reader.read(bytes, sink), Error::kNone);
  EXPECT_EQ(sink.compressed, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(reader.read(Bytes{0xC9, 0x00}, sink), Error::kReservedBits);
}

TEST(BenchReader, stops_at_the_rule_that_is_broken) {
  const struct {
    Bytes bytes;
    Error error;
  } rows[] = {
      {{0xC1, 0x01, 0x00}, Error::kReservedBits},
      {{0x83, 0x00}, Error::kReservedOpcode},
      {{0x80, 0x00}, Error::kContinuationWithoutStart},
      {{0x01, 0x00, 0x81, 0x00}, Error::kMessageInsideMessage},
      {{0x81, 0x80, 0, 0, 0, 0}, Error::kMasked},
      {{0x81, 126, 0, 5}, Error::kLengthNotMinimal},
      {{0x09, 0x00}, Error::kFragmentedControl},
      {{0x89, 126, 0, 126}, Error::kControlTooLong},
      {Bytes({0x48, 0x54, 0x54, 0x50}), Error::kReservedBits},
  };
  for (const auto& row : rows) {
    Sink sink;
    BenchReader reader;
    EXPECT_EQ(reader.read(row.bytes, sink), row.error);
  }
}

}  // namespace
}  // namespace ws::app
