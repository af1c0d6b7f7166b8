// The messages of the load generator: frames that are right, stamps that come back, and a check to which no wrong byte
// is invisible.
#include "ws/app/bench_messages.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "ws/app/bench_inflate.hpp"
#include "ws/protocol/mask.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::app {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Stamp = BenchMessages::Stamp;

constexpr protocol::MaskingKey kKey = {1, 2, 3, 4};
constexpr std::size_t kSizes[] = {0, 1, 2, 5, 7, 8, 9, 15, 16, 17, 20, 125, 126, 5000, 65535, 65536, 100'000};

// The payload of the frame at the front of `bytes`, unmasked.
Bytes payload_of(std::span<const std::uint8_t> bytes, const BenchMessages& messages) {
  const auto header = protocol::parse_frame_header(bytes);
  EXPECT_TRUE(header && header->final && header->masked && header->reserved_bits == 0);
  EXPECT_EQ(header->opcode, messages.opcode());
  EXPECT_EQ(header->payload_size, messages.size());
  EXPECT_EQ(header->header_size + messages.size(), messages.frame_size());
  const auto masked = bytes.subspan(header->header_size, messages.size());
  Bytes payload(masked.begin(), masked.end());
  protocol::apply_mask(payload, header->masking_key, 0);
  return payload;
}

std::optional<Stamp> checked(const BenchMessages& messages, const Bytes& payload, std::size_t piece = SIZE_MAX) {
  BenchCheck check(messages);
  for (std::size_t at = 0; at < payload.size(); at += std::min(piece, payload.size() - at)) {
    check.feed(std::span(payload).subspan(at, std::min(piece, payload.size() - at)));
  }
  return check.finish();
}

TEST(BenchMessages, make_whole_masked_frames_of_every_size_and_type) {
  for (const std::size_t size : kSizes) {
    for (const bool text : {false, true}) {
      const BenchMessages messages(size, text, 3, kKey);
      const auto block = messages.block().view();
      ASSERT_EQ(block.size(), messages.batch() * messages.frame_size());
      EXPECT_GE(messages.batch(), 1U);
      EXPECT_LE(messages.batch(), 3U);
      for (std::size_t frame = 0; frame < messages.batch(); ++frame) {
        const Bytes payload = payload_of(block.subspan(frame * messages.frame_size()), messages);
        if (text) {
          EXPECT_TRUE(protocol::is_valid_utf8(payload)) << size;
        }
      }
    }
  }
}

TEST(BenchMessages, find_their_stamp_again_however_the_message_is_cut) {
  for (const std::size_t size : kSizes) {
    for (const bool text : {false, true}) {
      BenchMessages messages(size, text, 1, kKey);
      const Stamp sent = {.owner = 1234, .number = 56789};
      const Bytes payload = payload_of(messages.stamped_frame(sent), messages);
      for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{10}, SIZE_MAX}) {
        if (piece == 1 && size > 10'000) continue;
        const auto found = checked(messages, payload, piece);
        ASSERT_TRUE(found) << size;
        const std::uint64_t known = (std::uint64_t{1} << messages.stamp_bits()) - 1;
        EXPECT_EQ(found->number & known, sent.number & known) << size;
        EXPECT_TRUE(messages.is_of(*found, sent.owner));
        if (messages.stamp_bits() == BenchMessages::kNumberBits && size >= 16) {
          EXPECT_EQ(found->owner, sent.owner);
          EXPECT_FALSE(messages.is_of(*found, sent.owner + 1));
        }
      }
    }
  }
}

TEST(BenchMessages, differ_from_one_another_behind_their_stamps_too) {
  BenchMessages messages(100, true, 1, kKey);
  std::set<Bytes> rests;
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const Bytes payload = payload_of(messages.stamped_frame({.owner = 0, .number = number}), messages);
    rests.insert(Bytes(payload.begin() + 16, payload.end()));
  }
  EXPECT_EQ(rests.size(), 1000U);
}

TEST(BenchCheck, sees_every_wrong_byte_behind_the_stamp) {
  for (const bool text : {false, true}) {
    BenchMessages messages(40, text, 1, kKey);
    const Bytes payload = payload_of(messages.stamped_frame({.owner = 1, .number = 2}), messages);
    for (std::size_t at = messages.stamp_size(); at < payload.size(); ++at) {
      Bytes wrong = payload;
      wrong[at] ^= 1;
      EXPECT_FALSE(checked(messages, wrong)) << at;
    }
  }
}

TEST(BenchCheck, sees_a_stamp_that_does_not_fit_what_follows) {
  for (const bool text : {false, true}) {
    BenchMessages messages(40, text, 1, kKey);
    const Bytes payload = payload_of(messages.stamped_frame({.owner = 1, .number = 2}), messages);
    for (std::size_t at = 0; at < messages.stamp_size(); ++at) {
      Bytes wrong = payload;
      wrong[at] ^= 1;
      const auto found = checked(messages, wrong);
      EXPECT_FALSE(found && messages.is_of(*found, 1)) << at;
    }
  }
}

TEST(BenchCheck, begins_anew_after_each_message) {
  BenchMessages messages(40, false, 1, kKey);
  BenchCheck check(messages);
  Bytes payload = payload_of(messages.stamped_frame({.owner = 1, .number = 2}), messages);
  payload.back() ^= 1;
  check.feed(payload);
  EXPECT_FALSE(check.finish());
  payload.back() ^= 1;
  check.feed(payload);
  EXPECT_TRUE(check.finish());
  check.feed(std::span(payload).first(39));
  EXPECT_FALSE(check.finish());
  payload.push_back(0);
  check.feed(payload);
  EXPECT_FALSE(check.finish());
}

// ---- Compressed

// What a decoder would make of the frame at the front of `bytes`.
Bytes inflated_of(std::span<const std::uint8_t> bytes, std::uint8_t reserved_bits) {
  const auto header = protocol::parse_frame_header(bytes);
  EXPECT_TRUE(header && header->masked);
  EXPECT_EQ(header->reserved_bits, reserved_bits);
  const auto masked = bytes.subspan(header->header_size, header->payload_size);
  Bytes payload(masked.begin(), masked.end());
  protocol::apply_mask(payload, header->masking_key, 0);
  if (reserved_bits == 0) return payload;
  protocol::Inflater inflater;
  BenchInflate inflate(inflater);
  inflate.feed(payload);
  const auto whole = inflate.finish();
  EXPECT_TRUE(whole);
  return whole ? Bytes(whole->begin(), whole->end()) : Bytes();
}

TEST(BenchMessages, words_are_compressed_to_less_than_half_and_come_back_as_they_were) {
  for (const bool text : {false, true}) {
    for (const bool final_blocks : {false, true}) {
      for (const std::size_t size : {std::size_t{1000}, std::size_t{100'000}}) {
        BenchMessages messages(size, text, 3, kKey, BenchMessages::Content::kWords);
        EXPECT_GT(messages.frame_size(), size);
        messages.compress({.context_takeover = true, .final_blocks = final_blocks}, 64);
        EXPECT_LT(messages.frame_size(), size / 2);
        EXPECT_EQ(messages.block().size(), messages.batch() * messages.frame_size());
        const Stamp stamp{.owner = 7, .number = 77};
        const Bytes payload = inflated_of(messages.stamped_frame(stamp), protocol::kCompressedBit);
        ASSERT_EQ(payload.size(), size);
        const auto found = checked(messages, payload);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->number, 77U);
        inflated_of(messages.block().view().last(messages.frame_size()), protocol::kCompressedBit);
      }
    }
  }
}

TEST(BenchMessages, what_is_too_small_or_gains_nothing_goes_as_it_is) {
  BenchMessages small(63, true, 1, kKey, BenchMessages::Content::kWords);
  small.compress({}, 64);
  EXPECT_EQ(inflated_of(small.block().view(), 0).size(), 63U);
  BenchMessages random(1000, false, 1, kKey);
  random.compress({}, 64);
  EXPECT_EQ(inflated_of(random.block().view(), 0).size(), 1000U);
}

}  // namespace
}  // namespace ws::app
