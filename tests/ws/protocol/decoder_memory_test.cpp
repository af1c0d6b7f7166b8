// What a decoder holds and for how long: nothing between two messages, no more than twice what has arrived within one,
// and the memory of a message for whoever takes it.
#include <gtest/gtest.h>

#include <utility>

#include "tests/ws/protocol/bytes.hpp"
#include "ws/protocol/decoder.hpp"

namespace ws::protocol {
namespace {

using Kind = Decoder::Event::Kind;
using namespace test;  // bytes.hpp

constexpr std::size_t kPartial = 256;  // a Partial without its buffer is smaller

class DecoderMemory : public ::testing::Test {
 protected:
  // Feeds `bytes` and returns the first event; the rest of them stays in rest_.
  Decoder::Event feed(Bytes bytes) {
    fed_ = std::move(bytes);
    rest_ = fed_;
    return decoder_.next(rest_);
  }

  DecoderLimits limits_;
  Decoder decoder_{Role::kServer, limits_};
  Bytes fed_;
  std::span<std::uint8_t> rest_;
};

TEST_F(DecoderMemory, a_whole_frame_is_a_view_of_the_input) {
  for (const std::size_t size : {5UL, 100UL, 70000UL}) {
    const auto event = feed(client_frame(0x82, Bytes(size, 'x')) + text("!"));
    EXPECT_EQ(event.kind, Kind::kMessage);
    EXPECT_EQ(event.payload.data() + size, rest_.data());
    EXPECT_EQ(rest_.size(), 1U);
    EXPECT_EQ(decoder_.memory(), 0U);
    EXPECT_TRUE(decoder_.idle());
    EXPECT_EQ(decoder_.take_message().capacity(), 0U);
  }
}

TEST_F(DecoderMemory, is_small_and_nothing_more_between_messages) {
  EXPECT_LE(sizeof(Decoder), 24U);
  EXPECT_TRUE(decoder_.idle());
  EXPECT_EQ(feed(client_frame(0x01, text("Hel"))).kind, Kind::kNeedMore);
  EXPECT_FALSE(decoder_.idle());
  EXPECT_GT(decoder_.memory(), 0U);
  EXPECT_EQ(feed(client_frame(0x80, text("lo"))).kind, Kind::kMessage);
  EXPECT_TRUE(decoder_.idle()) << "the message is whole, though its view is still used";
  EXPECT_EQ(feed({}).kind, Kind::kNeedMore);
  EXPECT_EQ(decoder_.memory(), 0U);
}

TEST_F(DecoderMemory, a_frame_announced_costs_nothing_like_what_it_announces) {
  // 16 MiB, then silence.
  EXPECT_EQ(feed(hex("82 FF 00 00 00 00 01 00 00 00 00 00 00 00")).kind, Kind::kNeedMore);
  EXPECT_LE(decoder_.memory(), kPartial);
  EXPECT_TRUE(decoder_.landing().empty()) << "4 KiB of 16 MiB are not worth a receive of their own";
  EXPECT_EQ(feed(text("x")).kind, Kind::kNeedMore);
  EXPECT_LE(decoder_.memory(), kPartial + 4096);
}

TEST_F(DecoderMemory, a_message_has_no_more_room_than_it_needs) {
  EXPECT_EQ(feed(hex("82 FE 03 E8 00 00 00 00") + Bytes(10, 0)).kind, Kind::kNeedMore);
  EXPECT_LE(decoder_.memory(), kPartial + 1000);
}

TEST_F(DecoderMemory, grows_with_what_arrives) {
  constexpr std::size_t kSize = 1 << 24;
  EXPECT_EQ(feed(hex("82 FF 00 00 00 00 01 00 00 00 00 00 00 00")).kind, Kind::kNeedMore);
  std::size_t arrived = 0;
  while (arrived < kSize) {
    std::span<std::uint8_t> landing = decoder_.landing();
    EXPECT_LE(decoder_.memory(), kPartial + std::max<std::size_t>(4096, 2 * arrived));
    EXPECT_LE(landing.size(), kSize - arrived);
    const std::size_t size = std::min<std::size_t>(kSize - arrived, 60000);
    if (landing.empty()) {
      Bytes piece(size, 1);
      std::span<std::uint8_t> input(piece);
      ASSERT_EQ(decoder_.next(input).kind, arrived + size == kSize ? Kind::kMessage : Kind::kNeedMore);
      arrived += size;
    } else {
      const auto part = landing.first(std::min(landing.size(), size));
      std::fill(part.begin(), part.end(), std::uint8_t{1});
      decoder_.landed(part.size());
      arrived += part.size();
      std::span<std::uint8_t> none;
      ASSERT_EQ(decoder_.next(none).kind, arrived == kSize ? Kind::kMessage : Kind::kNeedMore);
    }
    EXPECT_LE(decoder_.memory(), kPartial + std::max<std::size_t>(4096, 2 * arrived));
  }
}

TEST_F(DecoderMemory, grows_seldom_however_small_the_pieces) {
  constexpr std::size_t kSize = 1 << 20;
  EXPECT_EQ(feed(hex("82 FF 00 00 00 00 00 10 00 00 00 00 00 00") + Bytes(40000, 0)).kind, Kind::kNeedMore);
  int growths = 0;
  std::size_t memory = decoder_.memory();
  for (std::size_t arrived = 40000; arrived < kSize;) {
    const std::size_t size = std::min<std::size_t>(kSize - arrived, 64);
    std::fill_n(decoder_.landing().begin(), size, std::uint8_t{1});
    if (std::exchange(memory, decoder_.memory()) != decoder_.memory()) ++growths;
    decoder_.landed(size);
    arrived += size;
    std::span<std::uint8_t> none;
    ASSERT_EQ(decoder_.next(none).kind, arrived == kSize ? Kind::kMessage : Kind::kNeedMore);
  }
  EXPECT_LE(growths, 10);
}

TEST_F(DecoderMemory, empty_fragments_cost_nothing_each) {
  EXPECT_EQ(feed(client_frame(0x01, {})).kind, Kind::kNeedMore);
  const std::size_t memory = decoder_.memory();
  EXPECT_LE(memory, kPartial);
  const Bytes many = client_frame(0x00, {}) * 1000;
  for (int round = 0; round < 131; ++round) {
    EXPECT_EQ(feed(many).kind, Kind::kNeedMore);
    EXPECT_EQ(decoder_.memory(), memory);
  }
  const auto event = feed(many);
  EXPECT_EQ(event.kind, Kind::kError);
  EXPECT_EQ(event.close_code, kPolicyViolation);
  EXPECT_EQ(decoder_.memory(), 0U);
}

TEST_F(DecoderMemory, tiny_fragments_share_one_buffer) {
  EXPECT_EQ(feed(client_frame(0x01, text("x"))).kind, Kind::kNeedMore);
  const Bytes many = client_frame(0x00, text("x")) * 1000;
  for (std::size_t arrived = 1; arrived < 100000; arrived += 1000) {
    EXPECT_EQ(feed(many).kind, Kind::kNeedMore);
    EXPECT_LE(decoder_.memory(), kPartial + std::max<std::size_t>(4096, 2 * (arrived + 1000)));
  }
  EXPECT_EQ(feed(client_frame(0x80, {})).payload.size(), 100001U);
}

TEST_F(DecoderMemory, pings_and_pongs_leave_nothing_behind) {
  for (int round = 0; round < 3; ++round) {
    Bytes bytes = client_frame(0x8A, Bytes(125, 'x'));
    for (std::uint8_t& byte : bytes) {
      std::span<std::uint8_t> input(&byte, 1);
      const bool last = &byte == &bytes.back();
      ASSERT_EQ(decoder_.next(input).kind, last ? Kind::kPong : Kind::kNeedMore);
      EXPECT_LE(decoder_.memory(), kPartial);
    }
    EXPECT_EQ(feed({}).kind, Kind::kNeedMore);
    EXPECT_EQ(decoder_.memory(), 0U);
  }
}

TEST_F(DecoderMemory, a_kept_control_frame_stays_while_its_message_goes_on) {
  EXPECT_EQ(feed(client_frame(0x01, text("Hel"))).kind, Kind::kNeedMore);
  const Bytes ping = client_frame(0x89, text("?"));
  EXPECT_EQ(feed(Bytes(ping.begin(), ping.begin() + 3)).kind, Kind::kNeedMore);
  EXPECT_TRUE(decoder_.landing().empty()) << "a control frame has no landing";
  const auto event = feed(Bytes(ping.begin() + 3, ping.end()));
  EXPECT_EQ(event.kind, Kind::kPing);
  EXPECT_EQ(Bytes(event.payload.begin(), event.payload.end()), text("?"));
  EXPECT_FALSE(decoder_.idle());
  EXPECT_EQ(feed(client_frame(0x80, text("lo"))).payload.size(), 5U);
}

TEST_F(DecoderMemory, a_taken_message_outlives_the_next_call) {
  EXPECT_EQ(feed(client_frame(0x01, text("Hel"))).kind, Kind::kNeedMore);
  const auto event = feed(client_frame(0x80, text("lo")) + client_frame(0x01, text("next")));
  ASSERT_EQ(event.kind, Kind::kMessage);
  const MessageBuffer taken = decoder_.take_message();
  EXPECT_EQ(taken.bytes().data(), event.payload.data());
  EXPECT_EQ(decoder_.next(rest_).kind, Kind::kNeedMore);
  EXPECT_EQ(feed(client_frame(0x80, {})).payload.size(), 4U);
  EXPECT_EQ(Bytes(taken.bytes().begin(), taken.bytes().end()), text("Hello"));
}

TEST_F(DecoderMemory, only_a_whole_message_can_be_taken) {
  EXPECT_EQ(decoder_.take_message().capacity(), 0U);
  EXPECT_EQ(feed(client_frame(0x01, text("Hel"))).kind, Kind::kNeedMore);
  EXPECT_EQ(decoder_.take_message().capacity(), 0U);
  EXPECT_EQ(feed(client_frame(0x80, text("lo"))).payload.size(), 5U);
}

TEST_F(DecoderMemory, a_landing_is_room_for_this_frame_and_no_other) {
  EXPECT_TRUE(decoder_.landing().empty());
  const Bytes frame = client_frame(0x01, text("Hello"));
  EXPECT_EQ(feed(Bytes(frame.begin(), frame.begin() + 8)).kind, Kind::kNeedMore);
  ASSERT_EQ(decoder_.landing().size(), 3U);
  std::copy(frame.begin() + 8, frame.begin() + 10, decoder_.landing().begin());
  decoder_.landed(2);
  ASSERT_EQ(decoder_.landing().size(), 1U);
  decoder_.landing()[0] = frame[10];
  decoder_.landed(1);
  EXPECT_TRUE(decoder_.landing().empty());
  EXPECT_EQ(feed({}).kind, Kind::kNeedMore) << "the frame is whole, the message is not";
  EXPECT_TRUE(decoder_.landing().empty());
  const auto event = feed(client_frame(0x80, {}));
  EXPECT_EQ(Bytes(event.payload.begin(), event.payload.end()), text("Hello"));
}

TEST_F(DecoderMemory, bytes_behind_a_landing_are_given_to_next) {
  const Bytes frame = client_frame(0x81, text("Hello"));
  EXPECT_EQ(feed(Bytes(frame.begin(), frame.end() - 1)).kind, Kind::kNeedMore);
  decoder_.landing()[0] = frame.back();
  decoder_.landed(1);
  EXPECT_EQ(feed(client_frame(0x89, {})).payload.size(), 5U);
  EXPECT_EQ(decoder_.next(rest_).kind, Kind::kPing);
}

TEST_F(DecoderMemory, what_lands_wrong_is_told_by_next_and_nothing_lands_then) {
  const Bytes frame = client_frame(0x81, hex("61 FF 62 63"));
  EXPECT_EQ(feed(Bytes(frame.begin(), frame.begin() + 7)).kind, Kind::kNeedMore);
  decoder_.landing()[0] = frame[7];
  decoder_.landed(1);
  EXPECT_TRUE(decoder_.landing().empty());
  const auto event = feed(Bytes(frame.begin() + 8, frame.end()));
  EXPECT_EQ(event.error, Error::kInvalidUtf8);
  EXPECT_EQ(decoder_.memory(), 0U);
  EXPECT_EQ(decoder_.next(rest_).kind, Kind::kNeedMore);
  EXPECT_TRUE(rest_.empty()) << "what comes after an error is swallowed";
}

TEST_F(DecoderMemory, nothing_is_held_after_a_close_or_an_error) {
  EXPECT_EQ(feed(client_frame(0x01, text("Hel"))).kind, Kind::kNeedMore);
  EXPECT_EQ(feed(client_frame(0x88, {}) + text("more")).kind, Kind::kClose);
  EXPECT_TRUE(decoder_.idle());
  EXPECT_EQ(decoder_.next(rest_).kind, Kind::kNeedMore);
  EXPECT_TRUE(rest_.empty());
  EXPECT_EQ(decoder_.memory(), 0U);
  EXPECT_EQ(feed(client_frame(0x81, text("x"))).kind, Kind::kNeedMore);
  EXPECT_EQ(decoder_.memory(), 0U);
  EXPECT_TRUE(decoder_.landing().empty());
}

TEST_F(DecoderMemory, a_decoder_can_be_moved_in_the_middle_of_a_message) {
  EXPECT_EQ(feed(client_frame(0x01, text("Hel"))).kind, Kind::kNeedMore);
  Decoder moved = std::move(decoder_);
  Bytes bytes = client_frame(0x80, text("lo"));
  std::span<std::uint8_t> input(bytes);
  EXPECT_EQ(moved.next(input).payload.size(), 5U);
}

}  // namespace
}  // namespace ws::protocol
