// Other people's text in our log: what a peer sends must not move the cursor, forge a line, or fill the disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ws::app {

inline constexpr std::size_t kLongestLogged = 256;
inline constexpr std::size_t kLongestLine = 2048;

// What a peer said: as printable() has it, and the backslash doubled, so that the text can be told from our escapes.
std::string escape_for_log(std::string_view text, std::size_t limit = kLongestLogged);

// Any line before it is logged, whoever's words are in it: control characters and the like (must_not_be_shown()) as \n,
// \t, \x1b or \u202e, what is no UTF-8 as \xNN; cut behind `limit` bytes, between two characters, with a note of how
// long it was.
std::string printable(std::string_view line, std::size_t limit = kLongestLine);

// `text` inside a JSON string, without its quotes (RFC 8259 7). REQUIRES: `text` is UTF-8.
std::string escape_for_json(std::string_view text);

}  // namespace ws::app
