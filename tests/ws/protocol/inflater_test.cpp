// Inflating, byte by byte and all at once: what a message is, when it is whole, where it stops, and what it costs.
#include "ws/protocol/inflater.hpp"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <string>

#include "tests/ws/protocol/deflated.hpp"

namespace ws::protocol {
namespace {

using namespace test;  // bytes.hpp, deflated.hpp

constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 40;

struct Inflated {
  Error error = Error::kNone;
  Bytes bytes = {};  // of kMessageTooBig: up to the limit; other errors have none

  bool operator==(const Inflated&) const = default;
};

// Inflates `payload` in pieces of `piece` bytes.
Inflated inflated(InflateStream& stream, std::span<const std::uint8_t> payload, std::size_t piece,
                  std::uint64_t limit = kNoLimit, bool text = false, std::span<const std::uint8_t> history = {}) {
  MessageBuffer out;
  Utf8Validator validator;
  const InflateTarget target = {.out = out, .limit = limit, .text_check = text ? &validator : nullptr};
  EXPECT_TRUE(stream.begin(history));
  Error error = Error::kNone;
  while (error == Error::kNone && !payload.empty()) {
    const auto front = payload.first(std::min(piece, payload.size()));
    payload = payload.subspan(front.size());
    error = stream.feed(front, target);
    EXPECT_LE(out.capacity(), std::max<std::size_t>(4096, 2 * out.size()));
    EXPECT_LE(out.capacity(), limit);
  }
  if (error == Error::kNone) error = stream.finish(target);
  if (error != Error::kNone && error != Error::kMessageTooBig) return {.error = error};
  return {.error = error, .bytes = Bytes(out.bytes().begin(), out.bytes().end())};
}

struct Row {
  const char* name;
  Bytes payload;
  Inflated wanted;
  std::uint64_t limit = kNoLimit;
  bool text = false;
};

// Each payload whole, in pieces of every small size, and once more behind the others: a stream forgets what it did
// before.
void expect_inflated(const std::vector<Row>& rows) {
  const auto stream = InflateStream::make();
  for (const Row& row : rows) {
    for (const std::size_t piece : {1UL, 2UL, 3UL, 5UL, 7UL, 64UL, 1000UL, 1000000UL}) {
      const Inflated found = inflated(*stream, row.payload, piece, row.limit, row.text);
      EXPECT_EQ(found.error, row.wanted.error) << row.name << ", in pieces of " << piece;
      EXPECT_EQ(found.bytes, row.wanted.bytes) << row.name << ", in pieces of " << piece;
    }
  }
}

const Bytes kHello = text("Hello");

TEST(InflateStream, the_examples_of_the_rfc) {
  expect_inflated({
      {"7.2.3.1", hex("f2 48 cd c9 c9 07 00"), {.bytes = kHello}},
      {"7.2.3.3: no compression", hex("00 05 00 fa ff 48 65 6c 6c 6f 00"), {.bytes = kHello}},
      {"7.2.3.4: a final block", hex("f3 48 cd c9 c9 07 00 00"), {.bytes = kHello}},
      {"7.2.3.5: two blocks", hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), {.bytes = kHello}},
      {"7.2.3.6: empty", hex("00"), {}},
  });
  // 7.2.3.2: the second message refers to the first.
  const auto stream = InflateStream::make();
  for (const std::size_t piece : {1UL, 100UL}) {
    EXPECT_EQ(inflated(*stream, hex("f2 00 11 00 00"), piece, kNoLimit, true, kHello), Inflated{.bytes = kHello});
    EXPECT_EQ(inflated(*stream, hex("f2 00 11 00 00"), piece).error, Error::kInvalidDeflate) << "nothing to refer to";
  }
}

TEST(InflateStream, the_ways_to_end_a_message) {
  const Bytes hello = hex("f2 48 cd c9 c9 07 00");
  const Bytes final_hello = hex("f3 48 cd c9 c9 07 00");
  expect_inflated({
      {"no byte at all", {}, {}},
      {"the empty fixed block", hex("02 00"), {}},
      {"the empty final block", hex("03 00"), {}},
      {"the empty final block and what 7.2.3.4 puts behind it", hex("03 00 00"), {}},
      {"the tail was not taken off", hello + hex("00 00 ff ff"), {.bytes = kHello}},
      {"a final block with nothing behind it", final_hello, {.bytes = kHello}},
      {"a final block and all of the empty one", final_hello + hex("00 00 00 ff ff"), {.bytes = kHello}},
      {"a message that goes on behind a final block", final_hello + hello, {.bytes = kHello * 2}},
      {"and refers to what was before it", final_hello + hex("02 13 00 00"), {.bytes = text("HelloHello")}},
      {"final blocks without end", hex("03 00") * 1000 + final_hello * 3, {.bytes = kHello * 3}},
      {"a stored block that is final", hex("01 05 00 fa ff") + kHello, {.bytes = kHello}},
      {"a stored block that ends with the message", hex("00 05 00 fa ff") + kHello, {.bytes = kHello}},
  });
}

// RFC 7692 7.2.2 gives no rule for what is not DEFLATE; RFC 6455 7.4.1 has 1007 for content that is not what it should
// be.
TEST(InflateStream, what_is_not_a_whole_message_is_refused) {
  const Inflated refused = {.error = Error::kInvalidDeflate};
  expect_inflated({
      {"the reserved block type", hex("06"), refused},
      {"the reserved block type after a text", hex("f2 48 cd c9 c9 07 00 00 00 ff ff 07"), refused},
      {"a text without its end", hex("f2 48 cd c9"), refused},
      {"a stored block that is cut", hex("00 05 00 fa ff 48 65"), refused},
      {"a stored block whose length is not confirmed", hex("00 05 00 fa fe 48 65 6c 6c 6f 00"), refused},
      {"a stored block that would swallow the tail", hex("00 09 00 f6 ff") + kHello, refused},
      {"a distance before the message's first byte", hex("02 13 00 00"), refused},
      {"a dynamic block that is cut", hex("04 80 db 00"), refused},
      {"too many length codes", hex("fc 00 00"), refused},
      {"noise", hex("ff ff ff ff ff"), refused},
  });
}

// Why inflater.hpp has zlib alone: RFC 1951 3.2.6 and 3.2.7 allow none of these, and libdeflate takes them all. Each is
// one final block.
TEST(InflateStream, refuses_what_libdeflate_takes) {
  const struct {
    const char* name;
    Bytes payload;
  } rows[] = {
      {"length symbol 286", hex("4b 1c 03 00")},
      {"length symbol 287", hex("4b 1c 07 00")},
      {"distance symbol 30", hex("00 30 75 cf 8a") + Bytes(30000, 0) + hex("03 3e 00 00 00")},
      {"distance symbol 31", hex("00 30 75 cf 8a") + Bytes(30000, 0) + hex("03 7e 00 00 00")},
      {"a list of 287 lengths", hex("f5 c1 81 08 00 00 00 c0 30 d6 f9 4b fc 24 9b 00")},
      {"a list of 31 distances", hex("0d de 81 08 00 00 00 c0 30 d6 f9 4b fc 1b 89 00")},
      {"code lengths repeated beyond their number", hex("05 c0 81 08 00 00 00 c0 30 d6 f9 4b 0c 20")},
      {"the unused half of the code of the only symbol", hex("05 c0 81 08 00 00 00 c0 30 7f eb 2d")},
      {"the unused half of the code of the only distance", hex("0d c0 81 08 00 00 00 c0 30 d6 f9 4b fc f3 00")},
      {"a distance where none has a code", hex("0d c0 81 08 00 00 00 c0 30 d6 f9 4b fc 59")},
  };
  const auto stream = InflateStream::make();
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  for (const auto& row : rows) {
    Bytes out(100000);
    std::size_t size = 0;
    EXPECT_EQ(libdeflate_deflate_decompress(decompressor, row.payload.data(), row.payload.size(), out.data(),
                                            out.size(), &size),
              LIBDEFLATE_SUCCESS)
        << row.name << ": if libdeflate has learned it, nothing here is wrong but what inflater.hpp says of it";
    for (const std::size_t piece : {1UL, 1000000UL})
      EXPECT_EQ(inflated(*stream, row.payload, piece).error, Error::kInvalidDeflate) << row.name;
  }
  libdeflate_free_decompressor(decompressor);
}

TEST(InflateStream, every_front_of_a_message_is_refused_or_shorter) {
  const auto stream = InflateStream::make();
  const Bytes message = chatter(3000);
  const Bytes payload = deflated(message);
  ASSERT_EQ(inflated(*stream, payload, 1), Inflated{.bytes = message});
  for (std::size_t size = 1; size + 1 < payload.size(); ++size) {
    const Inflated cut = inflated(*stream, std::span(payload).first(size), 100000);
    ASSERT_EQ(cut.error, Error::kInvalidDeflate) << size;
    ASSERT_EQ(inflated(*stream, std::span(payload).first(size), 1), cut) << size;
  }
}

TEST(InflateStream, every_size_and_every_way_to_compress) {
  const auto stream = InflateStream::make();
  for (const std::size_t size : {1UL, 2UL, 63UL, 4095UL, 4096UL, 4097UL, 8192UL, 32768UL, 65536UL, 70001UL, 200000UL}) {
    for (const Bytes& message : {chatter(size), noise(size), Bytes(size, 'x')}) {
      for (const int level : {0, 1, 9}) {
        for (const int strategy : {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_FIXED}) {
          const Bytes payload = ZlibSender(15, level, strategy).send(message);
          EXPECT_EQ(inflated(*stream, payload, 1UL << 30).bytes == message, true) << size;
          EXPECT_EQ(inflated(*stream, payload, 999), (Inflated{.bytes = message})) << size;
        }
      }
      EXPECT_EQ(inflated(*stream, deflated_with_final_block(message), 999), (Inflated{.bytes = message})) << size;
    }
  }
}

TEST(InflateStream, stops_one_byte_behind_the_limit) {
  for (const std::size_t limit : {0UL, 1UL, 100UL, 4095UL, 4096UL, 4097UL, 32768UL, 100000UL}) {
    std::vector<Row> rows;
    for (const std::size_t size : {limit - 1, limit, limit + 1, limit + 2, limit + 3, limit + 258, 2 * limit + 600}) {
      if (size > 1000000) continue;  // limit - 1 of nothing
      for (const Bytes& message : {chatter(size), noise(size), Bytes(size, 'x')}) {
        const std::size_t kept = std::min(limit, size);
        const Bytes front(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(kept));
        const Error error = size > limit ? Error::kMessageTooBig : Error::kNone;
        rows.push_back({"deflated", deflated(message), {error, front}, limit});
        rows.push_back({"stored", deflated(message, 15, 0), {error, front}, limit});
        rows.push_back({"final", deflated_with_final_block(message) + hex("00"), {error, front}, limit});
        rows.push_back(
            {"and empty blocks", deflated(message) + hex("00 00 ff ff") + hex("03 00") * 9, {error, front}, limit});
      }
    }
    expect_inflated(rows);
  }
}

TEST(InflateStream, the_first_fault_counts) {
  const Bytes bad_text = text("ab") + hex("C0") + text("cd");
  const Bytes broken = hex("00 00 ff ff 07");  // the rest of the flush, and the reserved block type
  expect_inflated({
      {"bad text, then a broken block", deflated(bad_text) + broken, {Error::kInvalidUtf8, {}}, 100, true},
      {"bad text beyond the limit", deflated(bad_text), {Error::kMessageTooBig, text("ab")}, 2, true},
      {"a broken block at the limit", deflated(text("ab")) + broken, {Error::kInvalidDeflate, {}}, 2, true},
  });
}

// A megabyte of zeros for each kilobyte that arrives.
TEST(InflateStream, a_bomb_is_refused_while_it_unfolds_and_holds_no_more_than_the_limit) {
  constexpr std::uint64_t kLimit = 1 << 20;
  ZlibSender sender(15, 9);
  Bytes bomb;
  for (int round = 0; round < 256; ++round) bomb = bomb + sender.send(Bytes(1 << 20, 0)) + hex("00 00 ff ff");
  ASSERT_LT(bomb.size(), 300000U);
  const auto stream = InflateStream::make();
  for (const std::size_t piece : {bomb.size(), 1UL}) {
    MessageBuffer out;
    ASSERT_TRUE(stream->begin({}));
    std::size_t fed = 0;
    Error error = Error::kNone;
    while (error == Error::kNone) {
      ASSERT_LT(fed, bomb.size());
      error = stream->feed(std::span(bomb).subspan(fed, piece), {.out = out, .limit = kLimit});
      fed += piece;
      ASSERT_LE(out.capacity(), std::min<std::size_t>(kLimit, std::max<std::size_t>(4096, 2 * out.size())));
    }
    EXPECT_EQ(error, Error::kMessageTooBig);
    EXPECT_EQ(out.size(), kLimit);
    EXPECT_LT(stream->memory(), std::size_t{48} << 10);
    EXPECT_LT(fed, std::max<std::size_t>(3000, piece + 1)) << "noticed as soon as it was one byte too big";
  }
}

TEST(InflateStream, text_fails_at_its_first_impossible_byte) {
  // In blocks of their own, so that each byte of text is out as soon as it is in.
  const Bytes payload = hex("00 01 00 fe ff 61  00 01 00 fe ff f4  00 01 00 fe ff 90");
  const auto stream = InflateStream::make();
  MessageBuffer out;
  Utf8Validator validator;
  const InflateTarget target = {.out = out, .limit = 100, .text_check = &validator};
  ASSERT_TRUE(stream->begin({}));
  for (std::size_t index = 0; index < payload.size(); ++index) {
    const Error wanted = index + 1 == payload.size() ? Error::kInvalidUtf8 : Error::kNone;
    EXPECT_EQ(stream->feed(std::span(payload).subspan(index, 1), target), wanted) << index;
  }
}

TEST(InflateHistory, keeps_the_last_bytes_of_its_window) {
  InflateHistory history(9);
  Bytes all;
  for (const std::size_t size : {0UL, 10UL, 200UL, 300UL, 1UL, 511UL, 512UL, 513UL, 5000UL, 3UL, 0UL, 600UL}) {
    const Bytes message = noise(size, static_cast<unsigned>(size));
    all = all + message;
    ASSERT_TRUE(history.append(message));
    const auto last = std::span(all).last(std::min<std::size_t>(all.size(), 512));
    EXPECT_EQ(Bytes(history.bytes().begin(), history.bytes().end()), Bytes(last.begin(), last.end())) << size;
    EXPECT_LE(history.memory(), 512 + sizeof(InflateHistory));
  }
}

TEST(InflateHistory, is_as_small_as_what_was_said) {
  InflateHistory history(15);
  EXPECT_LE(history.memory(), sizeof(InflateHistory));
  ASSERT_TRUE(history.append(chatter(100)));
  EXPECT_LE(history.memory(), sizeof(InflateHistory) + 100);
}

TEST(Inflater, lends_the_same_stream_to_one_message_after_the_other) {
  Inflater inflater;
  EXPECT_EQ(inflater.memory(), 0U) << "nothing before the first message";
  auto first = inflater.lend_stream();
  const InflateStream* const lent = first.get();
  auto second = inflater.lend_stream();
  EXPECT_NE(second, nullptr) << "a message is still under way";
  inflater.take_back(std::move(first));
  inflater.take_back(std::move(second));
  EXPECT_EQ(inflater.lend_stream().get(), lent) << "one is kept";
  EXPECT_EQ(inflater.memory(), 0U);
}

TEST(Inflater, what_runs_ahead_is_counted_while_it_is_lent) {
  Inflater inflater(50000);
  MessageBuffer out;
  ASSERT_TRUE(out.reserve(30000));
  auto first = inflater.lend_stream();
  auto second = inflater.lend_stream();
  inflater.ran_ahead(*first, out);
  inflater.ran_ahead(*first, out);
  EXPECT_EQ(inflater.ahead(), first->memory() + 30000) << "once, though it was said twice";
  EXPECT_GT(inflater.step_ahead(), 0U);
  inflater.ran_ahead(*second, out);
  EXPECT_EQ(inflater.step_ahead(), 0U);
  inflater.take_back(std::move(first));
  EXPECT_EQ(inflater.ahead(), second->memory() + 30000);
  EXPECT_GT(inflater.step_ahead(), 0U);
  second.reset();
  EXPECT_EQ(inflater.ahead(), 0U) << "freed by who had it";
  EXPECT_EQ(inflater.lend_stream()->memory(), InflateStream::make()->memory()) << "what is lent anew counts for none";
}

TEST(Inflater, keeps_memory_for_the_next_message_within_its_bound) {
  Inflater inflater;
  for (const std::size_t capacity : {1000UL, 30000UL, 20000UL, 65536UL, 65537UL, 1000000UL}) {
    MessageBuffer buffer;
    ASSERT_TRUE(buffer.reserve(capacity));
    buffer.append(text("x"));
    inflater.take_back(std::move(buffer));
  }
  EXPECT_EQ(inflater.memory(), 65536U);
  const MessageBuffer lent = inflater.lend_buffer();
  EXPECT_EQ(lent.capacity(), 65536U);
  EXPECT_EQ(lent.size(), 0U);
  EXPECT_EQ(inflater.lend_buffer().capacity(), 0U);
}

}  // namespace
}  // namespace ws::protocol
