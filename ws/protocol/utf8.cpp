// The slow and the long way of the UTF-8 validator. Slow: byte by byte, by RFC 3629 section 4's table of which bytes
// may follow which. Long: simdjson checks all but the character in whose middle the piece ends; that one is left
// to the slow way.
#include "ws/protocol/utf8.hpp"

#include <simdjson.h>

namespace ws::protocol {
namespace {

// From this size on a call into simdjson costs less than going byte by byte.
constexpr std::size_t kLong = 16;

// Up to this size looking for ASCII costs less than a call into simdjson; it is done a block at a time.
constexpr std::size_t kTryAscii = 256;
constexpr std::size_t kBlock = 32;

std::uint64_t any_of_block(const std::uint8_t* at) {
  return (detail::word(at) | detail::word(at + 8)) | (detail::word(at + 16) | detail::word(at + 24));
}

// True if `bytes`, more than a block, are ASCII. Looks at all of them: to ask after each block would cost more.
bool is_ascii(std::span<const std::uint8_t> bytes) {
  const std::uint8_t* const last = bytes.data() + bytes.size() - kBlock;
  std::uint64_t any = any_of_block(last);
  for (const std::uint8_t* at = bytes.data(); at < last; at += kBlock) any |= any_of_block(at);
  return (any & detail::kTopBits) == 0;
}

// How many bytes a character has that starts with `lead`; 1 for what starts none.
std::size_t character_size(std::uint8_t lead) {
  if (lead < 0xC0) return 1;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

// How many bytes at the end of `bytes` belong to a character that goes on behind them: 0 to 3.
std::size_t unfinished_tail(std::span<const std::uint8_t> bytes) {
  for (std::size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    const std::uint8_t byte = bytes[bytes.size() - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) return character_size(byte) > back ? back : 0;
  }
  return 0;
}

}  // namespace

// RFC 3629 4: C0, C1 and F5 to FF are in no character. The byte after E0, ED, F0 and F4 is limited further:
// else the character would be written longer than it needs, be a surrogate (D800 to DFFF) or be
// beyond 10FFFF.
bool Utf8Validator::feed_lead(std::uint8_t byte) {
  if (byte < 0x80) return true;
  if (byte < 0xC2 || byte > 0xF4) return false;
  missing_ = static_cast<std::uint8_t>(character_size(byte) - 1);
  lowest_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
  highest_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
  return true;
}

bool Utf8Validator::feed_byte(std::uint8_t byte) {
  if (missing_ == 0) return feed_lead(byte);
  if (byte < lowest_ || byte > highest_) return false;
  --missing_;
  lowest_ = 0x80;
  highest_ = 0xBF;
  return true;
}

bool Utf8Validator::feed_bytes(std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) {
    if (!feed_byte(byte)) return false;
  }
  return true;
}

bool Utf8Validator::feed_any(std::span<const std::uint8_t> bytes) {
  // The character that the last piece ended in.
  while (missing_ > 0 && !bytes.empty()) {
    if (!feed_byte(bytes.front())) return false;
    bytes = bytes.subspan(1);
  }
  if (bytes.size() < kLong) return feed_bytes(bytes);
  const std::size_t tail = unfinished_tail(bytes);
  return is_valid_utf8(bytes.first(bytes.size() - tail)) && feed_bytes(bytes.last(tail));
}

std::size_t valid_utf8_prefix(std::span<const std::uint8_t> bytes) {
  Utf8Validator validator;
  std::size_t prefix = 0;
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    if (!validator.feed(bytes.subspan(index, 1))) break;
    if (validator.complete()) prefix = index + 1;
  }
  return prefix;
}

Character first_character(std::string_view text) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  const std::size_t size = character_size(bytes[0]);
  if (size > bytes.size() || !is_valid_utf8(bytes.first(size))) return {};
  // The lead's bits below those that say how many bytes there are, then six of each byte.
  std::uint32_t number = size == 1 ? bytes[0] : bytes[0] & (0x7FU >> size);
  for (const std::uint8_t byte : bytes.subspan(1, size - 1)) number = number << 6 | (byte & 0x3FU);
  return {.size = size, .number = number};
}

bool must_not_be_shown(std::uint32_t character) {
  const auto between = [character](std::uint32_t first, std::uint32_t last) {
    return character >= first && character <= last;
  };
  return character < 0x20 || between(0x7F, 0x9F) || character == 0x061C || between(0x200E, 0x200F) ||
         between(0x2028, 0x202E) || between(0x2066, 0x2069);
}

bool detail::is_valid_any_utf8(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kLong) {
    Utf8Validator validator;
    return validator.feed(bytes) && validator.complete();
  }
  if (bytes.size() > kBlock && bytes.size() <= kTryAscii && is_ascii(bytes)) return true;
  return simdjson::validate_utf8(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace ws::protocol
