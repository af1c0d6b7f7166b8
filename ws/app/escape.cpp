// Both walk the text byte by byte; UTF-8's longer characters pass as they are, except the C1 control characters
// (U+0080 to U+009F, C2 80 to C2 9F), which a terminal may obey.
#include "ws/app/escape.hpp"

#include <algorithm>
#include <array>

namespace ws::app {

namespace {

void append_hex(std::string& out, std::string_view prefix, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += prefix;
  out += kDigits[byte >> 4];
  out += kDigits[byte & 0xF];
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool is_c1_control(std::string_view text, std::size_t at) {
  return text[at] == '\xC2' && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
}

}  // namespace

std::string escape_for_log(std::string_view text, std::size_t limit) {
  std::size_t end = std::min(text.size(), limit);
  while (end > 0 && end < text.size() && is_continuation(text[end])) --end;
  std::string out;
  for (std::size_t at = 0; at < end; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\\') {
      out += "\\\\";
    } else if (byte < 0x20 || byte == 0x7F) {
      append_hex(out, "\\x", byte);
    } else if (is_c1_control(text, at)) {
      append_hex(out, "\\u00", static_cast<unsigned char>(text[++at]));
    } else {
      out += text[at];
    }
  }
  if (end < text.size()) out += "... (" + std::to_string(text.size()) + " bytes)";
  return out;
}

std::string escape_for_json(std::string_view text) {
  std::string out;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += each;
    } else if (byte < 0x20 || byte == 0x7F) {
      append_hex(out, "\\u00", byte);
    } else {
      out += each;
    }
  }
  return out;
}

}  // namespace ws::app
