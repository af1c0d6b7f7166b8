// Character by character: what may be shown is copied, the rest is written in digits.
#include "ws/app/escape.hpp"

#include <algorithm>
#include <cstdint>

#include "ws/protocol/utf8.hpp"

namespace ws::app {

namespace {

void append_hex(std::string& out, std::string_view prefix, std::uint32_t number, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kDigits[(number >> shift) & 0xF];
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
    const protocol::Character character = protocol::first_character(text.substr(at));
    const std::size_t size = std::max<std::size_t>(character.size, 1);
    if (at + size > limit) break;
    if (character.size == 0) {
      append_hex(out, "\\x", static_cast<std::uint8_t>(text[at]), 2);
    } else if (protocol::must_not_be_shown(character.number)) {
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
