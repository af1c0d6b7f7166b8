// Masking of long payloads (RFC 6455 5.3): a word at each end of the payload, and aligned words between, which the
// ends may overlap. Words of 32 bytes where the processor has AVX2, asked while the program runs so that one
// binary serves every x86-64; words of 8 bytes everywhere else.
#include "ws/protocol/mask.hpp"

#include <cassert>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ws::protocol::detail {
namespace {

// How many bytes from `at` to the next address that is a multiple of `alignment`, at least 1.
std::size_t bytes_to_alignment(const std::uint8_t* at, std::size_t alignment) {
  return alignment - std::bit_cast<std::uintptr_t>(at) % alignment;
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) __m256i load_vector(const std::uint8_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(at));
}

__attribute__((target("avx2"))) void store_vector(std::uint8_t* at, __m256i vector) {
  _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(at), vector);
}

__attribute__((target("avx2"))) __m256i mask_vector(MaskingKey key, std::size_t offset) {
  return _mm256_set1_epi64x(std::bit_cast<std::int64_t>(mask_word(key, offset)));
}

__attribute__((target("avx2"))) void mask_long_avx2(std::span<std::uint8_t> bytes, MaskingKey key, std::size_t offset) {
  constexpr std::size_t kVector = sizeof(__m256i);
  // 1. The ends are read before anything is written, and written when the middle is done.
  std::uint8_t* const last_at = bytes.data() + bytes.size() - kVector;
  const __m256i first = _mm256_xor_si256(load_vector(bytes.data()), mask_vector(key, offset));
  const __m256i last = _mm256_xor_si256(load_vector(last_at), mask_vector(key, offset + bytes.size() - kVector));

  // 2. The middle, from the first aligned address as far as whole vectors go.
  const std::size_t skipped = bytes_to_alignment(bytes.data(), kVector);
  const __m256i middle = mask_vector(key, offset + skipped);
  std::uint8_t* at = bytes.data() + skipped;
  // Written out: the compiler does not unroll a loop of its own accord at -O2, and half of the time would go to
  // counting.
  for (; at + 4 * kVector <= last_at + kVector; at += 4 * kVector) {
    store_vector(at, _mm256_xor_si256(load_vector(at), middle));
    store_vector(at + kVector, _mm256_xor_si256(load_vector(at + kVector), middle));
    store_vector(at + 2 * kVector, _mm256_xor_si256(load_vector(at + 2 * kVector), middle));
    store_vector(at + 3 * kVector, _mm256_xor_si256(load_vector(at + 3 * kVector), middle));
  }
  for (; at + kVector <= last_at + kVector; at += kVector) {
    store_vector(at, _mm256_xor_si256(load_vector(at), middle));
  }

  // 3. The ends, over bytes that the middle has perhaps written already, with the same values.
  store_vector(bytes.data(), first);
  store_vector(last_at, last);
}

#endif

}  // namespace

void mask_long_portable(std::span<std::uint8_t> bytes, MaskingKey key, std::size_t offset) {
  assert(bytes.size() > kMaxShortMask);
  using Word = std::uint64_t;
  std::uint8_t* const last_at = bytes.data() + bytes.size() - sizeof(Word);
  const Word first = load_word<Word>(bytes.data()) ^ mask_word(key, offset);
  const Word last = load_word<Word>(last_at) ^ mask_word(key, offset + bytes.size() - sizeof(Word));

  const std::size_t skipped = bytes_to_alignment(bytes.data(), sizeof(Word));
  const Word middle = mask_word(key, offset + skipped);
  for (std::uint8_t* at = bytes.data() + skipped; at < last_at; at += sizeof(Word)) {
    store_word(at, load_word<Word>(at) ^ middle);
  }
  store_word(bytes.data(), first);
  store_word(last_at, last);
}

void mask_long(std::span<std::uint8_t> bytes, MaskingKey key, std::size_t offset) {
  assert(bytes.size() > kMaxShortMask);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return mask_long_avx2(bytes, key, offset);
#endif
  mask_long_portable(bytes, key, offset);
}

}  // namespace ws::protocol::detail
