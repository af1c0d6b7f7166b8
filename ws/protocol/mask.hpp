// Masking, RFC 6455 5.3: byte i of the payload is XORed with byte i % 4 of the key. The same call
// masks and unmasks. Small payloads are done here in a few word operations, so that they cost less
// than a call; long ones in mask.cpp, 32 bytes at a time where the machine can. No byte outside
// `bytes` is read or written.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "ws/protocol/frame.hpp"

namespace ws::protocol {

// XORs `bytes` with `key`. `offset` is the position of bytes[0] in the payload, so that a payload
// that arrives in pieces is unmasked piece by piece.
inline void apply_mask(std::span<std::uint8_t> bytes, MaskingKey key, std::size_t offset);

namespace detail {

// The key as it lies in memory at position `offset` of the payload, twice.
inline std::uint64_t mask_word(MaskingKey key, std::size_t offset) {
  const auto once = std::bit_cast<std::uint32_t>(key);
  const std::uint64_t twice = std::uint64_t{once} << 32 | once;
  const int bits = static_cast<int>(offset % 4) * 8;
  return std::endian::native == std::endian::little ? std::rotr(twice, bits) : std::rotl(twice, bits);
}

// The byte of the key for position `offset`. Taken from a number and not from the array, so that the key can stay
// in a register.
inline std::uint8_t mask_byte(MaskingKey key, std::size_t offset) {
  const std::uint64_t word = mask_word(key, offset);
  return static_cast<std::uint8_t>(std::endian::native == std::endian::little ? word : word >> 56);
}

// A word at any address.
template <typename Word>
Word load_word(const std::uint8_t* at) {
  Word word;
  std::memcpy(&word, at, sizeof(Word));
  return word;
}

template <typename Word>
void store_word(std::uint8_t* at, Word word) {
  std::memcpy(at, &word, sizeof(Word));
}

// XORs the first and the last word of `bytes`, which has between one and two words' size, and returns the OR of
// the results. Where the words overlap both write the same, since both are read before either is written.
template <typename Word>
[[gnu::always_inline]] inline Word mask_ends(std::span<std::uint8_t> bytes, MaskingKey key, std::size_t offset) {
  std::uint8_t* const last_at = bytes.data() + bytes.size() - sizeof(Word);
  const auto last_key = static_cast<Word>(mask_word(key, offset + bytes.size() - sizeof(Word)));
  const Word first = load_word<Word>(bytes.data()) ^ static_cast<Word>(mask_word(key, offset));
  const Word last = load_word<Word>(last_at) ^ last_key;
  store_word(bytes.data(), first);
  store_word(last_at, last);
  return first | last;
}

// As mask_ends, for 16 to 32 bytes: the first two words and the last two.
[[gnu::always_inline]] inline std::uint64_t mask_double_ends(std::span<std::uint8_t> bytes, MaskingKey key,
                                                             std::size_t offset) {
  using Word = std::uint64_t;
  std::uint8_t* const first = bytes.data();
  std::uint8_t* const last = bytes.data() + bytes.size() - 2 * sizeof(Word);
  const Word first_key = mask_word(key, offset);
  const Word last_key = mask_word(key, offset + bytes.size());  // as two words before: a word is two keys
  const Word words[] = {load_word<Word>(first) ^ first_key, load_word<Word>(first + sizeof(Word)) ^ first_key,
                        load_word<Word>(last) ^ last_key, load_word<Word>(last + sizeof(Word)) ^ last_key};
  std::memcpy(first, &words[0], 2 * sizeof(Word));
  std::memcpy(last, &words[2], 2 * sizeof(Word));
  return words[0] | words[1] | words[2] | words[3];
}

inline constexpr std::size_t kMaxShortMask = 32;

// For at most kMaxShortMask bytes. Returns the OR of words that hold all the resulting bytes: who looks for
// ASCII need not read them again.
[[gnu::always_inline]] inline std::uint64_t mask_short(std::span<std::uint8_t> bytes, MaskingKey key,
                                                       std::size_t offset) {
  if (bytes.size() >= 16) return mask_double_ends(bytes, key, offset);
  if (bytes.size() >= 8) return mask_ends<std::uint64_t>(bytes, key, offset);
  if (bytes.size() >= 4) return mask_ends<std::uint32_t>(bytes, key, offset);
  std::uint64_t seen = 0;
  for (std::uint8_t& byte : bytes) {
    byte ^= mask_byte(key, offset++);
    seen |= byte;
  }
  return seen;
}

// For more than kMaxShortMask bytes.
void mask_long(std::span<std::uint8_t> bytes, MaskingKey key, std::size_t offset);

// mask_long without the instructions that only some machines have; on those without, the same.
void mask_long_portable(std::span<std::uint8_t> bytes, MaskingKey key, std::size_t offset);

}  // namespace detail

inline void apply_mask(std::span<std::uint8_t> bytes, MaskingKey key, std::size_t offset) {
  if (bytes.size() > detail::kMaxShortMask) return detail::mask_long(bytes, key, offset);
  detail::mask_short(bytes, key, offset);
}

}  // namespace ws::protocol
