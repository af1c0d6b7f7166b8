// Masking (RFC 6455 5.3) against its definition, byte i XOR key[i % 4], at every size, alignment and
// place in the payload, with no byte touched outside.
#include "ws/protocol/mask.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/ws/protocol/bytes.hpp"

namespace ws::protocol {
namespace {

using test::Bytes;
using test::hex;

constexpr MaskingKey kFourKinds = {0x01, 0x80, 0xFF, 0x5A};

Bytes slowly_masked(Bytes bytes, MaskingKey key, std::size_t offset) {
  for (std::size_t index = 0; index < bytes.size(); ++index) bytes[index] ^= key[(offset + index) % 4];
  return bytes;
}

Bytes counted(std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{7});
  return bytes;
}

using Function = void (*)(std::span<std::uint8_t>, MaskingKey, std::size_t);

// Masks `size` bytes that lie `behind` bytes before the guard, and looks at what lies around them.
void expect_masked(Function function, const test::GuardedMemory& memory, std::size_t size, std::size_t behind,
                   std::size_t offset) {
  const Bytes before = counted(64 + size + behind);
  const auto all = memory.put(before);
  function(all.subspan(64, size), kFourKinds, offset);
  Bytes wanted(before.begin() + 64, before.begin() + 64 + static_cast<std::ptrdiff_t>(size));
  wanted = slowly_masked(wanted, kFourKinds, offset);
  ASSERT_TRUE(std::equal(wanted.begin(), wanted.end(), all.begin() + 64)) << size << " bytes, offset " << offset;
  ASSERT_TRUE(std::equal(all.begin(), all.begin() + 64, before.begin())) << size << " bytes: wrote in front";
  ASSERT_TRUE(std::equal(all.end() - static_cast<std::ptrdiff_t>(behind), all.end(),
                         before.end() - static_cast<std::ptrdiff_t>(behind)))
      << size << " bytes: wrote behind";
}

TEST(ApplyMask, is_its_definition_at_every_size_alignment_and_offset) {
  const test::GuardedMemory memory(1024);
  for (std::size_t size = 0; size <= 300; ++size) {
    for (std::size_t behind = 0; behind < 33; behind += size < 70 ? 1 : 5) {
      for (std::size_t offset = 0; offset < 5; ++offset) expect_masked(apply_mask, memory, size, behind, offset);
    }
  }
}

TEST(ApplyMask, is_its_definition_on_machines_without_wide_words) {
  const test::GuardedMemory memory(1024);
  for (std::size_t size = 33; size <= 300; ++size) {
    for (std::size_t behind = 0; behind < 9; ++behind) {
      for (std::size_t offset = 0; offset < 5; ++offset) {
        expect_masked(detail::mask_long_portable, memory, size, behind, offset);
      }
    }
  }
}

TEST(ApplyMask, is_its_definition_for_long_payloads) {
  const test::GuardedMemory memory(1 << 20);
  for (const std::size_t size : {4095UL, 4096UL, 4097UL, 65535UL, 65537UL, 1000003UL}) {
    expect_masked(apply_mask, memory, size, size % 7, size % 4);
    expect_masked(detail::mask_long_portable, memory, size, size % 7, size % 4);
  }
}

TEST(ApplyMask, gives_the_same_in_two_pieces_as_in_one) {
  const Bytes payload = counted(150);
  const Bytes wanted = slowly_masked(payload, kFourKinds, 0);
  for (std::size_t cut = 0; cut <= payload.size(); ++cut) {
    Bytes bytes = payload;
    apply_mask(std::span(bytes).first(cut), kFourKinds, 0);
    apply_mask(std::span(bytes).subspan(cut), kFourKinds, cut);
    EXPECT_EQ(bytes, wanted) << "cut at " << cut;
  }
}

TEST(ApplyMask, offsets_may_be_as_large_as_a_payload) {
  Bytes bytes = counted(40);
  apply_mask(bytes, kFourKinds, (1ULL << 63) - 3);
  EXPECT_EQ(bytes, slowly_masked(counted(40), kFourKinds, (1ULL << 63) - 3));
}

TEST(ApplyMask, masks_the_hello_of_the_rfc) {
  // RFC 6455 5.7: "a single-frame masked text message".
  Bytes bytes = hex("7f 9f 4d 51 58");
  apply_mask(bytes, test::kKey, 0);
  EXPECT_EQ(bytes, test::text("Hello"));
}

TEST(MaskShort, tells_whether_a_byte_of_the_result_has_its_top_bit) {
  for (std::size_t size = 1; size <= detail::kMaxShortMask; ++size) {
    for (std::size_t place = 0; place <= size; ++place) {
      Bytes bytes(size, 'a');
      if (place < size) bytes[place] = 0xC3;
      apply_mask(bytes, kFourKinds, 0);
      const bool seen = (detail::mask_short(bytes, kFourKinds, 0) & 0x8080808080808080) != 0;
      EXPECT_EQ(seen, place < size) << size << " bytes, at " << place;
    }
  }
}

}  // namespace
}  // namespace ws::protocol
