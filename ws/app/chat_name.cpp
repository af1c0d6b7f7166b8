// A query is read strictly here: who is let in by a name that was guessed from a broken escape speaks as somebody else.
#include "ws/app/chat_name.hpp"

#include <algorithm>
#include <optional>

#include "http/header.hpp"
#include "ws/protocol/utf8.hpp"

namespace ws::app {

namespace {

constexpr std::size_t kLongestName = 64;  // in characters, which have at most 4 bytes
constexpr std::size_t kLongestCharacter = 4;

// A name or a value of application/x-www-form-urlencoded. Nothing if an escape is malformed.
std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at] == '+' ? ' ' : text[at];
      continue;
    }
    const int high = at + 1 < text.size() ? http::hex_digit(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? http::hex_digit(text[at + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return decoded;
}

}  // namespace

bool is_chat_name(std::string_view text) {
  if (text.empty() || text.size() > kLongestName * kLongestCharacter) return false;
  std::size_t characters = 0;
  while (!text.empty()) {
    const protocol::Character character = protocol::first_character(text);
    if (character.size == 0 || protocol::must_not_be_shown(character.number)) return false;
    if (++characters > kLongestName) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

QueryUser read_query_user(std::string_view query) {
  QueryUser named;
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (decode(pair.substr(0, equals)) != "user") continue;
    if (!named.user.empty()) return {.refusal = "user is given twice"};
    const auto value = decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!value) return {.refusal = "user has a % that two hexadecimal digits do not follow"};
    if (!is_chat_name(*value)) return {.refusal = "user must be " + std::string(kChatNameRule)};
    named.user = *value;
  }
  return named;
}

}  // namespace ws::app
