// Walks over header values (RFC 9110 5.6, RFC 6455 9.1) with a cursor that only goes forward: no value can
// make it go back, so none costs more than its length.
#include "ws/protocol/header_grammar.hpp"

#include <algorithm>
#include <utility>

namespace ws::protocol {
namespace {

bool is_token_char(char character) {
  if (character >= '0' && character <= '9') return true;
  if (character >= 'a' && character <= 'z') return true;
  if (character >= 'A' && character <= 'Z') return true;
  return character != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(character) != std::string_view::npos;
}

bool is_space(char character) { return character == ' ' || character == '\t'; }

char to_lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }

  void skip_spaces() {
    const auto after = std::find_if_not(text_.begin(), text_.end(), is_space);
    text_.remove_prefix(static_cast<std::size_t>(after - text_.begin()));
  }

  // Skips the separators of a list and the empty elements between them.
  void skip_separators() {
    const auto after = std::find_if(text_.begin(), text_.end(), [](char c) { return !is_space(c) && c != ','; });
    text_.remove_prefix(static_cast<std::size_t>(after - text_.begin()));
  }

  bool take(char expected) {
    if (at_end() || text_.front() != expected) return false;
    text_.remove_prefix(1);
    return true;
  }

  // The token at the cursor; empty if there is none.
  std::string_view take_token() {
    const auto after = std::find_if_not(text_.begin(), text_.end(), is_token_char);
    const auto token = text_.substr(0, static_cast<std::size_t>(after - text_.begin()));
    text_.remove_prefix(token.size());
    return token;
  }

  // The content of the quoted string at the cursor (RFC 9110 5.6.4), without quotes and backslashes; nothing if
  // it does not end.
  std::optional<std::string> take_quoted() {
    if (!take('"')) return std::nullopt;
    std::string content;
    while (!at_end() && text_.front() != '"') {
      if (text_.front() == '\\') text_.remove_prefix(1);
      if (at_end()) break;
      content.push_back(text_.front());
      text_.remove_prefix(1);
    }
    if (!take('"')) return std::nullopt;
    return content;
  }

 private:
  std::string_view text_;
};

// extension-param = token [ "=" ( token | quoted-string ) ], RFC 6455 9.1.
std::optional<ExtensionParameter> take_parameter(Cursor& cursor) {
  ExtensionParameter parameter{.name = std::string(cursor.take_token())};
  if (parameter.name.empty()) return std::nullopt;
  cursor.skip_spaces();
  if (!cursor.take('=')) return parameter;
  cursor.skip_spaces();
  std::string value(cursor.take_token());
  if (value.empty()) value = cursor.take_quoted().value_or("");
  // RFC 6455 9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF".
  if (!is_token(value)) return std::nullopt;
  parameter.value = std::move(value);
  return parameter;
}

// extension = extension-token *( ";" extension-param ). Counts what it takes off `elements_left`.
std::optional<Extension> take_extension(Cursor& cursor, std::size_t& elements_left) {
  Extension extension{.name = std::string(cursor.take_token())};
  if (extension.name.empty() || elements_left == 0) return std::nullopt;
  --elements_left;
  cursor.skip_spaces();
  while (cursor.take(';')) {
    if (elements_left == 0) return std::nullopt;
    --elements_left;
    cursor.skip_spaces();
    auto parameter = take_parameter(cursor);
    if (!parameter) return std::nullopt;
    extension.parameters.push_back(*std::move(parameter));
    cursor.skip_spaces();
  }
  return extension;
}

std::size_t count_elements(const std::vector<Extension>& extensions) {
  std::size_t count = extensions.size();
  for (const Extension& extension : extensions) count += extension.parameters.size();
  return count;
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

bool same_letters(std::string_view left, std::string_view right) {
  return left == right || std::equal(left.begin(), left.end(), right.begin(),
                                     [](char one, char other) { return to_lower(one) == to_lower(other); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool list_contains(std::string_view list, std::string_view token) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (equals_ignoring_case(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

bool any_list_contains(std::span<const Field> fields, std::string_view name, std::string_view token) {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
    return equals_ignoring_case(field.name, name) && list_contains(field.value, token);
  });
}

FieldMatch find_field(std::span<const Field> fields, std::string_view name) {
  FieldMatch match;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (match.count == 0) match.value = trim(field.value);
    ++match.count;
  }
  return match;
}

bool parse_token_list(std::string_view list, std::vector<std::string_view>& tokens) {
  Cursor cursor(list);
  cursor.skip_separators();
  if (cursor.at_end()) return false;
  while (!cursor.at_end()) {
    const std::string_view token = cursor.take_token();
    if (token.empty() || tokens.size() == kMaxListElements) return false;
    tokens.push_back(token);
    cursor.skip_spaces();
    if (!cursor.at_end() && !cursor.take(',')) return false;
    cursor.skip_separators();
  }
  return true;
}

bool parse_extension_list(std::string_view list, std::vector<Extension>& extensions) {
  const std::size_t count = count_elements(extensions);
  std::size_t elements_left = kMaxListElements - std::min(kMaxListElements, count);
  Cursor cursor(list);
  cursor.skip_separators();
  if (cursor.at_end()) return false;
  while (!cursor.at_end()) {
    auto extension = take_extension(cursor, elements_left);
    if (!extension) return false;
    extensions.push_back(*std::move(extension));
    if (!cursor.at_end() && !cursor.take(',')) return false;
    cursor.skip_separators();
  }
  return true;
}

}  // namespace ws::protocol
