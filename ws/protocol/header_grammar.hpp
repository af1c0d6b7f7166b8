// The grammar of HTTP header values as far as the WebSocket handshake needs it: tokens and
// comma-separated lists (RFC 9110 5.6), extension offers (RFC 6455 9.1). Every function walks its
// input once from left to right, so hostile values cost no more than honest ones, and lists are limited.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ws::protocol {

// One header field. Views of the bytes of the request or response.
struct Field {
  std::string_view name = {};
  std::string_view value = {};
};

struct ExtensionParameter {
  std::string name;
  std::optional<std::string> value = {};
};

// One extension as offered or accepted: `permessage-deflate; client_max_window_bits`.
struct Extension {
  std::string name;
  std::vector<ExtensionParameter> parameters = {};
};

// More elements than this in a list of subprotocols, or extensions with their parameters counted, is
// refused as malformed: no honest peer comes near.
inline constexpr std::size_t kMaxListElements = 64;

// RFC 9110 5.6.2: one or more of the characters that need no quotes.
bool is_token(std::string_view text);

// ASCII letters match whatever their case; nothing else folds.
// Most names differ in length already, and a handshake compares sixty.
bool same_letters(std::string_view left, std::string_view right);  // REQUIRES: of one length
inline bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && same_letters(left, right);
}

// Without the spaces and tabs around it (RFC 9110 5.6.3).
std::string_view trim(std::string_view text);

// True if the comma-separated `list` has `token` as an element, whatever its case. "notwebsocket" and
// "web socket" do not contain "websocket".
bool list_contains(std::string_view list, std::string_view token);

// True if any field called `name` is a list that contains `token`.
bool any_list_contains(std::span<const Field> fields, std::string_view name, std::string_view token);

// How many fields are called `name`, and the trimmed value of the first.
struct FieldMatch {
  std::size_t count = 0;
  std::string_view value = {};
};
FieldMatch find_field(std::span<const Field> fields, std::string_view name);

// Appends the tokens of `list` to `tokens` as views. False if an element is no token, if there is none, or if there
// are too many in all. RFC 9110 5.6.1.2: empty elements are skipped.
[[nodiscard]] bool parse_token_list(std::string_view list, std::vector<std::string_view>& tokens);

// Appends the extensions of a Sec-WebSocket-Extensions value (RFC 6455 9.1) to `extensions`; false as above.
// A quoted value must be a token when the quotes and backslashes are taken off.
[[nodiscard]] bool parse_extension_list(std::string_view list, std::vector<Extension>& extensions);

}  // namespace ws::protocol
