// The UTF-8 validator (RFC 3629, RFC 6455 8.1) against a slow twin, which asks of every front of a text whether any
// character could go on like that. The validator must say no at exactly the first byte where the twin does, however
// the text is cut.
#include "ws/protocol/utf8.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <random>
#include <string>

#include "tests/ws/protocol/bytes.hpp"

namespace ws::protocol {
namespace {

using namespace test;  // bytes.hpp

Bytes encoded(std::uint32_t code_point) {
  const auto byte = [](std::uint32_t value) { return static_cast<std::uint8_t>(value); };
  const auto next = [&](int shift) { return byte(0x80 | (code_point >> shift & 0x3F)); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xC0 | code_point >> 6), next(0)};
  if (code_point < 0x10000) return {byte(0xE0 | code_point >> 12), next(6), next(0)};
  return {byte(0xF0 | code_point >> 18), next(12), next(6), next(0)};
}

// True if the encoding of some character starts with `start`: between what it would be with the lowest and the
// highest bytes behind `start` there is a code point that needs this many bytes and is no surrogate.
bool starts_a_character(std::span<const std::uint8_t> start) {
  const unsigned lead = start[0];
  if (lead < 0x80) return start.size() == 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC0 || lead > 0xF7 || start.size() > size) return false;
  std::uint32_t lowest = size == 2 ? lead & 0x1F : size == 3 ? lead & 0xF : lead & 0x7;
  std::uint32_t highest = lowest;
  for (std::size_t index = 1; index < size; ++index) {
    if (index < start.size() && start[index] >> 6 != 2) return false;
    lowest = lowest << 6 | (index < start.size() ? start[index] & 0x3F : 0U);
    highest = highest << 6 | (index < start.size() ? start[index] & 0x3F : 0x3FU);
  }
  const std::uint32_t first = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  const std::uint32_t last = size == 2 ? 0x7FF : size == 3 ? 0xFFFF : 0x10FFFF;
  const bool all_surrogates = lowest >= 0xD800 && highest <= 0xDFFF;
  return highest >= first && lowest <= last && !all_surrogates;
}

struct Verdict {
  std::size_t valid = 0;  // how many bytes can be the front of a text
  bool complete = true;   // and end between two characters
};

Verdict slow_verdict(std::span<const std::uint8_t> bytes) {
  Verdict verdict;
  std::size_t start = 0;
  while (verdict.valid < bytes.size()) {
    const auto character = bytes.subspan(start, verdict.valid + 1 - start);
    if (!starts_a_character(character)) return verdict;
    ++verdict.valid;
    const unsigned lead = character[0];
    verdict.complete = character.size() == (lead < 0x80 ? 1U : lead < 0xE0 ? 2U : lead < 0xF0 ? 3U : 4U);
    if (verdict.complete) start = verdict.valid;
  }
  return verdict;
}

// Feeds `bytes` in two pieces (and the first alone), from memory that ends with them.
void expect_agreement(std::span<const std::uint8_t> bytes, std::size_t cut) {
  static const GuardedMemory kMemory(1024);
  const Verdict verdict = slow_verdict(bytes);
  Utf8Validator validator;
  const bool first = validator.feed(kMemory.put(bytes.first(cut)));
  ASSERT_EQ(first, verdict.valid >= cut) << ::testing::PrintToString(Bytes(bytes.begin(), bytes.end())) << " at "
                                         << cut;
  if (!first) return;
  const bool second = validator.feed(kMemory.put(bytes.subspan(cut)));
  ASSERT_EQ(second, verdict.valid == bytes.size())
      << ::testing::PrintToString(Bytes(bytes.begin(), bytes.end())) << " at " << cut;
  if (second) {
    ASSERT_EQ(validator.complete(), verdict.complete);
  }
}

void expect_agreement_at_every_cut(std::span<const std::uint8_t> bytes) {
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) expect_agreement(bytes, cut);
  const Verdict verdict = slow_verdict(bytes);
  const bool valid = verdict.valid == bytes.size() && verdict.complete;
  ASSERT_EQ(is_valid_utf8(bytes), valid);
  Utf8Validator validator;
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    ASSERT_EQ(validator.feed(bytes.subspan(index, 1)), index < verdict.valid) << "byte " << index;
    if (index >= verdict.valid) break;
  }
}

TEST(Utf8, every_character_is_valid_and_every_front_of_it_unfinished) {
  for (std::uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    const Bytes bytes = encoded(code_point);
    ASSERT_TRUE(is_valid_utf8(bytes)) << std::hex << code_point;
    Utf8Validator validator;
    for (std::size_t index = 0; index < bytes.size(); ++index) {
      ASSERT_TRUE(validator.feed(std::span(bytes).subspan(index, 1))) << std::hex << code_point;
      ASSERT_EQ(validator.complete(), index + 1 == bytes.size()) << std::hex << code_point;
    }
  }
}

TEST(Utf8, fails_at_the_first_byte_that_starts_no_character) {
  // Where the table of RFC 3629 section 4 changes its mind, and one on either side; all sequences of four of them.
  const Bytes edges = hex("00 7F 80 8F 90 9F A0 BF C0 C1 C2 DF E0 E1 EC ED EE EF F0 F1 F3 F4 F5 F8 FF");
  for (const std::uint8_t a : edges) {
    for (const std::uint8_t b : edges) {
      for (const std::uint8_t c : edges) {
        for (const std::uint8_t d : edges) {
          const std::uint8_t bytes[] = {a, b, c, d};
          const Verdict verdict = slow_verdict(bytes);
          Utf8Validator validator;
          std::size_t valid = 0;
          while (valid < 4 && validator.feed(std::span(bytes).subspan(valid, 1))) ++valid;
          ASSERT_EQ(valid, verdict.valid) << ::testing::PrintToString(bytes);
          ASSERT_EQ(is_valid_utf8(bytes), valid == 4 && verdict.complete) << ::testing::PrintToString(bytes);
          if (valid == 4) {
            ASSERT_EQ(validator.complete(), verdict.complete) << ::testing::PrintToString(bytes);
          }
        }
      }
    }
  }
}

TEST(Utf8, fails_where_the_autobahn_cases_want_it) {
  const struct {
    const char* name;
    Bytes bytes;
    std::size_t valid;
  } rows[] = {
      {"6.4: beyond 10FFFF is known at the second byte", hex("F4 90 80 80"), 1},
      {"6.4: after text", hex("CE BA E1 BD B9 CF 83 CE BC CE B5 F4 90 80 80 65"), 12},
      {"a surrogate is known at the second byte", hex("ED A0 80"), 1},
      {"an overlong form of two bytes is known at once", hex("C0 80"), 0},
      {"C1 too", hex("C1 BF"), 0},
      {"an overlong form of three bytes", hex("E0 80 80"), 1},
      {"an overlong form of four bytes", hex("F0 80 80 80"), 1},
      {"leads of five bytes and more", hex("F5 80 80 80"), 0},
      {"F8", hex("F8 88 80 80 80"), 0},
      {"FE", hex("FE"), 0},
      {"FF", hex("FF"), 0},
      {"a continuation of nothing", hex("61 80"), 1},
      {"a lead where a continuation belongs", hex("C3 C3"), 1},
      {"ASCII where a continuation belongs", hex("E2 82 41"), 2},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(slow_verdict(row.bytes).valid, row.valid) << row.name;
    // Also in the middle of a text that is long enough for the wide paths.
    for (const std::size_t around : {0UL, 5UL, 40UL, 300UL}) {
      const Bytes ascii = hex("61") * around;
      expect_agreement_at_every_cut(ascii + row.bytes + ascii);
    }
  }
}

TEST(Utf8, the_byte_order_mark_and_the_zero_are_characters) {
  EXPECT_TRUE(is_valid_utf8(hex("EF BB BF 61")));
  EXPECT_TRUE(is_valid_utf8(hex("00 61 00")));
  EXPECT_TRUE(is_valid_utf8(hex("EF BF BF")));     // U+FFFF is no character of Unicode but is UTF-8
  EXPECT_TRUE(is_valid_utf8(hex("F4 8F BF BF")));  // the last there is
}

TEST(Utf8, is_judged_alike_at_every_size_and_every_cut) {
  std::mt19937 random(20111202);
  const Bytes alphabet[] = {hex("61"), hex("C3 A9"), hex("E2 82 AC"), hex("F0 9F 98 80"), hex("7F"), hex("ED 9F BF")};
  for (std::size_t size = 0; size <= 300; size += size < 80 ? 1 : 11) {
    for (int kind = 0; kind < 4; ++kind) {
      Bytes bytes;  // of kind 0: ASCII; 1: all sorts; 2 and 3: with a broken byte
      while (bytes.size() < size) bytes = bytes + (kind == 0 ? alphabet[0] : alphabet[random() % 6]);
      bytes.resize(size);
      if (kind >= 2 && size > 0) bytes[random() % size] = static_cast<std::uint8_t>(random());
      expect_agreement_at_every_cut(bytes);
    }
  }
}

TEST(Utf8, a_reset_validator_forgets) {
  Utf8Validator validator;
  EXPECT_TRUE(validator.feed(hex("E2 82")));
  EXPECT_FALSE(validator.complete());
  validator.reset();
  EXPECT_TRUE(validator.complete());
  EXPECT_TRUE(validator.feed(hex("61")));
}

TEST(Utf8, the_state_of_a_validator_is_small) { EXPECT_LE(sizeof(Utf8Validator), 8U); }

TEST(FirstCharacter, is_read_where_it_is_utf8) {
  const struct {
    std::string text;
    std::size_t size;
    std::uint32_t number;
  } rows[] = {
      {"a", 1, 'a'},
      {std::string(1, '\0'), 1, 0},
      {"\u00e9x", 2, 0xE9},
      {"\u20ac\u20ac", 3, 0x20AC},
      {"\U0001F600", 4, 0x1F600},
      {"\U0010FFFF", 4, 0x10FFFF},
      {"\xE2\x82", 0, 0},          // half of one
      {"\x80", 0, 0},              // the middle of one
      {"\xC0\x8A", 0, 0},          // written too long
      {"\xED\xA0\x80", 0, 0},      // a surrogate
      {"\xF4\x90\x80\x80", 0, 0},  // behind the last
      {"\xFF", 0, 0},
  };
  for (const auto& row : rows) {
    const Character character = first_character(row.text);
    EXPECT_EQ(character.size, row.size) << testing::PrintToString(row.text);
    EXPECT_EQ(character.number, row.number) << testing::PrintToString(row.text);
  }
}

TEST(WhatMustNotBeShown, is_control_characters_line_separators_and_what_turns_the_direction) {
  const struct {
    std::uint32_t first;
    std::uint32_t last;
  } rows[] = {{0, 0x1F}, {0x7F, 0x9F}, {0x61C, 0x61C}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}};
  for (std::uint32_t number = 0; number <= 0x10FFFF; ++number) {
    const bool wanted = std::any_of(std::begin(rows), std::end(rows),
                                    [&](const auto& row) { return number >= row.first && number <= row.last; });
    if (must_not_be_shown(number) != wanted) ADD_FAILURE() << number;
  }
}

TEST(ValidUtf8Prefix, ends_between_two_characters) {
  EXPECT_EQ(valid_utf8_prefix({}), 0U);
  EXPECT_EQ(valid_utf8_prefix(hex("61 62")), 2U);
  EXPECT_EQ(valid_utf8_prefix(hex("61 E2 82 AC")), 4U);
  EXPECT_EQ(valid_utf8_prefix(hex("61 E2 82")), 1U);
  EXPECT_EQ(valid_utf8_prefix(hex("61 FF 62")), 1U);
  EXPECT_EQ(valid_utf8_prefix(hex("ED A0 80")), 0U);
}

}  // namespace
}  // namespace ws::protocol
