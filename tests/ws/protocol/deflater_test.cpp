// What we compress, read by zlib's own inflater: whole, within the agreed window, and ended as RFC 7692 7.2.1 has it.
#include "ws/protocol/deflater.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/ws/protocol/deflated.hpp"

namespace ws::protocol {
namespace {

using namespace test;  // bytes.hpp, deflated.hpp

DeflateDirection alone(std::uint8_t window_bits, bool final_blocks) {
  return {.window_bits = window_bits, .context_takeover = false, .final_blocks = final_blocks};
}

Bytes payload_of(const CompressedMessage& compressed) {
  const auto payload = compressed ? compressed.payload() : std::span<const std::uint8_t>();
  return {payload.begin(), payload.end()};
}

constexpr std::size_t kSizes[] = {16,    60,    64,    65,    127,   255,   256,   257,    512,
                                  600,   1024,  2048,  4095,  4096,  4097,  8191,  8192,   8193,
                                  16384, 32767, 32768, 32769, 65535, 65536, 65537, 131072, 1000000};

TEST(Deflater, every_size_comes_back_through_every_window) {
  Deflater deflater;
  for (std::uint8_t bits = kMinWindowBits; bits <= kMaxWindowBits; ++bits) {
    for (const bool final_block : {false, true}) {
      for (const std::size_t size : kSizes) {
        const Bytes message = Bytes(12, 'x') + chatter(size);
        const CompressedMessage compressed = deflater.compress(message, alone(bits, final_block));
        ASSERT_TRUE(compressed) << size;
        EXPECT_LT(compressed.payload().size(), message.size());
        // A receiver for each message: none refers to the one before.
        EXPECT_EQ(ZlibReceiver(bits).receive(compressed.payload()), message) << size << " bytes, window " << int{bits};
      }
    }
  }
}

TEST(Deflater, the_window_is_needed) {
  // What the test above trusts in: a receiver with a smaller window than was agreed refuses.
  Deflater deflater;
  const Bytes message = noise(2000) + noise(2000);
  EXPECT_EQ(ZlibReceiver(15).receive(deflater.compress(message, alone(15, false)).payload()), message);
  EXPECT_EQ(ZlibReceiver(9).receive(deflater.compress(message, alone(15, false)).payload()), std::nullopt);
  EXPECT_FALSE(deflater.compress(message, alone(9, false))) << "nothing repeats within 512 bytes";
}

// RFC 7692 7.2.3.1.
TEST(Deflater, makes_the_bytes_of_the_rfc) {
  DeflateContext context(15);
  Deflater deflater;
  EXPECT_EQ(payload_of(deflater.compress(text("Hello"), context)), hex("f2 48 cd c9 c9 07 00"));
  // 7.2.3.2: the second one refers to the first.
  EXPECT_EQ(payload_of(deflater.compress(text("Hello"), context)), hex("f2 00 11 00 00"));
  // 7.2.3.6.
  EXPECT_EQ(payload_of(deflater.compress({}, context)), hex("00"));
  EXPECT_EQ(payload_of(deflater.compress({}, context)), hex("00"));
}

// True if the payload ends with a final block and one byte behind it.
bool has_final_block(const CompressedMessage& compressed, std::size_t message_size) {
  z_stream zlib = {};
  EXPECT_EQ(inflateInit2(&zlib, -15), Z_OK);
  Bytes out(message_size + 1);
  const Bytes payload = payload_of(compressed);
  zlib.next_in = const_cast<std::uint8_t*>(payload.data());
  zlib.avail_in = static_cast<uInt>(payload.size());
  zlib.next_out = out.data();
  zlib.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&zlib, Z_SYNC_FLUSH);
  EXPECT_EQ(zlib.total_out, message_size);
  const Bytes behind(zlib.next_in, zlib.next_in + zlib.avail_in);
  EXPECT_EQ(behind, result == Z_STREAM_END ? hex("00") : Bytes());
  inflateEnd(&zlib);
  return result == Z_STREAM_END;
}

TEST(Deflater, a_final_block_only_where_it_may_be) {
  Deflater deflater;
  for (const std::size_t size : {20000UL, 40000UL}) {
    const Bytes message = chatter(size);
    EXPECT_TRUE(has_final_block(deflater.compress(message, alone(15, true)), size));
    EXPECT_FALSE(has_final_block(deflater.compress(message, alone(15, false)), size));
    EXPECT_FALSE(has_final_block(deflater.compress(message, alone(14, true)), size)) << "it does not fit the window";
    DeflateContext context(15);
    EXPECT_FALSE(has_final_block(deflater.compress(message, context), size));
  }
}

TEST(Deflater, what_does_not_become_smaller_goes_as_it_is) {
  Deflater deflater;
  for (const std::size_t size : {0UL, 1UL, 5UL, 20UL, 64UL, 1000UL, 4096UL, 10000UL, 100000UL}) {
    EXPECT_FALSE(deflater.compress(noise(size), alone(15, false))) << size;
    EXPECT_FALSE(deflater.compress(noise(size), alone(15, true))) << size;
  }
  // zlib cannot keep to a window of 2^8, which a client may be told to.
  EXPECT_FALSE(deflater.compress(chatter(1000), alone(8, true)));
  DeflateContext context(8);
  EXPECT_FALSE(deflater.compress(chatter(1000), context));
  // But what a context has taken in has to be sent.
  DeflateContext noisy(15);
  ZlibReceiver receiver(15);
  for (const std::size_t size : {0UL, 1UL, 1000UL, 100000UL}) {
    EXPECT_EQ(receiver.receive(deflater.compress(noise(size), noisy).payload()), noise(size));
  }
}

TEST(Deflater, a_context_is_taken_over_within_its_window) {
  Deflater deflater;
  for (std::uint8_t bits = kMinWindowBits; bits <= kMaxWindowBits; ++bits) {
    DeflateContext context(bits);
    ZlibReceiver receiver(bits);
    for (const std::size_t size : {100UL, 100UL, 0UL, 5000UL, 100UL, 70000UL, 1UL, 400UL, 200000UL, 300UL}) {
      const Bytes message = chatter(size, static_cast<unsigned>(size));
      ASSERT_EQ(receiver.receive(deflater.compress(message, context).payload()), message) << int{bits} << " " << size;
    }
    const Bytes again = chatter(400, 400);
    ASSERT_EQ(receiver.receive(deflater.compress(again, context).payload()), again);
    // zlib reaches back to 262 bytes less than its window.
    EXPECT_LT(deflater.compress(again, context).payload().size(), bits == 9 ? 150U : 20U) << "it was just sent";
  }
}

TEST(Deflater, a_context_that_was_released_starts_anew_and_the_peer_does_not_notice) {
  Deflater deflater;
  DeflateContext context(15);
  ZlibReceiver receiver(15);
  EXPECT_EQ(context.memory(), 0U) << "nothing before the first message";
  const Bytes message = chatter(300);
  EXPECT_EQ(receiver.receive(deflater.compress(message, context).payload()), message);
  const CompressedMessage second = deflater.compress(message, context);
  const std::size_t size = second.payload().size();
  EXPECT_EQ(receiver.receive(second.payload()), message);
  EXPECT_GT(context.memory(), 100000U);
  EXPECT_LT(context.memory(), 220000U);
  context.release();
  EXPECT_EQ(context.memory(), 0U);
  const CompressedMessage anew = deflater.compress(message, context);
  EXPECT_GT(anew.payload().size(), 3 * size);
  EXPECT_EQ(receiver.receive(anew.payload()), message);
}

TEST(Deflater, a_smaller_window_is_a_smaller_context) {
  Deflater deflater;
  DeflateContext small(9);
  ASSERT_TRUE(deflater.compress(chatter(300), small));
  EXPECT_LT(small.memory(), 12000U);
}

TEST(Deflater, writes_the_whole_frame_of_a_server) {
  Deflater deflater;
  DeflateContext context(15);
  const auto frame = [](const CompressedMessage& compressed, Opcode opcode) {
    const auto bytes = compressed.frame(opcode);
    return Bytes(bytes.begin(), bytes.end());
  };
  EXPECT_EQ(frame(deflater.compress(text("Hello"), context), Opcode::kText), hex("c1 07 f2 48 cd c9 c9 07 00"));
  for (const std::size_t size : {70UL, 1000UL, 3000UL, 5000UL, 1000000UL}) {
    const CompressedMessage compressed = deflater.compress(chatter(size), alone(15, true));
    EXPECT_EQ(frame(compressed, Opcode::kBinary), server_frame(0xC2, payload_of(compressed))) << size;
  }
}

TEST(Deflater, keeps_little_between_messages) {
  Deflater deflater;
  EXPECT_EQ(deflater.memory(), 0U);
  for (std::uint8_t bits = kMinWindowBits; bits <= kMaxWindowBits; ++bits) {
    EXPECT_TRUE(deflater.compress(chatter(1 << 20), alone(bits, true)));
  }
  EXPECT_TRUE(deflater.compress(chatter(100), alone(15, true)));
  EXPECT_LT(deflater.memory(), std::size_t{512} << 10);
}

}  // namespace
}  // namespace ws::protocol
