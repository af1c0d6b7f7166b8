// A server that refuses has the word, but not the terminal: what it says is shown up to the first character that is no
// part of a plain line.
#include "ws/refusal_words.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ws {
namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(PrintableFront, ends_where_a_terminal_could_be_led_astray) {
  struct Row {
    std::string text;
    std::string front;
  };
  const Row rows[] = {
      {"", ""},
      {"not this way", "not this way"},
      {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
      {"a\nb", "a"},
      {"a\rb", "a"},
      {"a\tb", "a"},
      {std::string("a\0b", 3), "a"},
      {"a\x1b[2Jb", "a"},
      {"a\x7f", "a"},
      {"a\xC2\x80", "a"},
      {"a\xC2\x9B"
       "31m",
       "a"},
      {"a\xC2\xA0", "a\xC2\xA0"},
      {"a\xE2\x80\xA8", "a"},  // line separator
      {"a\xE2\x80\xAE", "a"},  // right-to-left override
      {"a\u061c", "a"},        // the marks of a direction
      {"a\u200e", "a"},
      {"a\u200f", "a"},
      {"a\u200d", "a\u200d"},
      {"a\xE2\x80\xA7", "a\xE2\x80\xA7"},
      {"a\xE2\x80\xAF", "a\xE2\x80\xAF"},
      {"a\xE2\x81\xA6", "a"},  // isolates
      {"a\xE2\x81\xA9", "a"},
      {"a\xE2\x81\xAA", "a\xE2\x81\xAA"},
      {"a\xFF", "a"},
      {"a\xE2\x82", "a"},      // half a character
      {"a\xED\xA0\x80", "a"},  // a surrogate
      {"a\xC0\x9B", "a"},      // ESC, written too long
  };
  for (const Row& row : rows) EXPECT_EQ(printable_front(row.text, 200), row.front) << testing::PrintToString(row.text);
}

TEST(PrintableFront, is_cut_between_two_characters) {
  EXPECT_EQ(printable_front("a\xC3\xA9", 3), "a\xC3\xA9");
  EXPECT_EQ(printable_front("a\xC3\xA9", 2), "a");
  EXPECT_EQ(printable_front("abc", 0), "");
}

struct Row {
  const char* fields;
  std::string body;
  bool complete;
  std::string text;
};

const Row kRows[] = {
    {"Content-Length: 3\r\n", "abcd", true, "abc"},
    {"Content-Length: 4\r\n", "abc", false, "abc"},
    {"Content-Length: 0\r\n", "", true, ""},
    {"Content-Length: 9999999999\r\n", "abc", false, "abc"},
    {"", "abc", false, "abc"},
    {"", "", false, ""},
    {"", "abc\nmore", true, "abc"},
    {"", "abc\r", true, "abc"},
    {"", "abc\xC3", false, "abc"},
    {"", std::string(300, 'w'), true, std::string(200, 'w')},
    {"Content-Type: text/plain\r\n", "abc", false, "abc"},
    // Markup is not for people.
    {"Content-Type: text/html; charset=utf-8\r\n", "<html>", true, ""},
    {"Transfer-Encoding: chunked\r\n", "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", true, "abc"},
    {"Transfer-Encoding: chunked\r\n", "2\r\nab\r\n1\r\nc\r\n", false, "abc"},
    {"Transfer-Encoding: chunked\r\n", "ab", false, ""},
    {"Transfer-Encoding: chunked\r\n", "words", true, ""},
};

TEST(RefusalWords, are_the_first_line_of_the_body_however_it_is_cut) {
  for (const Row& row : kRows) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
      http::ResponseParser head;
      head.feed(bytes("HTTP/1.1 404 Not Found\r\n" + std::string(row.fields) + "\r\n"));
      ASSERT_EQ(head.state(), http::ResponseParser::State::kComplete);
      RefusalWords words(head);
      for (std::size_t at = 0; at < row.body.size(); at += piece)
        words.feed(bytes(std::string_view(row.body).substr(at, piece)));
      EXPECT_EQ(words.complete(), row.complete) << row.fields << row.body;
      EXPECT_EQ(words.text(), row.text) << row.fields << row.body;
    }
  }
}

}  // namespace
}  // namespace ws
