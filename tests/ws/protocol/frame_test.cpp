// The frame header of RFC 6455 5.2: what is parsed, which rule is found broken, at which byte it is found, and that
// what is written is parsed again.
#include "ws/protocol/frame.hpp"

#include <gtest/gtest.h>

#include "tests/ws/protocol/bytes.hpp"

namespace ws::protocol {
namespace {

using namespace test;  // bytes.hpp

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// The whole header that `bytes` begin, with zeros for what is missing.
FrameHeader header_of(Bytes bytes) {
  bytes.resize(kMaxHeaderSize);
  return *parse_frame_header(bytes);
}

TEST(ParseFrameHeader, takes_every_field_of_the_picture) {
  const struct {
    const char* name;
    Bytes bytes;
    FrameHeader wanted;
  } rows[] = {
      {"RFC 6455 5.7: a single-frame unmasked text message",
       bits("1 000 0001  0 0000101"),
       {.payload_size = 5, .opcode = Opcode::kText, .header_size = 2, .final = true}},
      {"RFC 6455 5.7: a single-frame masked text message",
       bits("1 000 0001  1 0000101") + hex("37 fa 21 3d"),
       {.payload_size = 5,
        .masking_key = {0x37, 0xfa, 0x21, 0x3d},
        .opcode = Opcode::kText,
        .header_size = 6,
        .final = true,
        .masked = true}},
      {"RFC 6455 5.7: the first fragment",
       bits("0 000 0001  0 0000011"),
       {.payload_size = 3, .opcode = Opcode::kText, .header_size = 2}},
      {"RFC 6455 5.7: the last fragment",
       bits("1 000 0000  0 0000010"),
       {.payload_size = 2, .opcode = Opcode::kContinuation, .header_size = 2, .final = true}},
      {"RFC 6455 5.7: an unmasked Ping",
       bits("1 000 1001  0 0000101"),
       {.payload_size = 5, .opcode = Opcode::kPing, .header_size = 2, .final = true}},
      {"RFC 6455 5.7: 256 bytes of binary",
       bits("1 000 0010  0 1111110") + hex("01 00"),
       {.payload_size = 256, .opcode = Opcode::kBinary, .header_size = 4, .length_form = 16, .final = true}},
      {"RFC 6455 5.7: 64 KiB of binary",
       bits("1 000 0010  0 1111111") + hex("00 00 00 00 00 01 00 00"),
       {.payload_size = 65536, .opcode = Opcode::kBinary, .header_size = 10, .length_form = 64, .final = true}},
      {"reserved bits, a reserved opcode and a monstrous length are parsed and not judged",
       bits("0 101 1111  1 1111111") + hex("ff ff ff ff ff ff ff ff 01 02 03 04"),
       {.payload_size = kNoLimit,
        .masking_key = {1, 2, 3, 4},
        .opcode = static_cast<Opcode>(15),
        .reserved_bits = 5,
        .header_size = 14,
        .length_form = 64,
        .masked = true}},
      {"a length that is not minimal is parsed as what it says",
       bits("1 000 0010  0 1111110") + hex("00 05"),
       {.payload_size = 5, .opcode = Opcode::kBinary, .header_size = 4, .length_form = 16, .final = true}},
  };
  for (const auto& row : rows) {
    const GuardedMemory memory(row.bytes.size());
    const auto header = parse_frame_header(memory.put(row.bytes));
    ASSERT_TRUE(header) << row.name;
    EXPECT_EQ(header->final, row.wanted.final) << row.name;
    EXPECT_EQ(header->reserved_bits, row.wanted.reserved_bits) << row.name;
    EXPECT_EQ(header->opcode, row.wanted.opcode) << row.name;
    EXPECT_EQ(header->masked, row.wanted.masked) << row.name;
    EXPECT_EQ(header->masking_key, row.wanted.masking_key) << row.name;
    EXPECT_EQ(header->payload_size, row.wanted.payload_size) << row.name;
    EXPECT_EQ(header->header_size, row.wanted.header_size) << row.name;
    EXPECT_EQ(header->length_form, row.wanted.length_form) << row.name;
    for (std::size_t size = 0; size < row.bytes.size(); ++size) {
      EXPECT_FALSE(parse_frame_header(memory.put(std::span(row.bytes).first(size)))) << row.name << ", " << size;
    }
  }
}

// One row, one rule. `found_at` is the number of bytes with which the rule is known to be broken.
struct Rule {
  const char* name;
  Bytes header;
  Error wanted;
  std::size_t found_at;
  FrameContext context = {};
};

std::vector<Rule> rules() {
  const FrameContext server = {};
  const FrameContext client = {.role = Role::kClient};
  const FrameContext in_message = {.message_open = true};
  const FrameContext full = {.message_open = true, .fragments_left = 0};
  const FrameContext ten_left = {.payload_limit = 10};
  const FrameContext none_left = {.message_open = true, .payload_limit = 0};
  const FrameContext deflate = {.reserved_bits_allowed = 4};
  const FrameContext deflate_in_message = {.message_open = true, .reserved_bits_allowed = 4};
  return {
      {"text", hex("81 80"), Error::kNone, 0, server},
      {"binary", hex("82 80"), Error::kNone, 0, server},
      {"the start of a fragmented text", hex("01 80"), Error::kNone, 0, server},
      {"close", hex("88 80"), Error::kNone, 0, server},
      {"ping", hex("89 80"), Error::kNone, 0, server},
      {"pong", hex("8A 80"), Error::kNone, 0, server},
      {"the longest control frame", hex("89 FD"), Error::kNone, 0, server},

      {"5.2: RSV1", hex("C1 80"), Error::kReservedBits, 1, server},
      {"5.2: RSV2", hex("A1 80"), Error::kReservedBits, 1, server},
      {"5.2: RSV3", hex("91 80"), Error::kReservedBits, 1, server},
      {"5.2: a reserved bit on a control frame", hex("C9 80"), Error::kReservedBits, 1, server},
      {"7692 6: RSV1 when it was negotiated", hex("C1 80"), Error::kNone, 0, deflate},
      {"7692 6: RSV2 when RSV1 was negotiated", hex("A1 80"), Error::kReservedBits, 1, deflate},
      {"7692 6.1: RSV1 on a control frame", hex("C9 80"), Error::kReservedBits, 1, deflate},
      {"7692 6.1: RSV1 on a continuation", hex("C0 80"), Error::kReservedBits, 1, deflate_in_message},

      {"5.2: opcode 3", hex("83 80"), Error::kReservedOpcode, 1, server},
      {"5.2: opcode 4", hex("84 80"), Error::kReservedOpcode, 1, server},
      {"5.2: opcode 5", hex("85 80"), Error::kReservedOpcode, 1, server},
      {"5.2: opcode 6", hex("86 80"), Error::kReservedOpcode, 1, server},
      {"5.2: opcode 7", hex("87 80"), Error::kReservedOpcode, 1, server},
      {"5.2: opcode 11", hex("8B 80"), Error::kReservedOpcode, 1, server},
      {"5.2: opcode 12", hex("8C 80"), Error::kReservedOpcode, 1, server},
      {"5.2: opcode 13", hex("8D 80"), Error::kReservedOpcode, 1, server},
      {"5.2: opcode 14", hex("8E 80"), Error::kReservedOpcode, 1, server},
      {"5.2: opcode 15", hex("8F 80"), Error::kReservedOpcode, 1, server},

      {"5.5: a fragmented close", hex("08 80"), Error::kFragmentedControl, 1, server},
      {"5.5: a fragmented ping", hex("09 80"), Error::kFragmentedControl, 1, server},
      {"5.5: a fragmented pong", hex("0A 80"), Error::kFragmentedControl, 1, server},
      {"5.5: a close of 126 bytes", hex("88 FE 00 7E"), Error::kControlTooLong, 2, server},
      {"5.5: a ping of 125 bytes in 16 bits", hex("89 FE 00 7D"), Error::kControlTooLong, 2, server},
      {"5.5: a pong of 65536 bytes", hex("8A FF 00 00 00 00 00 01 00 00"), Error::kControlTooLong, 2, server},

      {"5.4: a continuation of nothing", hex("80 80"), Error::kContinuationWithoutStart, 1, server},
      {"5.4: a continuation of nothing, to go on", hex("00 80"), Error::kContinuationWithoutStart, 1, server},
      {"5.4: a continuation", hex("80 80"), Error::kNone, 0, in_message},
      {"5.4: text inside a message", hex("81 80"), Error::kMessageInsideMessage, 1, in_message},
      {"5.4: binary inside a message", hex("02 80"), Error::kMessageInsideMessage, 1, in_message},
      {"5.4: a ping inside a message", hex("89 80"), Error::kNone, 0, in_message},
      {"5.5.1: a close inside a message", hex("88 80"), Error::kNone, 0, in_message},
      {"our limit on fragments", hex("00 80"), Error::kTooManyFragments, 1, full},
      {"our limit on fragments, at the last one", hex("80 80"), Error::kTooManyFragments, 1, full},
      {"our limit on fragments does not count pings", hex("89 80"), Error::kNone, 0, full},

      {"5.1: a client that does not mask", hex("81 05"), Error::kNotMasked, 2, server},
      {"5.1: a client that does not mask a ping", hex("89 00"), Error::kNotMasked, 2, server},
      {"5.1: a server that masks", hex("81 85"), Error::kMasked, 2, client},
      {"5.1: a server that does not", hex("81 05"), Error::kNone, 0, client},

      {"5.2: the top bit of the length", hex("82 FF 80 00 00 00 00 00 00 01"), Error::kLengthTopBit, 3, server},
      {"5.2: every bit of the length", hex("82 FF FF FF FF FF FF FF FF FF"), Error::kLengthTopBit, 3, server},
      {"5.2: the largest length there is", hex("82 FF 7F FF FF FF FF FF FF FF"), Error::kNone, 0, server},
      {"5.2: 5 in 16 bits", hex("82 FE 00 05"), Error::kLengthNotMinimal, 4, server},
      {"5.2: 125 in 16 bits", hex("82 FE 00 7D"), Error::kLengthNotMinimal, 4, server},
      {"5.2: 126 in 16 bits", hex("82 FE 00 7E"), Error::kNone, 0, server},
      {"5.2: 5 in 64 bits", hex("82 FF 00 00 00 00 00 00 00 05"), Error::kLengthNotMinimal, 8, server},
      {"5.2: 65535 in 64 bits", hex("82 FF 00 00 00 00 00 00 FF FF"), Error::kLengthNotMinimal, 8, server},
      {"5.2: 65536 in 64 bits", hex("82 FF 00 00 00 00 00 01 00 00"), Error::kNone, 0, server},
      {"5.2: not minimal goes before too big", hex("82 FE 00 7D"), Error::kLengthNotMinimal, 4, ten_left},

      {"our limit: exactly", hex("82 8A"), Error::kNone, 0, ten_left},
      {"our limit: one more", hex("82 8B"), Error::kMessageTooBig, 2, ten_left},
      {"our limit: any length in 16 bits", hex("82 FE 01 00"), Error::kMessageTooBig, 3, ten_left},
      {"our limit: 2^63-1", hex("82 FF 7F FF FF FF FF FF FF FF"), Error::kMessageTooBig, 3, ten_left},
      {"our limit: 2^32", hex("82 FF 00 00 00 01 00 00 00 00"), Error::kMessageTooBig, 6, ten_left},
      {"our limit: nothing more, and there is nothing", hex("80 80"), Error::kNone, 0, none_left},
      {"our limit: nothing more, but one byte", hex("80 81"), Error::kMessageTooBig, 2, none_left},
      {"our limit does not count pings", hex("89 FD"), Error::kNone, 0, none_left},

      {"\"GET\" on an upgraded connection", hex("47 45 54 20"), Error::kReservedBits, 1, server},
      {"\"POST\" on an upgraded connection", hex("50 4F 53 54"), Error::kReservedBits, 1, server},
      {"\"GET\" with compression negotiated", hex("47 45 54 20"), Error::kReservedBits, 1, deflate},
  };
}

TEST(CheckFrameHeader, finds_the_rule_that_is_broken) {
  for (const Rule& rule : rules()) {
    EXPECT_EQ(check_frame_header(header_of(rule.header), rule.context), rule.wanted) << rule.name;
  }
}

TEST(CheckFrameStart, finds_the_rule_at_the_first_byte_that_breaks_it) {
  for (const Rule& rule : rules()) {
    for (std::size_t size = 0; size <= rule.header.size(); ++size) {
      const GuardedMemory memory(size + 1);
      const Error error = check_frame_start(memory.put(std::span(rule.header).first(size)), rule.context);
      const bool known = rule.wanted != Error::kNone && size >= rule.found_at;
      EXPECT_EQ(error, known ? rule.wanted : Error::kNone) << rule.name << ", with " << size << " bytes";
    }
  }
}

TEST(CheckFrameStart, gives_the_answer_of_the_whole_header_or_none) {
  const FrameContext contexts[] = {
      {.payload_limit = 100},
      {.message_open = true, .payload_limit = 70000},
      {.role = Role::kClient,
       .message_open = true,
       .reserved_bits_allowed = 4,
       .fragments_left = 0,
       .payload_limit = 0},
  };
  // What follows the first two bytes: lengths in 16 and 64 bits at the edges of the rules.
  const std::array<std::uint8_t, 8> lengths[] = {{0, 0, 0, 0, 0, 0, 0, 0x7D},    {0, 0x7E}, {0, 0, 0, 0, 0, 1},
                                                 {0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, {0x80},    {0x7F, 0xFF}};
  for (unsigned first_two = 0; first_two < 65536; ++first_two) {
    for (const auto& length : lengths) {
      std::array<std::uint8_t, kMaxHeaderSize> bytes = {static_cast<std::uint8_t>(first_two >> 8),
                                                        static_cast<std::uint8_t>(first_two & 0xFF)};
      std::copy(length.begin(), length.end(), bytes.begin() + 2);
      const FrameHeader header = *parse_frame_header(bytes);
      for (const FrameContext& context : contexts) {
        const Error whole = check_frame_header(header, context);
        Error before = Error::kNone;
        for (std::size_t size = 1; size < header.header_size; size += size < 4 ? 1 : 3) {
          const Error early = check_frame_start(std::span(bytes).first(size), context);
          ASSERT_TRUE(early == whole || early == Error::kNone) << std::hex << first_two << ", " << size;
          ASSERT_TRUE(before == Error::kNone || early == before) << std::hex << first_two << ", " << size;
          before = early;
        }
      }
    }
  }
}

TEST(WriteFrameHeader, writes_what_is_parsed_again_in_the_fewest_bytes) {
  const std::uint64_t sizes[] = {0, 1, 125, 126, 127, 255, 256, 65535, 65536, 65537, 1ULL << 32, (1ULL << 63) - 1};
  for (const std::uint64_t size : sizes) {
    for (const std::optional<MaskingKey> key : {std::optional<MaskingKey>(), std::optional(kKey)}) {
      for (const Opcode opcode : {Opcode::kContinuation, Opcode::kText, Opcode::kBinary}) {
        const GuardedMemory memory(kMaxHeaderSize);
        const auto out = memory.last(kMaxHeaderSize).first<kMaxHeaderSize>();
        const std::size_t written = write_frame_header(out, size % 2 == 0, 4, opcode, size, key);
        const auto header = parse_frame_header(out.first(written));
        ASSERT_TRUE(header) << size;
        EXPECT_EQ(header->header_size, written);
        EXPECT_EQ(header->payload_size, size);
        EXPECT_EQ(header->final, size % 2 == 0);
        EXPECT_EQ(header->reserved_bits, 4);
        EXPECT_EQ(header->opcode, opcode);
        EXPECT_EQ(header->masked, key.has_value());
        EXPECT_EQ(header->masking_key, key.value_or(MaskingKey()));
        const FrameContext context = {.role = key ? Role::kServer : Role::kClient,
                                      .message_open = opcode == Opcode::kContinuation,
                                      .reserved_bits_allowed = 7};
        const Error wanted = opcode == Opcode::kContinuation ? Error::kReservedBits : Error::kNone;
        EXPECT_EQ(check_frame_header(*header, context), wanted) << size;
      }
    }
  }
}

TEST(WriteFrameHeader, writes_the_examples_of_the_rfc) {
  const auto written = [](bool final, Opcode opcode, std::uint64_t size, std::optional<MaskingKey> key) {
    std::array<std::uint8_t, kMaxHeaderSize> out;
    const std::size_t header_size = write_frame_header(out, final, 0, opcode, size, key);
    return Bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(header_size));
  };
  // RFC 6455 5.7.
  EXPECT_EQ(written(true, Opcode::kText, 5, std::nullopt), hex("81 05"));
  EXPECT_EQ(written(true, Opcode::kText, 5, kKey), hex("81 85 37 fa 21 3d"));
  EXPECT_EQ(written(false, Opcode::kText, 3, std::nullopt), hex("01 03"));
  EXPECT_EQ(written(true, Opcode::kContinuation, 2, std::nullopt), hex("80 02"));
  EXPECT_EQ(written(true, Opcode::kPong, 5, kKey), hex("8a 85 37 fa 21 3d"));
  EXPECT_EQ(written(true, Opcode::kBinary, 256, std::nullopt), hex("82 7E 01 00"));
  EXPECT_EQ(written(true, Opcode::kBinary, 65536, std::nullopt), hex("82 7F 00 00 00 00 00 01 00 00"));
}

}  // namespace
}  // namespace ws::protocol
