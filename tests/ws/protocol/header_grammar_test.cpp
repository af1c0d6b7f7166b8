// Tokens, lists and extension offers in header values (RFC 9110 5.6, RFC 6455 9.1), honest and hostile.
#include "ws/protocol/header_grammar.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace ws::protocol {
namespace {

using namespace std::string_view_literals;

std::string repeated(std::string_view unit, std::size_t times) {
  std::string text;
  for (std::size_t time = 0; time < times; ++time) text += unit;
  return text;
}

// As the header would be written: name;parameter=value;parameter|name.
std::string shown(const std::vector<Extension>& extensions) {
  std::string line;
  for (const Extension& extension : extensions) {
    line += (line.empty() ? "" : "|") + extension.name;
    for (const auto& [name, value] : extension.parameters) line += ";" + name + (value ? "=" + *value : "");
  }
  return line;
}

TEST(IsToken, takes_what_rfc_9110_names_and_nothing_else) {
  const std::string_view marks = "!#$%&'*+-.^_`|~";
  for (int code = 0; code < 256; ++code) {
    const char character = static_cast<char>(code);
    const bool letter = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9');
    const bool mark = code != 0 && marks.find(character) != std::string_view::npos;
    EXPECT_EQ(is_token(std::string(1, character)), letter || mark) << code;
  }
  EXPECT_FALSE(is_token(""));
  EXPECT_TRUE(is_token("permessage-deflate"));
  EXPECT_FALSE(is_token("two words"));
}

TEST(EqualsIgnoringCase, folds_ascii_letters_alone) {
  EXPECT_TRUE(equals_ignoring_case("WebSocket", "wEBsOCKET"));
  EXPECT_FALSE(equals_ignoring_case("websocket", "websockets"));
  EXPECT_FALSE(
      equals_ignoring_case("websoc\xE2\x84\xAA"
                           "et",
                           "websocket"));  // the Kelvin sign is no k
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
}

TEST(ListContains, finds_whole_elements) {
  const struct {
    std::string_view list;
    std::string_view token;
    bool wanted;
  } rows[] = {
      {"websocket", "websocket", true},
      {"WebSocket", "websocket", true},
      {"keep-alive, Upgrade", "upgrade", true},
      {"Upgrade,keep-alive", "upgrade", true},
      {" \t upgrade \t ", "upgrade", true},
      {"a,,upgrade", "upgrade", true},
      {"notwebsocket", "websocket", false},
      {"websocket2", "websocket", false},
      {"notupgrade", "upgrade", false},
      {"up grade", "upgrade", false},
      {"\"upgrade\"", "upgrade", false},
      {"upgrade;q=1", "upgrade", false},
      {"", "upgrade", false},
      {",,,", "upgrade", false},
      {"upgrade\0"sv, "upgrade", false},
  };
  for (const auto& row : rows) EXPECT_EQ(list_contains(row.list, row.token), row.wanted) << row.list;
}

TEST(FindField, counts_fields_whatever_their_case_and_trims_the_first) {
  const Field fields[] = {{"Host", "a"}, {"X-Host", "b"}, {"hOST", " c "}, {"Key", "\t d \t"}};
  EXPECT_EQ(find_field(fields, "host").count, 2U);
  EXPECT_EQ(find_field(fields, "host").value, "a");
  EXPECT_EQ(find_field(fields, "KEY").value, "d");
  EXPECT_EQ(find_field(fields, "none").count, 0U);
}

TEST(AnyListContains, looks_at_every_field_of_the_name) {
  const Field fields[] = {{"Connection", "keep-alive"}, {"connection", "x, Upgrade"}, {"Upgrade", "websocket"}};
  EXPECT_TRUE(any_list_contains(fields, "Connection", "upgrade"));
  EXPECT_FALSE(any_list_contains(fields, "Connection", "websocket"));
}

TEST(ParseTokenList, takes_tokens_or_refuses_the_list) {
  const struct {
    std::string_view list;
    bool valid;
    std::vector<std::string_view> wanted = {};
  } rows[] = {
      {"chat", true, {"chat"}},
      {"chat, superchat", true, {"chat", "superchat"}},
      {"chat,superchat", true, {"chat", "superchat"}},
      {" chat \t,\t superchat ", true, {"chat", "superchat"}},
      {"chat,,superchat", true, {"chat", "superchat"}},  // RFC 9110 5.6.1.2: empty elements are ignored
      {", chat ,", true, {"chat"}},
      {"v1.json!", true, {"v1.json!"}},
      {"", false},
      {" ", false},
      {",", false},
      {" , ,, ", false},
      {"chat superchat", false},
      {"chat;superchat", false},
      {"\"chat\"", false},
      {"chat\0"sv, false},
      {"chat\x80", false},
      {"chat\xC3\xA9", false},
      {"chat\r\nX: y", false},
      {"chat\n", false},
      {"a/b", false},
      {"a@b", false},
      {"(comment)", false},
  };
  for (const auto& row : rows) {
    std::vector<std::string_view> tokens;
    EXPECT_EQ(parse_token_list(row.list, tokens), row.valid) << row.list;
    if (row.valid) {
      EXPECT_EQ(tokens, row.wanted) << row.list;
    }
  }
}

TEST(ParseExtensionList, takes_offers_or_refuses_the_list) {
  const struct {
    std::string_view list;
    bool valid;
    std::string_view wanted = {};
  } rows[] = {
      {"foo", true, "foo"},
      {"permessage-deflate; client_max_window_bits", true, "permessage-deflate;client_max_window_bits"},
      {"permessage-deflate;server_max_window_bits=10 ; client_no_context_takeover", true,
       "permessage-deflate;server_max_window_bits=10;client_no_context_takeover"},
      {"a; b=\"10\"", true, "a;b=10"},
      {"a; b=\"1\\0\"", true, "a;b=10"},
      {"a;b , c ; d = e", true, "a;b|c;d=e"},
      {"foo, bar; baz=2", true, "foo|bar;baz=2"},  // RFC 6455 9.1's example
      {"deflate-stream; deflate-stream", true, "deflate-stream;deflate-stream"},
      {"a,,b", true, "a|b"},
      {"a; b; b=1", true, "a;b;b=1"},  // twice is for the extension to judge
      {"constructor", true, "constructor"},
      {"", false},
      {",;constructor", false},
      {";", false},
      {"a;", false},
      {"a;;b", false},
      {"a; =1", false},
      {"a; b=", false},
      {"a; b=\"\"", false},  // RFC 6455 9.1: what is quoted must be a token
      {"a; b=\"1 0\"", false},
      {"a; b=\"1", false},
      {"a; b=\"1\\", false},
      {"a; b=\"1\\\"", false},
      {"a; b=\"\\\"\"", false},
      {"a; b=1\"2\"", false},
      {"a b", false},
      {"a; b c", false},
      {"a; b=1 2", false},
      {"a\r\nX: y", false},
      {"a\0"sv, false},
      {"\xFF", false},
      {"\"a\"", false},
  };
  for (const auto& row : rows) {
    std::vector<Extension> extensions;
    EXPECT_EQ(parse_extension_list(row.list, extensions), row.valid) << row.list;
    if (row.valid) {
      EXPECT_EQ(shown(extensions), row.wanted) << row.list;
    }
  }
}

TEST(Lists, have_a_bounded_number_of_elements) {
  std::vector<std::string_view> tokens;
  const std::string full = repeated("a,", kMaxListElements);
  EXPECT_TRUE(parse_token_list(full, tokens));
  EXPECT_FALSE(parse_token_list("a", tokens)) << "over several fields too";
  std::vector<Extension> extensions;
  EXPECT_TRUE(parse_extension_list("a" + repeated(";b", kMaxListElements - 1), extensions));
  EXPECT_FALSE(parse_extension_list("a", extensions)) << "over several fields too";
  extensions.clear();
  EXPECT_FALSE(parse_extension_list("a" + repeated(";b", kMaxListElements), extensions));
}

// Values that made others take minutes (CVE-2021-32640, CVE-2020-7662). Twice as much must take about twice as long;
// the bound is a hundred times what a slow machine needs, and what a quadratic parser would exceed.
TEST(Lists, hostile_values_cost_no_more_than_their_length) {
  constexpr std::size_t kUnits = 50000;
  const std::string values[] = {
      "a; b=\"" + repeated("\\c", kUnits),
      "a; b=\"" + repeated("\\\"", kUnits) + "\"",
      repeated(" ", kUnits) + "x",
      "a" + repeated(" ", kUnits) + "b",
      "a," + repeated(" ,", kUnits),
      repeated(",", kUnits),
      repeated("a,", kUnits),
      repeated("a;", kUnits),
      repeated("\"", kUnits),
      repeated("a=", kUnits),
      repeated("x", kUnits),
  };
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& value : values) {
    std::vector<std::string_view> tokens;
    std::vector<Extension> extensions;
    static_cast<void>(parse_token_list(value, tokens));
    static_cast<void>(parse_extension_list(value, extensions));
    static_cast<void>(list_contains(value, "websocket"));
    EXPECT_LE(tokens.size(), kMaxListElements);
    EXPECT_LE(extensions.size(), kMaxListElements);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace ws::protocol
