// One header field of a request or response, and the grammar of its parts (RFC 9110 5.5 and 5.6): tokens, values,
// comma-separated lists. Every function walks its text once, from left to right.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace http {

// Views of the head that it came in. The value is without the spaces around it.
struct Header {
  std::string_view name = {};
  std::string_view value = {};
};

namespace detail {

inline constexpr std::uint8_t kInToken = 1;
inline constexpr std::uint8_t kInValue = 2;

constexpr std::array<std::uint8_t, 256> make_character_table() {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    const bool alphanumeric =
        (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
    if (alphanumeric) table[byte] |= kInToken;
    if (byte == '\t' || (byte >= ' ' && byte != 0x7F)) table[byte] |= kInValue;
  }
  for (const char mark : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(mark)] |= kInToken;
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharacterTable = make_character_table();

}  // namespace detail

// RFC 9110 5.6.2: what names of fields and methods are made of.
inline bool is_token_character(char character) {
  return (detail::kCharacterTable[static_cast<unsigned char>(character)] & detail::kInToken) != 0;
}
bool is_token(std::string_view text);

// RFC 9110 5.5: visible characters, spaces, tabs and bytes above 127; no control character, so no line break.
inline bool is_value_character(char character) {
  return (detail::kCharacterTable[static_cast<unsigned char>(character)] & detail::kInValue) != 0;
}
bool is_field_value(std::string_view text);

// ASCII letters match whatever their case; nothing else folds.
// Most names differ in length already, and a handshake compares sixty.
bool same_letters(std::string_view left, std::string_view right);  // REQUIRES: of one length
inline bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && same_letters(left, right);
}

// Without the spaces and tabs around it.
std::string_view trim(std::string_view text);

// Whether `token` is an element of the comma-separated `list`: "notclose" does not contain "close".
bool list_contains(std::string_view list, std::string_view token);

// Whether any field called `name` is a list that contains `token`.
bool any_list_contains(std::span<const Header> headers, std::string_view name, std::string_view token);

// The value of the first field called `name`.
std::optional<std::string_view> find_header(std::span<const Header> headers, std::string_view name);

// The value of a hexadecimal digit, or -1.
int hex_digit(char digit);

}  // namespace http
