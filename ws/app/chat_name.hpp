// Names in /chat, of users and of rooms: 1 to 64 characters of UTF-8, compared byte by byte. What could forge a line of
// a log, or make one name read as another, is no name: control characters, line separators, and what turns the
// direction of writing.
#pragma once

#include <string>
#include <string_view>

namespace ws::app {

// The rule in words, behind `must be `.
inline constexpr std::string_view kChatNameRule =
    "1 to 64 characters, none of which is a control character or turns the direction of writing";

bool is_chat_name(std::string_view text);

// Whom the query of a request names, `user=Alice`. Nobody if `user` is empty; a request with a `refusal`, a sentence,
// deserves a 400.
struct QueryUser {
  std::string user = {};
  std::string refusal = {};
};
QueryUser read_query_user(std::string_view query);

}  // namespace ws::app
