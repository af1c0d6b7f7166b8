// UTF-8 as RFC 3629 defines it, checked as it arrives (RFC 6455 8.1: text that is not UTF-8 fails the connection).
// The validator remembers how an unfinished character may go on, so it fails at the first byte that can start or
// continue no character, however the text was cut. Short ASCII, which is most text, is passed here in a few
// word operations; long stretches go to simdjson in utf8.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace ws::protocol {

class Utf8Validator {
 public:
  // Goes on with the next bytes. False at the first impossible byte; then the text is lost, and the validator may
  // only be reset.
  [[nodiscard]] bool feed(std::span<const std::uint8_t> bytes);

  // True if what was fed does not end within a character.
  bool complete() const { return missing_ == 0; }

  void reset() { *this = Utf8Validator(); }

 private:
  bool feed_byte(std::uint8_t byte);
  bool feed_bytes(std::span<const std::uint8_t> bytes);
  bool feed_lead(std::uint8_t byte);
  bool feed_any(std::span<const std::uint8_t> bytes);

  std::uint8_t missing_ = 0;    // continuation bytes that the unfinished character lacks
  std::uint8_t lowest_ = 0x80;  // the next of them is in lowest_..highest_
  std::uint8_t highest_ = 0xBF;
};

// True if `bytes` is UTF-8 from its first byte to its last.
[[nodiscard]] inline bool is_valid_utf8(std::span<const std::uint8_t> bytes);

// The size of the longest front of `bytes` that is valid UTF-8 and ends between two characters.
std::size_t valid_utf8_prefix(std::span<const std::uint8_t> bytes);

struct Character {
  std::size_t size = 0;  // in bytes; none: they are no UTF-8
  std::uint32_t number = 0;
};
// The character at the front of `text`. REQUIRES: `text` is not empty.
Character first_character(std::string_view text);

// Of what others say, wherever people read it: the control characters C0, DEL and C1, which a terminal may obey; line
// separators; and what turns the direction of writing (Unicode's Bidi_Control), so that a line reads as another.
bool must_not_be_shown(std::uint32_t character);

namespace detail {

inline constexpr std::uint64_t kTopBits = 0x8080808080808080;

inline std::uint64_t word(const std::uint8_t* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

inline std::uint64_t half_word(const std::uint8_t* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

// Up to this size ASCII is looked for here.
inline constexpr std::size_t kMaxShortText = 32;

// True if `bytes`, at most kMaxShortText, are ASCII. Looks at words at both ends, which may overlap.
inline bool is_short_ascii(std::span<const std::uint8_t> bytes) {
  const std::uint8_t* const first = bytes.data();
  const std::uint8_t* const end = first + bytes.size();
  if (bytes.size() >= 16) return ((word(first) | word(first + 8) | word(end - 16) | word(end - 8)) & kTopBits) == 0;
  if (bytes.size() >= 8) return ((word(first) | word(end - 8)) & kTopBits) == 0;
  if (bytes.size() >= 4) return ((half_word(first) | half_word(end - 4)) & kTopBits) == 0;
  return bytes.empty() || (first[0] | first[bytes.size() / 2] | end[-1]) < 0x80;
}

// is_valid_utf8 for what is long or not ASCII.
bool is_valid_any_utf8(std::span<const std::uint8_t> bytes);

}  // namespace detail

inline bool Utf8Validator::feed(std::span<const std::uint8_t> bytes) {
  if (missing_ == 0 && bytes.size() <= detail::kMaxShortText && detail::is_short_ascii(bytes)) return true;
  return feed_any(bytes);
}

inline bool is_valid_utf8(std::span<const std::uint8_t> bytes) {
  if (bytes.size() <= detail::kMaxShortText && detail::is_short_ascii(bytes)) return true;
  return detail::is_valid_any_utf8(bytes);
}

}  // namespace ws::protocol
