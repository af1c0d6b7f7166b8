// Character by character: what may be shown is copied, the rest is written in digits.
#include "ws/app/escape.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

#include "ws/protocol/utf8.hpp"

namespace ws::app {

namespace {

constexpr std::size_t kLongestCharacter = 4;

void append_hex(std::string& out, std::string_view prefix, std::uint32_t number, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kDigits[(number >> shift) & 0xF];
}

// The character at the front of `text`: how many bytes it has (none if they are no UTF-8) and its number.
struct Character {
  std::size_t size = 0;
  std::uint32_t number = 0;
};
Character first_character(std::string_view text) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  if (bytes[0] < 0x80) return {.size = 1, .number = bytes[0]};
  for (std::size_t size = 2; size <= std::min(kLongestCharacter, text.size()); ++size) {
    if (!protocol::is_valid_utf8(bytes.first(size))) continue;
    std::uint32_t number = bytes[0] & (0x7FU >> size);
    for (const std::uint8_t byte : bytes.subspan(1, size - 1)) number = number << 6 | (byte & 0x3FU);
    return {.size = size, .number = number};
  }
  return {};
}

void append_escaped(std::string& out, std::uint32_t number) {
  switch (number) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (number < 0x80) return append_hex(out, "\\x", number, 2);
  append_hex(out, "\\u", number, 4);
}

std::string show(std::string_view text, std::size_t limit, bool double_backslash) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const Character character = first_character(text.substr(at));
    const std::size_t size = std::max<std::size_t>(character.size, 1);
    if (at + size > limit) break;
    if (character.size == 0) {
      append_hex(out, "\\x", static_cast<std::uint8_t>(text[at]), 2);
    } else if (must_not_be_shown(character.number)) {
      append_escaped(out, character.number);
    } else {
      if (double_backslash && character.number == '\\') out += '\\';
      out += text.substr(at, size);
    }
    at += size;
  }
  if (at < text.size()) out += "... (" + std::to_string(text.size()) + " bytes)";
  return out;
}

}  // namespace

bool must_not_be_shown(std::uint32_t number) {
  return number < 0x20 || (number >= 0x7F && number < 0xA0) || number == 0x061C || number == 0x200E ||
         number == 0x200F || (number >= 0x2028 && number <= 0x202E) || (number >= 0x2066 && number <= 0x2069);
}

std::string escape_for_log(std::string_view text, std::size_t limit) { return show(text, limit, true); }

std::string printable(std::string_view line, std::size_t limit) { return show(line, limit, false); }

std::string escape_for_json(std::string_view text) {
  std::string out;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += each;
    } else if (byte < 0x20 || byte == 0x7F) {
      append_hex(out, "\\u", byte, 4);
    } else {
      out += each;
    }
  }
  return out;
}

}  // namespace ws::app
