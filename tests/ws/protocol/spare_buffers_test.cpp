// Memory that large messages leave to the next: which buffer is given out, how much is kept at most, and what is freed.
#include "ws/protocol/spare_buffers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ws/protocol/decoder.hpp"

namespace ws::protocol {
namespace {

constexpr std::size_t kKiB = 1024;

MessageBuffer buffer_of(std::size_t capacity) {
  MessageBuffer buffer;
  EXPECT_TRUE(buffer.reserve(capacity));
  return buffer;
}

TEST(SpareBuffers, gives_out_what_came_last_and_is_large_enough) {
  SpareBuffers spare;
  EXPECT_EQ(spare.lend(1).capacity(), 0U) << "there is none yet";
  for (const std::size_t size : {100U, 300U, 200U}) spare.give(buffer_of(size * kKiB));
  EXPECT_EQ(spare.memory(), 600 * kKiB);
  EXPECT_EQ(spare.lend(150 * kKiB).capacity(), 200 * kKiB);
  EXPECT_EQ(spare.lend(101 * kKiB).capacity(), 300 * kKiB);
  EXPECT_EQ(spare.lend(101 * kKiB).capacity(), 0U) << "what is left is too small";
  EXPECT_EQ(spare.lend(1).capacity(), 100 * kKiB);
  EXPECT_EQ(spare.memory(), 0U);
  EXPECT_EQ(spare.lent(), 600 * kKiB);
}

// So much more than what arrived the unfinished messages of all connections may hold together.
TEST(SpareBuffers, have_one_bound_for_what_is_kept_and_lent) {
  SpareBuffers spare;
  const auto give_all = [&spare] {
    for (int each = 0; each < 100; ++each) spare.give(buffer_of(1024 * kKiB));
  };
  give_all();
  std::vector<MessageBuffer> lent;
  for (MessageBuffer one = spare.lend(1); one.capacity() > 0; one = spare.lend(1)) lent.push_back(std::move(one));
  EXPECT_EQ(lent.size(), 16U);
  give_all();
  EXPECT_EQ(spare.memory(), 0U) << "there is no room for more while those are lent";
  EXPECT_TRUE(spare.free_unused()) << "they may come back";
  spare.settle(lent.back().capacity());
  give_all();
  EXPECT_EQ(spare.memory(), 1024 * kKiB);
}

TEST(SpareBuffers, gives_out_empty_buffers) {
  SpareBuffers spare;
  MessageBuffer used = buffer_of(64 * kKiB);
  std::array<std::uint8_t, 3> secret = {1, 2, 3};
  used.append(secret);
  spare.give(std::move(used));
  EXPECT_EQ(spare.lend(1).size(), 0U) << "the bytes of somebody else's message are not part of it";
}

TEST(SpareBuffers, keeps_neither_what_is_small_nor_more_than_its_bound) {
  SpareBuffers spare;
  spare.give(buffer_of(SpareBuffers::kSmallest - 1));
  EXPECT_EQ(spare.memory(), 0U);
  spare.give(buffer_of(SpareBuffers::kMost + 1));
  EXPECT_EQ(spare.memory(), 0U);
  for (int each = 0; each < 100; ++each) spare.give(buffer_of(1024 * kKiB));
  EXPECT_EQ(spare.memory(), SpareBuffers::kMost);
  SpareBuffers many;
  for (int each = 0; each < 1000; ++each) many.give(buffer_of(SpareBuffers::kSmallest));
  EXPECT_LE(many.memory(), 16 * SpareBuffers::kSmallest) << "so that looking for one takes no time";
}

TEST(SpareBuffers, frees_what_nobody_needed_for_a_while) {
  SpareBuffers spare;
  for (int each = 0; each < 3; ++each) spare.give(buffer_of(100 * kKiB));
  EXPECT_TRUE(spare.free_unused()) << "they have only come";
  // Two of the three are on their way at once.
  for (int each = 0; each < 10; ++each) {
    MessageBuffer one = spare.lend(1);
    MessageBuffer two = spare.lend(1);
    for (MessageBuffer* back : {&one, &two}) {
      spare.settle(back->capacity());
      spare.give(std::move(*back));
    }
  }
  EXPECT_TRUE(spare.free_unused());
  EXPECT_EQ(spare.memory(), 200 * kKiB);
  EXPECT_FALSE(spare.free_unused()) << "nobody needed any";
  EXPECT_EQ(spare.memory(), 0U);
}

// A message that arrives in pieces of `piece` bytes. Returns whether it came out as it went in.
bool receive(Decoder& decoder, std::size_t size, std::size_t piece) {
  std::array<std::uint8_t, kMaxHeaderSize> header;
  const std::size_t header_size = write_frame_header(header, true, 0, Opcode::kBinary, size, MaskingKey{});
  std::vector<std::uint8_t> bytes(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(header_size));
  for (std::size_t index = 0; index < size; ++index) bytes.push_back(static_cast<std::uint8_t>(index * 31 >> 3));
  const std::vector<std::uint8_t> wanted(bytes.begin() + static_cast<std::ptrdiff_t>(header_size), bytes.end());
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::span<std::uint8_t> input = std::span(bytes).subspan(at, std::min(piece, bytes.size() - at));
    const Decoder::Event event = decoder.next(input);
    if (event.kind == Decoder::Event::Kind::kMessage) return std::ranges::equal(event.payload, wanted);
    if (event.kind != Decoder::Event::Kind::kNeedMore) return false;
  }
  return false;
}

TEST(SpareBuffers, go_from_one_message_to_the_next_also_of_another_connection) {
  SpareBuffers spare;
  DecoderLimits limits;
  limits.spare_buffers = &spare;
  Decoder one(Role::kServer, limits);
  Decoder other(Role::kServer, limits);
  const auto end = [](Decoder& decoder) {
    std::span<std::uint8_t> nothing;
    EXPECT_EQ(decoder.next(nothing).kind, Decoder::Event::Kind::kNeedMore);
    EXPECT_EQ(decoder.memory(), 0U);
  };
  EXPECT_TRUE(receive(one, 1 << 20, 50000));
  EXPECT_EQ(spare.memory(), 0U) << "the message is a view of it still";
  end(one);
  EXPECT_EQ(spare.memory(), 1024 * kKiB);
  for (const std::size_t size : {200'000U, 1'000'000U, 70'000U, 1'048'576U}) {
    EXPECT_TRUE(receive(other, size, 30000));
    EXPECT_EQ(spare.memory(), 0U) << "it is used again for " << size;
    end(other);
    EXPECT_EQ(spare.memory(), 1024 * kKiB);
  }
  EXPECT_TRUE(receive(one, 3000, 1000));
  EXPECT_EQ(spare.memory(), 1024 * kKiB) << "a small one has a small buffer";
  end(one);
}

TEST(SpareBuffers, what_is_given_away_with_a_message_does_not_come_back) {
  SpareBuffers spare;
  DecoderLimits limits;
  limits.spare_buffers = &spare;
  Decoder decoder(Role::kServer, limits);
  EXPECT_TRUE(receive(decoder, 300'000, 50000));
  const MessageBuffer taken = decoder.take_message();
  EXPECT_GE(taken.capacity(), 300'000U);
  std::span<std::uint8_t> nothing;
  EXPECT_EQ(decoder.next(nothing).kind, Decoder::Event::Kind::kNeedMore);
  EXPECT_EQ(spare.memory(), 0U);
}

TEST(SpareBuffers, are_not_lent_any_more_when_the_message_is_given_away_or_grows_out_of_them_or_ends_unfinished) {
  SpareBuffers spare;
  DecoderLimits limits;
  limits.spare_buffers = &spare;
  const auto one_is_lent = [&spare] { EXPECT_EQ(spare.lent(), 1024 * kKiB); };
  {
    spare.give(buffer_of(1024 * kKiB));
    Decoder decoder(Role::kServer, limits);
    EXPECT_TRUE(receive(decoder, 900'000, 50000));
    one_is_lent();
    EXPECT_EQ(decoder.take_message().size(), 900'000U);
    EXPECT_EQ(spare.lent(), 0U);
  }
  {
    spare.give(buffer_of(1024 * kKiB));
    Decoder decoder(Role::kServer, limits);
    EXPECT_TRUE(receive(decoder, 200'000, 50000));
    EXPECT_EQ(decoder.take_message().capacity(), 0U) << "what lives on is not five times as large as the message";
    one_is_lent();
    decoder.let_go_of_message();
    EXPECT_EQ(spare.lent(), 0U);
    EXPECT_EQ(spare.memory(), 1024 * kKiB);
    EXPECT_EQ(spare.lend(1).capacity(), 1024 * kKiB);
    spare.settle(1024 * kKiB);
  }
  {
    spare.give(buffer_of(1024 * kKiB));
    Decoder decoder(Role::kServer, limits);
    EXPECT_TRUE(receive(decoder, 3'000'000, 50000));
    EXPECT_EQ(spare.lent(), 0U);
    EXPECT_EQ(spare.memory(), 0U) << "it was moved as it grew";
  }
  {
    spare.give(buffer_of(1024 * kKiB));
    Decoder decoder(Role::kServer, limits);
    std::vector<std::uint8_t> begun(100'000);
    write_frame_header(std::span(begun).first<kMaxHeaderSize>(), true, 0, Opcode::kBinary, 900'000, MaskingKey{});
    std::span<std::uint8_t> input = begun;
    EXPECT_EQ(decoder.next(input).kind, Decoder::Event::Kind::kNeedMore);
    one_is_lent();
    Decoder moved(std::move(decoder));
    one_is_lent();
  }
  EXPECT_EQ(spare.lent(), 0U) << "the connection has gone in the middle";
}

}  // namespace
}  // namespace ws::protocol
