// Conversations with compressed messages (RFC 7692 6 and 7.2), and what the decoder makes of them: each whole, byte by
// byte and cut in two at every byte. The transcript must not change.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/ws/protocol/deflated.hpp"
#include "tests/ws/protocol/transcript.hpp"
#include "ws/protocol/decoder.hpp"
#include "ws/protocol/deflate_offer.hpp"
#include "ws/protocol/inflater.hpp"

namespace ws::protocol {
namespace {

using namespace test;  // bytes.hpp, deflated.hpp

constexpr DeflateDirection kAlone = {.context_takeover = false};
constexpr DeflateDirection kTakingOver = {};

struct Conversation {
  const char* name;
  Bytes bytes;
  std::vector<std::string> wanted;
  DecoderLimits limits = {};
};

void expect_conversations(const DeflateDirection& theirs, const std::vector<Conversation>& conversations,
                          Role role = Role::kServer) {
  Inflater inflater;      // one for all of them
  Inflater waits(0);      // inflates nothing before its end
  Inflater stops(50000);  // stops half-way in a long message
  for (const Conversation& row : conversations) {
    DecoderLimits limits = row.limits;
    for (Inflater* const each : {&inflater, &waits, &stops}) {
      limits.inflater = each;
      expect_at_every_cut(row.name, role, limits, row.bytes, row.wanted, &theirs);
      EXPECT_EQ(each->ahead(), 0U) << row.name;
    }
  }
}

std::string told(Error error) { return std::to_string(close_code(error)) + " " + std::string(describe(error)); }

const Bytes kHello = hex("f2 48 cd c9 c9 07 00");
const Bytes kHelloFrame = client_frame(0xC1, kHello);
const Bytes kPlain = client_frame(0x81, text("plain"));

Bytes front(const Bytes& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}
Bytes back(const Bytes& bytes, std::size_t from) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end()};
}

TEST(DecoderDeflate, the_examples_of_the_rfc) {
  const std::vector<Conversation> rows = {
      {"7.2.3.1: one frame", hex("c1 07 f2 48 cd c9 c9 07 00"), {"text Hello"}},
      {"7.2.3.1: two frames", hex("41 03 f2 48 cd  80 04 c9 c9 07 00"), {"text Hello"}},
      {"7.2.3.3: no compression", hex("c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00"), {"text Hello"}},
      {"7.2.3.4: a final block", hex("c1 08 f3 48 cd c9 c9 07 00 00"), {"text Hello"}},
      {"7.2.3.5: two blocks", hex("c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), {"text Hello"}},
      {"7.2.3.6: empty", hex("c1 01 00"), {"text "}},
  };
  expect_conversations(kAlone, rows, Role::kClient);
  expect_conversations(kTakingOver, rows, Role::kClient);
  expect_conversations(kTakingOver,
                       {{"7.2.3.2: the window is shared",
                         hex("c1 07 f2 48 cd c9 c9 07 00  c1 05 f2 00 11 00 00"),
                         {"text Hello", "text Hello"}}},
                       Role::kClient);
}

TEST(DecoderDeflate, messages_in_frames) {
  const Bytes long_text = chatter(3000);
  const Bytes long_frame = deflated(long_text);
  expect_conversations(
      kAlone,
      {
          {"compressed and plain ones in turn",
           kHelloFrame + kPlain + client_frame(0xC2, kHello) + client_frame(0x82, kHello) + kHelloFrame,
           {"text Hello", "text plain", "binary Hello", "binary " + shown(kHello), "text Hello"}},
          {"6.2: RSV1 is on the first frame alone",
           client_frame(0x41, front(kHello, 2)) + client_frame(0x00, hex("cd")) + client_frame(0x80, back(kHello, 3)),
           {"text Hello"}},
          {"control frames in between, which are never compressed",
           client_frame(0x41, front(kHello, 2)) + client_frame(0x89, kHello) + client_frame(0x00, hex("cd")) +
               client_frame(0x8A, {}) + client_frame(0x80, back(kHello, 3)) + kPlain,
           {"ping " + shown(kHello), "pong ", "text Hello", "text plain"}},
          {"empty frames",
           client_frame(0x41, {}) + client_frame(0x00, {}) * 3 + client_frame(0x00, kHello) + client_frame(0x80, {}),
           {"text Hello"}},
          {"nothing at all in every frame", client_frame(0x42, {}) + client_frame(0x80, {}), {"binary "}},
          {"no payload", client_frame(0xC1, {}) + kPlain, {"text ", "text plain"}},
          {"one byte in each frame",
           client_frame(0x41, front(kHello, 1)) + client_frame(0x00, hex("48")) + client_frame(0x00, hex("cd")) +
               client_frame(0x00, hex("c9")) * 2 + client_frame(0x00, hex("07")) + client_frame(0x80, hex("00")),
           {"text Hello"}},
          {"a long one", client_frame(0xC1, long_frame) + kHelloFrame, {"text " + shown(long_text), "text Hello"}},
          {"a long one in two frames",
           client_frame(0x42, front(long_frame, 333)) + client_frame(0x80, back(long_frame, 333)),
           {"binary " + shown(long_text)}},
          {"a close inside a message",
           client_frame(0x41, kHello) + client_frame(0x88, hex("03 E8")) + kHelloFrame,
           {"close 1000 "}},
          {"a final block inside a message, and the rest in the next frame",
           client_frame(0x41, hex("f3 48 cd c9 c9 07 00")) + client_frame(0x80, kHello),
           {"text HelloHello"}},
          {"a final block that ends the message",
           client_frame(0xC1, hex("f3 48 cd c9 c9 07 00")) * 2,
           {"text Hello", "text Hello"}},
      });
}

TEST(DecoderDeflate, broken_rules_end_the_conversation) {
  expect_conversations(kAlone,
                       {
                           {"6: RSV1 on a continuation",
                            client_frame(0x41, kHello) + client_frame(0xC0, {}),
                            {told(Error::kReservedBits)}},
                           {"the same in a plain message",
                            client_frame(0x01, {}) + client_frame(0xC0, kHello),
                            {told(Error::kReservedBits)}},
                           {"6.1: RSV1 on a ping", client_frame(0xC9, {}) + kPlain, {told(Error::kReservedBits)}},
                           {"6.1: RSV1 on a pong", client_frame(0xCA, {}) + kPlain, {told(Error::kReservedBits)}},
                           {"6.1: RSV1 on a close", client_frame(0xC8, {}) + kPlain, {told(Error::kReservedBits)}},
                           {"RSV2 beside it", client_frame(0xE1, kHello) + kPlain, {told(Error::kReservedBits)}},
                           {"RSV3 beside it", client_frame(0xD1, kHello) + kPlain, {told(Error::kReservedBits)}},
                           {"RSV2 alone", client_frame(0xA1, kHello) + kPlain, {told(Error::kReservedBits)}},
                           {"RSV1 and opcode 3", client_frame(0xC3, kHello) + kPlain, {told(Error::kReservedBits)}},
                           {"an HTTP request", text("GET / HTTP/1.1\r\n\r\n"), {told(Error::kReservedBits)}},
                           {"another one, which looks like a compressed text", text("A /"), {told(Error::kNotMasked)}},
                           {"a message inside a message",
                            client_frame(0x41, kHello) + kHelloFrame,
                            {told(Error::kMessageInsideMessage)}},
                           {"not DEFLATE", client_frame(0xC1, hex("FF FF")) + kPlain, {told(Error::kInvalidDeflate)}},
                           {"not whole", client_frame(0xC1, front(kHello, 5)) + kPlain, {told(Error::kInvalidDeflate)}},
                           {"not whole after two frames",
                            client_frame(0x41, front(kHello, 3)) + client_frame(0x80, hex("c9")) + kPlain,
                            {told(Error::kInvalidDeflate)}},
                           {"garbage behind the message",
                            client_frame(0xC1, kHello + hex("00 00 ff ff 06")),
                            {told(Error::kInvalidDeflate)}},
                           {"it refers to the message before, which was to be forgotten",
                            kHelloFrame + client_frame(0xC1, hex("f2 00 11 00 00")),
                            {"text Hello", told(Error::kInvalidDeflate)}},
                       });
}

TEST(DecoderDeflate, text_is_utf8_when_it_is_inflated) {
  const Bytes euro = hex("E2 82 AC");
  const Bytes euros = deflated(euro * 300);
  expect_conversations(
      kAlone,
      {
          {"the compressed bytes need not be",
           client_frame(0xC1, deflated(euro)) + kPlain,
           {"text \\E2\\82\\AC", "text plain"}},
          {"a long one", client_frame(0xC1, euros), {"text " + shown(euro * 300)}},
          {"a bad byte", client_frame(0xC1, deflated(text("a") + hex("FF"))) + kPlain, {told(Error::kInvalidUtf8)}},
          {"an unfinished character", client_frame(0xC1, deflated(hex("E2 82"))) + kPlain, {told(Error::kInvalidUtf8)}},
          {"a surrogate", client_frame(0xC1, deflated(hex("ED A0 80"))) + kPlain, {told(Error::kInvalidUtf8)}},
          {"binary may have any byte", client_frame(0xC2, deflated(hex("FF C0"))), {"binary \\FF\\C0"}},
          {"a character across two messages",
           client_frame(0xC1, deflated(hex("E2 82"))) + client_frame(0xC1, deflated(hex("AC"))),
           {told(Error::kInvalidUtf8)}},
      });
}

// A byte of a stored block is out as soon as it is in: what breaks a rule is told then, and not at the message's end.
TEST(DecoderDeflate, a_broken_rule_is_not_waited_for) {
  const struct {
    const char* name;
    Bytes bytes;  // the last byte is the one that breaks the rule
    Error wanted;
  } rows[] = {
      {"FF in an unfinished frame", hex("C1 FE 10 00 00 00 00 00  00 03 00 fc ff 61 62 FF"), Error::kInvalidUtf8},
      {"F4 90 across two frames", hex("41 86 00 00 00 00 00 01 00 fe ff F4  00 FE 10 00 00 00 00 00 00 01 00 fe ff 90"),
       Error::kInvalidUtf8},
      {"FF in the first of two frames", client_frame(0x41, hex("00 01 00 fe ff FF")), Error::kInvalidUtf8},
      {"a reserved block in an unfinished frame", hex("C2 FE 10 00 00 00 00 00  06"), Error::kInvalidDeflate},
      {"RSV1 on a ping", hex("C9"), Error::kReservedBits},
      {"RSV1 on a continuation", hex("40"), Error::kReservedBits},
  };
  Inflater inflater;
  const DecoderLimits limits = {.inflater = &inflater};
  for (const auto& row : rows) {
    expect_at_every_cut(row.name, Role::kServer, limits, row.bytes, {told(row.wanted)}, &kAlone);
    const auto before = std::span(row.bytes).first(row.bytes.size() - 1);
    expect_at_every_cut(row.name, Role::kServer, limits, before, {}, &kAlone);
  }
}

TEST(DecoderDeflate, limits_hold_on_the_wire_and_after_inflation) {
  const DecoderLimits ten = {.max_message = 10, .max_fragments = 3};
  const Bytes ten_x = deflated(Bytes(10, 'x'));
  const Bytes eleven_x = deflated(Bytes(11, 'x'));
  ASSERT_LT(eleven_x.size(), 10U);
  expect_conversations(
      kAlone,
      {
          {"10 bytes", client_frame(0xC1, ten_x), {"text xxxxxxxxxx"}, ten},
          {"10 bytes, twice", client_frame(0xC1, ten_x) * 2, {"text xxxxxxxxxx", "text xxxxxxxxxx"}, ten},
          {"11 bytes", client_frame(0xC1, eleven_x) + kPlain, {told(Error::kMessageTooBig)}, ten},
          {"11 bytes in two frames",
           client_frame(0x41, front(eleven_x, 2)) + client_frame(0x80, back(eleven_x, 2)),
           {told(Error::kMessageTooBig)},
           ten},
          {"10 on the wire", client_frame(0xC2, hex("00 00 00 ff ff 00 00 00 ff ff")), {"binary "}, ten},
          // What cannot be compressed grows, and is as good a message as any.
          {"71 on the wire", client_frame(0xC2, hex("00 00 00 ff ff") * 14 + hex("00")), {"binary "}, ten},
          {"80 on the wire", client_frame(0xC2, hex("00 00 00 ff ff") * 16), {told(Error::kMessageTooBig)}, ten},
          {"80 on the wire in two frames",
           client_frame(0x42, hex("00 00 00 ff ff")) + client_frame(0x80, hex("00 00 00 ff ff") * 15),
           {told(Error::kMessageTooBig)},
           ten},
          {"11 bytes that are not compressed", client_frame(0x82, Bytes(11, 'x')), {told(Error::kMessageTooBig)}, ten},
          {"nothing, in 3 frames",
           client_frame(0x41, {}) + client_frame(0x00, {}) + client_frame(0x80, {}),
           {"text "},
           ten},
          {"nothing, in 4 frames",
           client_frame(0x41, {}) + client_frame(0x00, {}) * 3,
           {told(Error::kTooManyFragments)},
           ten},
          {"a bomb",
           client_frame(0xC2, deflated(Bytes(1 << 20, 0), 15, 9)),
           {told(Error::kMessageTooBig)},
           {.max_message = 100000}},
      });
}

TEST(DecoderDeflate, with_context_takeover_each_message_has_the_limits_to_itself) {
  const DecoderLimits ten = {.max_message = 10, .max_fragments = 3};
  const Bytes three_frames = client_frame(0x41, hex("00 00 00 ff")) + client_frame(0x00, hex("ff 00")) +
                             client_frame(0x80, hex("00 00 ff ff"));
  expect_conversations(
      kTakingOver,
      {{"3 fragments with 10 bytes on the wire, three times", three_frames * 3, {"text ", "text ", "text "}, ten},
       {"10 bytes on the wire, then 80",
        three_frames + client_frame(0x41, hex("00 00 00 ff ff")) + client_frame(0x80, hex("00 00 00 ff ff") * 15),
        {"text ", told(Error::kMessageTooBig)},
        ten},
       {"the same, plain, behind a compressed one",
        three_frames +
            (client_frame(0x01, text("01234")) + client_frame(0x00, {}) + client_frame(0x80, text("56789"))) * 2,
        {"text ", "text 0123456789", "text 0123456789"},
        ten}});
}

TEST(DecoderDeflate, with_context_takeover_a_message_may_refer_to_those_before) {
  for (const int bits : {9, 12, 15}) {
    ZlibSender sender(bits);
    Bytes bytes;
    std::vector<std::string> wanted;
    for (const std::size_t size : {100UL, 100UL, 0UL, 700UL, 3000UL, 50UL, 100UL}) {
      const Bytes message = chatter(size);
      const Bytes payload = sender.send(message);
      bytes = bytes + client_frame(0xC1, payload);
      // Plain messages in between, whole and in pieces, are not part of the context.
      bytes =
          bytes + kPlain + client_frame(0x01, text("pl")) + client_frame(0x89, {}) + client_frame(0x80, text("ain"));
      wanted.insert(wanted.end(), {"text " + shown(message), "text plain", "ping ", "text plain"});
    }
    const DeflateDirection theirs = {.window_bits = static_cast<std::uint8_t>(bits)};
    expect_conversations(theirs, {{"within the window", bytes, wanted}});
    if (bits == 15) {
      const std::vector<std::string> first(wanted.begin(), wanted.begin() + 4);
      std::vector<std::string> refused = first;
      refused.push_back(told(Error::kInvalidDeflate));
      expect_conversations(kAlone, {{"without takeover the second fails", bytes, refused}});
    }
  }
}

TEST(DecoderDeflate, with_context_takeover_final_blocks_and_empty_messages_change_nothing) {
  expect_conversations(
      kTakingOver, {
                       {"a final block, and what was before it is still known",
                        client_frame(0xC1, hex("f3 48 cd c9 c9 07 00 00")) + client_frame(0xC1, hex("f2 00 11 00 00")),
                        {"text Hello", "text Hello"}},
                       {"empty messages in between",
                        kHelloFrame + client_frame(0xC1, hex("00")) + client_frame(0xC1, {}) +
                            client_frame(0xC1, hex("f2 00 11 00 00")),
                        {"text Hello", "text ", "text ", "text Hello"}},
                       {"an error ends the connection",
                        kHelloFrame + client_frame(0xC1, hex("06")) + client_frame(0xC1, hex("f2 00 11 00 00")),
                        {"text Hello", told(Error::kInvalidDeflate)}},
                   });
}

// A peer that reaches back further than was agreed: what it finds there is never another connection's.
TEST(DecoderDeflate, beyond_the_agreed_window_there_is_nothing_between_messages) {
  ZlibSender sender(15);
  const Bytes first = noise(600);
  Bytes frames = client_frame(0xC2, sender.send(first));
  frames = frames + client_frame(0xC2, sender.send(first));
  const DeflateDirection nine = {.window_bits = 9};
  expect_conversations(nine, {{"600 bytes back, with 512 agreed",
                               kHelloFrame + frames,
                               {"text Hello", "binary " + shown(first), told(Error::kInvalidDeflate)}}});
  // Who says 8 may have zlib, which takes 9.
  ZlibSender eight(15);
  const Bytes small = noise(300);
  Bytes small_frames = client_frame(0xC2, eight.send(small));
  small_frames = small_frames + client_frame(0xC2, eight.send(small));
  const DeflateDirection says_eight = {.window_bits = 8};
  expect_conversations(says_eight,
                       {{"8 is kept as 9", small_frames, {"binary " + shown(small), "binary " + shown(small)}}});
}

// ---- Memory

class DecoderDeflateMemory : public ::testing::Test {
 protected:
  Decoder::Event feed(Decoder& decoder, Bytes bytes) {
    fed_ = std::move(bytes);
    rest_ = fed_;
    return decoder.next(rest_);
  }
  Decoder decoder(const DeflateDirection& theirs) {
    Decoder made(Role::kServer, limits_);
    made.expect_compressed(theirs);
    return made;
  }

  Inflater inflater_;
  DecoderLimits limits_ = {.max_message = 1 << 20, .inflater = &inflater_};
  Bytes fed_;
  std::span<std::uint8_t> rest_;
};

using Kind = Decoder::Event::Kind;

TEST_F(DecoderDeflateMemory, between_messages_there_is_none_without_takeover) {
  Decoder one = decoder(kAlone);
  EXPECT_EQ(feed(one, client_frame(0xC1, deflated(chatter(5000)))).kind, Kind::kMessage);
  EXPECT_TRUE(one.idle());
  EXPECT_EQ(feed(one, {}).kind, Kind::kNeedMore);
  EXPECT_EQ(one.memory(), 0U);
  EXPECT_EQ(feed(one, kHelloFrame).kind, Kind::kMessage);
  EXPECT_EQ(feed(one, client_frame(0x88, {})).kind, Kind::kClose);
  EXPECT_EQ(feed(one, {}).kind, Kind::kNeedMore);
  EXPECT_EQ(one.memory(), 0U);
}

TEST_F(DecoderDeflateMemory, between_messages_it_is_the_window_with_takeover) {
  Decoder one = decoder({.window_bits = 10});
  EXPECT_EQ(one.memory(), 0U) << "nothing before the first message";
  EXPECT_EQ(feed(one, client_frame(0xC1, deflated(chatter(50000)))).kind, Kind::kMessage);
  EXPECT_EQ(feed(one, {}).kind, Kind::kNeedMore);
  EXPECT_TRUE(one.idle());
  EXPECT_LE(one.memory(), 1024U + 320U);
  EXPECT_EQ(feed(one, hex("88 80 00 00 00 00")).kind, Kind::kClose);
  EXPECT_EQ(feed(one, {}).kind, Kind::kNeedMore);
  EXPECT_EQ(one.memory(), 0U);
}

TEST_F(DecoderDeflateMemory, one_stream_serves_every_connection) {
  Decoder one = decoder(kAlone);
  Decoder two = decoder(kTakingOver);
  EXPECT_EQ(feed(one, kHelloFrame).kind, Kind::kMessage);
  const std::size_t memory = inflater_.memory();
  EXPECT_EQ(feed(two, kHelloFrame).kind, Kind::kMessage);
  EXPECT_EQ(feed(one, kHelloFrame).kind, Kind::kMessage);
  EXPECT_EQ(feed(one, {}).kind, Kind::kNeedMore);
  EXPECT_EQ(feed(two, {}).kind, Kind::kNeedMore);
  EXPECT_GE(inflater_.memory(), memory);
  EXPECT_LT(inflater_.memory(), 60000U);
}

// Each has sent 16 KiB that unfold to 16 MiB, all but the last byte.
TEST_F(DecoderDeflateMemory, many_messages_that_are_half_here_hold_twice_what_came_and_one_allowance) {
  limits_.max_message = 16 << 20;
  const Bytes message(16 << 20, 'x');
  const Bytes frame = client_frame(0xC1, deflated(message, 15, 9));
  ASSERT_LT(frame.size(), 17000U);
  constexpr std::size_t kCount = 1000;
  std::vector<Decoder> decoders;
  const auto held = [&] {
    std::size_t sum = 0;
    for (const Decoder& each : decoders) sum += each.memory();
    return sum;
  };
  for (std::size_t index = 0; index < kCount; ++index) {
    decoders.push_back(decoder(index % 2 == 0 ? kAlone : kTakingOver));
    ASSERT_EQ(feed(decoders.back(), front(frame, frame.size() - 1)).kind, Kind::kNeedMore);
  }
  constexpr std::size_t kAllowance = 16 << 20;
  EXPECT_GT(inflater_.ahead(), kAllowance / 2) << "the first were inflated as they came";
  EXPECT_LE(inflater_.ahead(), kAllowance + (2 << 20));
  EXPECT_LE(held(), kCount * (2 * frame.size() + 256) + inflater_.ahead());
  // Their ends come: one is inflated at a time.
  for (Decoder& each : decoders) {
    if (&each != &decoders.front() && &each != &decoders.back()) continue;
    const auto event = feed(each, back(frame, frame.size() - 1));
    EXPECT_TRUE(std::ranges::equal(event.payload, message));
    EXPECT_EQ(feed(each, hex("88 80 00 00 00 00")).kind, Kind::kClose);
    EXPECT_EQ(feed(each, {}).kind, Kind::kNeedMore);
    EXPECT_EQ(each.memory(), 0U);
  }
  decoders.clear();
  EXPECT_EQ(inflater_.ahead(), 0U) << "a connection that is gone holds nothing";
}

TEST_F(DecoderDeflateMemory, small_messages_that_are_half_here_share_the_allowance_too) {
  const Bytes frame = client_frame(0xC1, deflated(chatter(300)));
  std::vector<Decoder> decoders;
  std::size_t held = 0;
  for (std::size_t index = 0; index < 5000; ++index) {
    decoders.push_back(decoder(kAlone));
    ASSERT_EQ(feed(decoders.back(), front(frame, frame.size() - 1)).kind, Kind::kNeedMore);
    held += decoders.back().memory();
  }
  EXPECT_LE(held, 5000 * (2 * frame.size() + 256) + (std::size_t{17} << 20)) << "streams alone would be 200 MB";
  for (Decoder& each : decoders) EXPECT_EQ(feed(each, back(frame, frame.size() - 1)).payload.size(), 300U);
}

TEST_F(DecoderDeflateMemory, what_waits_may_be_all_that_may_come) {
  Inflater waits(0);
  limits_ = {.max_message = 10000, .inflater = &waits};
  const Bytes message = noise(10000);
  Bytes payload = deflated(message, 15, 0);
  while (payload.size() + 5 <= limits_.max_compressed()) payload = payload + hex("00 00 ff ff 00");
  ASSERT_GT(payload.size(), message.size());
  for (const std::size_t size : {payload.size() / 2, payload.size()}) {
    Decoder one = decoder(kAlone);
    EXPECT_EQ(feed(one, client_frame(0x42, front(payload, size))).kind, Kind::kNeedMore);
    EXPECT_LE(one.memory(), limits_.max_compressed() + 256);
    const auto event = feed(one, client_frame(0x80, back(payload, size)));
    EXPECT_EQ(Bytes(event.payload.begin(), event.payload.end()), message);
  }
}

TEST_F(DecoderDeflateMemory, what_waited_is_inflated_before_what_came_after_it) {
  Inflater small(1);  // for one message at a time
  limits_.inflater = &small;
  const Bytes message = chatter(4000);
  const Bytes frame = client_frame(0xC1, deflated(message));
  for (const DeflateDirection& theirs : {kAlone, kTakingOver}) {
    Decoder one = decoder(theirs);
    Decoder two = decoder(theirs);
    EXPECT_EQ(feed(one, front(frame, 200)).kind, Kind::kNeedMore);
    EXPECT_EQ(feed(two, front(frame, 100)).kind, Kind::kNeedMore);
    EXPECT_GT(one.memory(), 5000U) << "runs ahead";
    EXPECT_LT(two.memory(), 5000U) << "waits";
    EXPECT_EQ(feed(one, back(frame, 200)).payload.size(), 4000U);
    EXPECT_EQ(small.ahead(), 0U) << "there is room again while the second is under way";
    EXPECT_EQ(feed(two, back(front(frame, 300), 100)).kind, Kind::kNeedMore);
    const auto event = feed(two, back(frame, 300));
    EXPECT_EQ(Bytes(event.payload.begin(), event.payload.end()), message);
  }
}

TEST_F(DecoderDeflateMemory, messages_that_are_half_here_do_not_meet) {
  Decoder one = decoder(kAlone);
  Decoder two = decoder(kTakingOver);
  const Bytes first = chatter(4000, 1);
  const Bytes second = chatter(4000, 2);
  const Bytes first_frame = client_frame(0xC1, deflated(first));
  const Bytes second_frame = client_frame(0xC1, deflated(second));
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(feed(one, front(first_frame, 300)).kind, Kind::kNeedMore);
    EXPECT_EQ(feed(two, front(second_frame, 200)).kind, Kind::kNeedMore);
    EXPECT_LT(one.memory(), 60000U);
    const auto event = feed(one, back(first_frame, 300));
    const Bytes kept(event.payload.begin(), event.payload.end());
    Bytes rest = back(second_frame, 200);
    std::span<std::uint8_t> input(rest);
    const auto other = two.next(input);
    EXPECT_EQ(Bytes(other.payload.begin(), other.payload.end()), second);
    EXPECT_EQ(Bytes(event.payload.begin(), event.payload.end()), kept)
        << "a view lives until its own decoder's next call";
    EXPECT_EQ(kept, first);
  }
}

TEST_F(DecoderDeflateMemory, a_view_outlives_the_message_of_another_connection) {
  Decoder one = decoder(kAlone);
  Decoder two = decoder(kAlone);
  const Bytes first = chatter(4000, 1);
  const auto event = feed(one, client_frame(0xC1, deflated(first)));
  Bytes bytes = client_frame(0xC1, deflated(chatter(5000, 2)));
  std::span<std::uint8_t> input(bytes);
  EXPECT_EQ(two.next(input).payload.size(), 5000U);
  EXPECT_EQ(Bytes(event.payload.begin(), event.payload.end()), first);
}

TEST_F(DecoderDeflateMemory, what_is_behind_the_message_is_still_there) {
  Decoder one = decoder(kAlone);
  const auto event = feed(one, client_frame(0xC1, deflated(chatter(4000))) + kPlain + kHelloFrame);
  EXPECT_EQ(event.payload.size(), 4000U);
  EXPECT_EQ(one.next(rest_).payload.size(), 5U);
  EXPECT_EQ(one.next(rest_).payload.size(), 5U);
  EXPECT_TRUE(rest_.empty());
}

TEST_F(DecoderDeflateMemory, a_message_can_be_taken) {
  Decoder one = decoder(kTakingOver);
  const Bytes message = chatter(4000);
  const auto event = feed(one, client_frame(0xC1, deflated(message)));
  const MessageBuffer taken = one.take_message();
  EXPECT_EQ(taken.bytes().data(), event.payload.data());
  EXPECT_EQ(feed(one, client_frame(0xC1, hex("f2 48 cd c9 c9 07 00"))).payload.size(), 5U);
  EXPECT_EQ(Bytes(taken.bytes().begin(), taken.bytes().end()), message);
}

TEST_F(DecoderDeflateMemory, compressed_bytes_have_no_landing) {
  Decoder one = decoder(kAlone);
  const Bytes frame = client_frame(0xC2, deflated(noise(60000)));
  EXPECT_EQ(feed(one, front(frame, 20000)).kind, Kind::kNeedMore);
  EXPECT_TRUE(one.landing().empty());
  EXPECT_EQ(feed(one, back(frame, 20000)).payload.size(), 60000U);
}

TEST_F(DecoderDeflateMemory, without_negotiation_nothing_is_inflated) {
  Decoder one(Role::kServer, limits_);
  EXPECT_EQ(feed(one, kHelloFrame).error, Error::kReservedBits);
}

// ---- Hostile streams: any bytes, and sound ones with a flaw. No crash, no memory beyond the limit, the same at any
// cut.

TEST(DecoderDeflate, hostile_streams_are_the_same_in_any_pieces) {
  std::mt19937 random(20240607);
  Inflater inflater;
  Inflater waits(0);
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  int delivered = 0;
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const DecoderLimits limits = {.max_message = 20000, .inflater = round % 4 == 0 ? &waits : &inflater};
    const DeflateDirection theirs = {.window_bits = static_cast<std::uint8_t>(9 + below(7)),
                                     .context_takeover = below(2) == 0};
    ZlibSender sender(15, static_cast<int>(below(10)), static_cast<int>(below(5)));
    Bytes bytes;
    for (std::size_t count = 1 + below(4); count > 0; --count) {
      const auto seed = static_cast<unsigned>(random());
      const Bytes message = below(3) == 0 ? noise(below(300), seed) : chatter(below(3000), seed % 5);
      Bytes payload =
          below(8) == 0 ? noise(below(40), seed) : sender.send(message, below(6) == 0 ? Z_FINISH : Z_SYNC_FLUSH);
      if (below(3) == 0 && !payload.empty())
        payload[below(payload.size())] ^= static_cast<std::uint8_t>(1U << below(8));
      if (below(8) == 0) payload.resize(below(payload.size() + 1));
      const std::size_t cut = below(payload.size() + 1);
      const std::uint8_t opcode = below(2) == 0 ? 1 : 2;
      bytes = bytes + client_frame(static_cast<std::uint8_t>(0x40 | opcode), front(payload, cut)) +
              client_frame(0x89, {}) + client_frame(0x80, back(payload, cut));
    }
    const auto whole = transcript(Role::kServer, limits, bytes, {}, Feeding::kInput, &theirs);
    for (const std::size_t step : {1UL, 1 + below(20), 1 + below(1000)}) {
      std::vector<std::size_t> cuts;
      for (std::size_t at = step; at < bytes.size(); at += step) cuts.push_back(at);
      ASSERT_EQ(transcript(Role::kServer, limits, bytes, cuts, Feeding::kInput, &theirs), whole)
          << "round " << round << ", every " << step;
    }
    for (const std::string& line : whole) {
      delivered += line.starts_with("text") || line.starts_with("binary") ? 1 : 0;
      refused += line.starts_with("100") ? 1 : 0;
    }
  }
  EXPECT_GT(delivered, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace ws::protocol
