// Other people's text in our log: what a peer sends must not move the cursor, forge a line, or fill the disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ws::app {

inline constexpr std::size_t kLongestLogged = 256;

// Control characters (C0, DEL, C1) as \n, \t or \xNN, the backslash doubled; cut behind `limit` bytes, between two
// characters, with a note of how long the text was. REQUIRES: `text` is UTF-8.
std::string escape_for_log(std::string_view text, std::size_t limit = kLongestLogged);

// `text` inside a JSON string, without its quotes (RFC 8259 7).
std::string escape_for_json(std::string_view text);

}  // namespace ws::app
