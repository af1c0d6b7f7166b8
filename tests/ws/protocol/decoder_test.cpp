// Conversations, by the sections of RFC 6455, and what the decoder makes of them: each whole, byte by byte, and cut in
// two at every byte, through next() and through landing(). The transcript must not change.
#include "ws/protocol/decoder.hpp"

#include <gtest/gtest.h>

#include "tests/ws/protocol/bytes.hpp"
#include "tests/ws/protocol/transcript.hpp"

namespace ws::protocol {
namespace {

using namespace test;  // bytes.hpp

struct Conversation {
  const char* name;
  Bytes bytes;
  std::vector<std::string> wanted;
  DecoderLimits limits = {};
};

void expect_conversations(Role role, const std::vector<Conversation>& conversations) {
  for (const Conversation& row : conversations) {
    expect_at_every_cut(row.name, role, row.limits, row.bytes, row.wanted);
  }
}

std::string told(Error error) { return std::to_string(close_code(error)) + " " + std::string(describe(error)); }

// Any bytes, with a sum that depends on each.
Bytes numbered(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t index = 0; index < size; ++index) bytes[index] = static_cast<std::uint8_t>(index * 7 + index / 251);
  return bytes;
}

std::string long_binary(std::size_t size) { return "binary " + shown(numbered(size)); }

// A whole text, to see whether the decoder still listens.
const Bytes kHello = client_frame(0x81, text("Hello"));

TEST(Decoder, the_examples_of_the_rfc) {
  // RFC 6455 5.7. A client hears the unmasked ones.
  expect_conversations(
      Role::kClient,
      {
          {"a single-frame unmasked text message", hex("81 05 48 65 6c 6c 6f"), {"text Hello"}},
          {"a fragmented unmasked text message", hex("01 03 48 65 6c  80 02 6c 6f"), {"text Hello"}},
          {"an unmasked Ping", hex("89 05 48 65 6c 6c 6f"), {"ping Hello"}},
          {"256 bytes of binary", hex("82 7E 01 00") + numbered(256), {long_binary(256)}},
          {"64 KiB of binary", hex("82 7F 00 00 00 00 00 01 00 00") + numbered(65536), {long_binary(65536)}},
      });
  expect_conversations(
      Role::kServer,
      {
          {"a single-frame masked text message", hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), {"text Hello"}},
          {"a masked Pong", hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"), {"pong Hello"}},
      });
}

TEST(Decoder, messages_in_one_frame) {
  expect_conversations(
      Role::kServer,
      {
          {"nothing", {}, {}},
          {"an empty text", client_frame(0x81, {}), {"text "}},
          {"an empty binary", client_frame(0x82, {}), {"binary "}},
          {"two messages at once",
           client_frame(0x81, text("one")) + client_frame(0x82, hex("00 FF")),
           {"text one", "binary \\00\\FF"}},
          {"33 bytes: more than the shortcut takes",
           client_frame(0x82, numbered(33)),
           {"binary " + shown(numbered(33))}},
          {"125 bytes", client_frame(0x82, numbered(125)), {long_binary(125)}},
          {"126 bytes", client_frame(0x82, numbered(126)), {long_binary(126)}},
          {"65535 bytes and a text", client_frame(0x82, numbered(65535)) + kHello, {long_binary(65535), "text Hello"}},
          {"a key of zeros", hex("81 82 00 00 00 00") + text("hi"), {"text hi"}},
          {"U+FEFF and U+0000 are delivered as they are",
           client_frame(0x81, hex("EF BB BF 00")),
           {"text \\EF\\BB\\BF\\00"}},
      });
}

TEST(Decoder, every_size_around_the_shortcut) {
  for (std::size_t size = 0; size < 140; ++size) {
    const Bytes letters(size, 'x');
    const std::string name = std::to_string(size) + " letters";
    expect_at_every_cut(name.c_str(), Role::kServer, {}, client_frame(0x81, letters) + kHello,
                        {"text " + shown(letters), "text Hello"});
  }
}

TEST(Decoder, fragments_are_put_together) {
  expect_conversations(
      Role::kServer,
      {
          {"5.4: three fragments",
           client_frame(0x01, text("He")) + client_frame(0x00, text("ll")) + client_frame(0x80, text("o")),
           {"text Hello"}},
          {"5.4: empty fragments",
           client_frame(0x02, {}) + client_frame(0x00, {}) * 3 + client_frame(0x80, {}),
           {"binary "}},
          {"5.4: empty but for the last",
           client_frame(0x02, {}) + client_frame(0x00, {}) + client_frame(0x80, text("x")),
           {"binary x"}},
          {"5.4: empty but for the first", client_frame(0x01, text("x")) + client_frame(0x80, {}), {"text x"}},
          {"5.4: a ping between fragments is told first",
           client_frame(0x01, text("Hel")) + client_frame(0x89, text("?")) + client_frame(0x80, text("lo")),
           {"ping ?", "text Hello"}},
          {"5.4: pings and pongs between fragments, full and empty",
           client_frame(0x01, text("H")) + client_frame(0x89, numbered(125)) + client_frame(0x8A, {}) +
               client_frame(0x00, text("i")) + client_frame(0x89, {}) * 2 + client_frame(0x80, {}),
           {"ping " + shown(numbered(125)), "pong ", "ping ", "ping ", "text Hi"}},
          {"5.4: two fragmented messages",
           (client_frame(0x01, text("a")) + client_frame(0x80, text("b"))) * 2,
           {"text ab", "text ab"}},
          {"each fragment has a key of its own",
           hex("01 81 00 00 00 00 61  00 82 FF FF FF FF 9D 9C  80 81 01 02 03 04 65"),
           {"text abcd"}},
          {"long fragments",
           client_frame(0x02, numbered(5000)) + client_frame(0x80, {}) + kHello,
           {long_binary(5000), "text Hello"}},
          {"5.5.1: a close inside a message",
           client_frame(0x01, text("H")) + client_frame(0x88, hex("03 E8")) + kHello,
           {"close 1000 "}},
      });
}

TEST(Decoder, control_frames) {
  expect_conversations(
      Role::kServer,
      {
          {"5.5.2: a ping", client_frame(0x89, text("?")), {"ping ?"}},
          {"5.5.2: an empty ping", client_frame(0x89, {}), {"ping "}},
          {"5.5.2: the longest ping", client_frame(0x89, numbered(125)), {"ping " + shown(numbered(125))}},
          {"5.5.3: a pong that nobody asked for, and again",
           client_frame(0x8A, text("x")) * 3,
           {"pong x", "pong x", "pong x"}},
          {"a ping need not be UTF-8", client_frame(0x89, hex("FF")), {"ping \\FF"}},
          {"a ping behind a short one",
           client_frame(0x89, text("1234")) + client_frame(0x8A, text("5")) + kHello,
           {"ping 1234", "pong 5", "text Hello"}},
          {"5.5.1: a close without a code", client_frame(0x88, {}), {"close 1005 "}},
          {"5.5.1: a close with a code", client_frame(0x88, hex("03 E8")), {"close 1000 "}},
          {"5.5.1: a close with a reason", client_frame(0x88, hex("03 E9") + text("bye")), {"close 1001 bye"}},
          {"5.5.1: a close with the longest reason",
           client_frame(0x88, hex("13 87") + Bytes(123, 'x')),
           {"close 4999 " + shown(Bytes(123, 'x'))}},
          {"5.5.1: nothing is heard after a close",
           client_frame(0x88, hex("03 E8")) + kHello + hex("FF FF FF"),
           {"close 1000 "}},
          {"5.5.1: of two closes the first counts",
           client_frame(0x88, hex("03 E8")) + client_frame(0x88, hex("03 E9")),
           {"close 1000 "}},
          {"5.5.1: a close of one byte", client_frame(0x88, hex("03")) + kHello, {told(Error::kCloseTruncated)}},
          {"7.4.1: close 1005", client_frame(0x88, hex("03 ED")) + kHello, {told(Error::kCloseCode)}},
          {"5.5.1: a close reason that is not UTF-8", client_frame(0x88, hex("03 E8 C3")), {told(Error::kCloseReason)}},
      });
}

TEST(Decoder, broken_rules_end_the_conversation) {
  const Bytes start = client_frame(0x01, text("x"));
  expect_conversations(
      Role::kServer,
      {
          {"5.2: RSV1", client_frame(0xC1, text("x")) + kHello, {told(Error::kReservedBits)}},
          {"5.2: RSV1 of an empty message", client_frame(0xC1, {}) + kHello, {told(Error::kReservedBits)}},
          {"5.2: RSV1 on a ping", client_frame(0xC9, {}) + kHello, {told(Error::kReservedBits)}},
          {"5.2: RSV1 on a continuation", start + client_frame(0xC0, {}) + kHello, {told(Error::kReservedBits)}},
          {"5.2: opcode 3", client_frame(0x83, {}) + kHello, {told(Error::kReservedOpcode)}},
          {"5.2: opcode 11", client_frame(0x8B, {}) + kHello, {told(Error::kReservedOpcode)}},
          {"5.2: opcode 15 inside a message", start + client_frame(0x8F, {}) + kHello, {told(Error::kReservedOpcode)}},
          {"5.5: a fragmented ping", client_frame(0x09, {}) + kHello, {told(Error::kFragmentedControl)}},
          {"5.5: a ping of 126 bytes", client_frame(0x89, numbered(126)) + kHello, {told(Error::kControlTooLong)}},
          {"5.5: a ping of 125 bytes in 16 bits", hex("89 FE 00 7D") + kHello, {told(Error::kControlTooLong)}},
          {"5.4: a continuation of nothing", client_frame(0x80, {}) + kHello, {told(Error::kContinuationWithoutStart)}},
          {"5.4: a continuation after a message's end",
           start + client_frame(0x80, text("y")) + client_frame(0x80, {}) + kHello,
           {"text xy", told(Error::kContinuationWithoutStart)}},
          {"5.4: a message inside a message", start + kHello, {told(Error::kMessageInsideMessage)}},
          {"5.4: the same after a ping",
           start + client_frame(0x89, {}) + kHello,
           {"ping ", told(Error::kMessageInsideMessage)}},
          {"5.1: no mask", hex("81 05 48 65 6C 6C 6F") + kHello, {told(Error::kNotMasked)}},
          {"5.1: no mask inside a message", start + hex("80 01 78") + kHello, {told(Error::kNotMasked)}},
          {"5.2: the top bit of the length",
           hex("82 FF 80 00 00 00 00 00 00 01 00 00 00 00") + kHello,
           {told(Error::kLengthTopBit)}},
          {"5.2: all bits of the length",
           hex("82 FF FF FF FF FF FF FF FF FF 00 00 00 00") + kHello,
           {told(Error::kLengthTopBit)}},
          {"the largest length there is",
           hex("82 FF 7F FF FF FF FF FF FF FF 00 00 00 00") + kHello,
           {told(Error::kMessageTooBig)}},
          {"5.2: 5 in 16 bits",
           hex("82 FE 00 05 00 00 00 00 01 02 03 04 05") + kHello,
           {told(Error::kLengthNotMinimal)}},
          {"5.2: 5 in 64 bits",
           hex("82 FF 00 00 00 00 00 00 00 05 00 00 00 00") + kHello,
           {told(Error::kLengthNotMinimal)}},
          {"an HTTP request on an upgraded connection",
           text("GET /admin HTTP/1.1\r\n\r\n"),
           {told(Error::kReservedBits)}},
          {"a TLS hello on an upgraded connection", hex("16 03 01 02 00 01 00"), {told(Error::kReservedBits)}},
          {"messages before the broken one are told", kHello + hex("83"), {"text Hello", told(Error::kReservedOpcode)}},
      });
  expect_conversations(
      Role::kClient,
      {
          {"5.1: a masked frame", kHello + server_frame(0x81, text("x")), {told(Error::kMasked)}},
          {"5.2: RSV1", server_frame(0xC1, text("x")), {told(Error::kReservedBits)}},
          {"5.4: a message inside a message",
           server_frame(0x01, {}) + server_frame(0x82, {}),
           {told(Error::kMessageInsideMessage)}},
          {"5.2: the top bit of the length", hex("82 7F 80 00 00 00 00 00 00 01"), {told(Error::kLengthTopBit)}},
          {"close, then more", server_frame(0x88, hex("03 E8")) + server_frame(0x81, {}), {"close 1000 "}},
      });
}

// A broken rule is told at the first byte that breaks it: the rest never comes.
TEST(Decoder, a_broken_rule_is_not_waited_for) {
  const struct {
    const char* name;
    Bytes bytes;  // the last byte is the one that breaks the rule
    Error wanted;
  } rows[] = {
      {"the G of GET", hex("47"), Error::kReservedBits},
      {"opcode 3", hex("83"), Error::kReservedOpcode},
      {"a continuation of nothing", hex("00"), Error::kContinuationWithoutStart},
      {"no mask bit", hex("81 05"), Error::kNotMasked},
      {"a long ping", hex("89 FE"), Error::kControlTooLong},
      {"the top bit of the length", hex("82 FF 80"), Error::kLengthTopBit},
      {"a length past the limit", hex("82 FF 00 00 00 01"), Error::kMessageTooBig},
      {"a length that is not minimal", hex("82 FE 00 7D"), Error::kLengthNotMinimal},
      {"C0 in an unfinished text", hex("81 85 00 00 00 00 61 C0"), Error::kInvalidUtf8},
      {"a surrogate in an unfinished text", hex("81 85 00 00 00 00 61 ED A0"), Error::kInvalidUtf8},
      {"a character beyond the last in an unfinished text", hex("81 85 00 00 00 00 F4 90"), Error::kInvalidUtf8},
      {"the same across two fragments", hex("01 81 00 00 00 00 F4  80 83 00 00 00 00 90"), Error::kInvalidUtf8},
  };
  for (const auto& row : rows) {
    const std::vector<std::string> wanted = {told(row.wanted)};
    expect_at_every_cut(row.name, Role::kServer, {}, row.bytes, wanted);
    const auto before = std::span(row.bytes).first(row.bytes.size() - 1);
    expect_at_every_cut(row.name, Role::kServer, {}, before, {});
  }
}

TEST(Decoder, text_is_utf8_however_it_is_fragmented) {
  const Bytes euro = hex("E2 82 AC");
  expect_conversations(
      Role::kServer,
      {
          {"8.1: a character across fragments",
           client_frame(0x01, hex("E2")) + client_frame(0x00, hex("82")) + client_frame(0x80, hex("AC")),
           {"text \\E2\\82\\AC"}},
          {"8.1: with a ping within it",
           client_frame(0x01, hex("E2 82")) + client_frame(0x89, hex("FF")) + client_frame(0x80, hex("AC")),
           {"ping \\FF", "text \\E2\\82\\AC"}},
          {"8.1: a message that ends within a character",
           client_frame(0x81, hex("E2 82")) + kHello,
           {told(Error::kInvalidUtf8)}},
          {"8.1: a fragmented one",
           client_frame(0x01, hex("E2")) + client_frame(0x80, hex("82")) + kHello,
           {told(Error::kInvalidUtf8)}},
          {"8.1: one that ends in an empty fragment",
           client_frame(0x01, hex("E2 82")) + client_frame(0x80, {}) + kHello,
           {told(Error::kInvalidUtf8)}},
          {"8.1: a short one that is wrong", client_frame(0x81, hex("61 FF 62")) + kHello, {told(Error::kInvalidUtf8)}},
          {"8.1: a long one", client_frame(0x81, euro * 300) + kHello, {"text " + shown(euro * 300), "text Hello"}},
          {"8.1: a long one that is wrong at its end",
           client_frame(0x81, euro * 300 + hex("FF")) + kHello,
           {told(Error::kInvalidUtf8)}},
          {"the next message starts anew",
           client_frame(0x81, euro) + client_frame(0x01, euro) + client_frame(0x80, euro) + kHello,
           {"text \\E2\\82\\AC", "text \\E2\\82\\AC\\E2\\82\\AC", "text Hello"}},
          {"binary need not be", client_frame(0x02, hex("FF")) + client_frame(0x80, hex("C0")), {"binary \\FF\\C0"}},
      });
}

TEST(Decoder, limits_pass_what_is_on_them_and_refuse_one_more) {
  const DecoderLimits ten = {.max_message = 10, .max_fragments = 3};
  const Bytes five = client_frame(0x00, text("abcde"));
  expect_conversations(
      Role::kServer,
      {
          {"10 bytes", client_frame(0x81, text("0123456789")), {"text 0123456789"}, ten},
          {"11 bytes", client_frame(0x81, text("0123456789a")) + kHello, {told(Error::kMessageTooBig)}, ten},
          {"10 in two",
           client_frame(0x01, text("01234")) + client_frame(0x80, text("abcde")),
           {"text 01234abcde"},
           ten},
          {"11 in two",
           client_frame(0x01, text("01234")) + client_frame(0x80, text("abcdef")),
           {told(Error::kMessageTooBig)},
           ten},
          {"10 and an empty end",
           client_frame(0x01, text("01234")) + five + client_frame(0x80, {}),
           {"text 01234abcde"},
           ten},
          {"10 and one more",
           client_frame(0x01, text("01234")) + five + client_frame(0x80, text("x")),
           {told(Error::kMessageTooBig)},
           ten},
          {"a ping does not count", client_frame(0x89, text("0123456789a")), {"ping 0123456789a"}, ten},
          {"a sum that would overflow",
           client_frame(0x02, text("x")) + hex("80 FF 7F FF FF FF FF FF FF FF 00 00 00 00"),
           {told(Error::kMessageTooBig)},
           ten},
          {"the next message has the limit to itself",
           client_frame(0x81, text("0123456789")) * 2,
           {"text 0123456789", "text 0123456789"},
           ten},
          {"3 fragments", client_frame(0x01, {}) + client_frame(0x00, {}) + client_frame(0x80, {}), {"text "}, ten},
          {"4 fragments",
           client_frame(0x01, {}) + client_frame(0x00, {}) * 2 + client_frame(0x80, {}) + kHello,
           {told(Error::kTooManyFragments)},
           ten},
          {"3 fragments and pings",
           client_frame(0x01, {}) + client_frame(0x89, {}) * 4 + client_frame(0x00, {}) + client_frame(0x80, {}),
           {"ping ", "ping ", "ping ", "ping ", "text "},
           ten},
          {"the next message has its fragments to itself",
           (client_frame(0x01, {}) + client_frame(0x80, {})) * 3,
           {"text ", "text ", "text "},
           ten},
          {"a limit of nothing passes the empty message", client_frame(0x81, {}), {"text "}, {.max_message = 0}},
          {"a limit of nothing", client_frame(0x81, text("x")), {told(Error::kMessageTooBig)}, {.max_message = 0}},
          {"a limit of one fragment passes a whole message", kHello, {"text Hello"}, {.max_fragments = 1}},
          {"a limit of one fragment",
           client_frame(0x01, {}) + client_frame(0x80, {}),
           {told(Error::kTooManyFragments)},
           {.max_fragments = 1}},
      });
}

TEST(Decoder, a_long_conversation_is_the_same_in_any_pieces) {
  Bytes bytes;
  std::vector<std::string> wanted;
  const DecoderLimits limits;
  for (std::size_t round = 0; round < 12; ++round) {
    const std::size_t size = round * round * 37;
    bytes = bytes + client_frame(0x02, numbered(size)) + client_frame(0x89, numbered(round)) +
            client_frame(0x80, Bytes()) + client_frame(0x81, Bytes(size, 'x')) + client_frame(0x8A, numbered(round));
    wanted.insert(wanted.end(), {"ping " + shown(numbered(round)), "binary " + shown(numbered(size)),
                                 "text " + shown(Bytes(size, 'x')), "pong " + shown(numbered(round))});
  }
  for (std::size_t step = 1; step < 200; step += step < 20 ? 1 : 13) {
    std::vector<std::size_t> cuts;
    for (std::size_t cut = step; cut < bytes.size(); cut += step) cuts.push_back(cut);
    for (const Feeding feeding : {Feeding::kInput, Feeding::kLanding}) {
      ASSERT_EQ(transcript(Role::kServer, limits, bytes, cuts, feeding), wanted) << "every " << step;
    }
  }
}

// The shortcut for short messages parses and checks in one look; the general way is its twin.
TEST(Decoder, the_shortcut_takes_only_what_breaks_no_rule) {
  const DecoderLimits limits = {.max_message = 20};
  for (unsigned first_two = 0; first_two < 65536; ++first_two) {
    Bytes bytes(64, 0);
    bytes[0] = static_cast<std::uint8_t>(first_two >> 8);
    bytes[1] = static_cast<std::uint8_t>(first_two & 0xFF);
    for (const Role role : {Role::kServer, Role::kClient}) {
      const FrameHeader header = *parse_frame_header(bytes);
      const Error wanted = check_frame_header(header, {.role = role, .payload_limit = 20});
      Decoder decoder(role, limits);
      std::span<std::uint8_t> input(bytes);
      const auto event = decoder.next(input);
      ASSERT_EQ(event.kind == Decoder::Event::Kind::kError && event.error == wanted, wanted != Error::kNone)
          << std::hex << first_two << ": " << shown(event);
      if (event.kind == Decoder::Event::Kind::kMessage) {
        ASSERT_EQ(event.payload.size(), header.payload_size) << std::hex << first_two;
        ASSERT_EQ(event.type == MessageType::kText, header.opcode == Opcode::kText) << std::hex << first_two;
        ASSERT_EQ(input.size(), bytes.size() - header.header_size - header.payload_size) << std::hex << first_two;
      }
    }
  }
}

}  // namespace
}  // namespace ws::protocol
