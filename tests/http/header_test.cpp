// RFC 9110 5.5 and 5.6: tokens, values and lists, by example.
#include "http/header.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace http {
namespace {

TEST(Header, a_token_is_made_of_letters_digits_and_fifteen_marks) {
  EXPECT_TRUE(is_token("abcXYZ0189!#$%&'*+-.^_`|~"));
  EXPECT_FALSE(is_token(""));
  int characters = 0;
  for (int byte = 0; byte < 256; ++byte) {
    if (is_token_character(static_cast<char>(byte))) ++characters;
  }
  EXPECT_EQ(characters, 26 + 26 + 10 + 15);
  for (const char separator : std::string("\"(),/:;<=>?@[\\]{} \t\r\n\x7f\x80\xff")) {
    EXPECT_FALSE(is_token_character(separator)) << int{separator};
  }
}

TEST(Header, a_value_has_no_control_character_but_the_tab) {
  EXPECT_TRUE(is_field_value(""));
  EXPECT_TRUE(is_field_value("visible, \t and \xff"));
  for (const char control : std::string("\r\n\x01\x1f\x7f") + '\0') {
    EXPECT_FALSE(is_field_value(std::string("a") + control + "b")) << int{control};
  }
}

TEST(Header, only_ascii_letters_match_whatever_their_case) {
  EXPECT_TRUE(equals_ignoring_case("Content-LENGTH", "content-length"));
  EXPECT_FALSE(equals_ignoring_case("content", "content-length"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
}

TEST(Header, spaces_and_tabs_are_trimmed) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Header, a_list_contains_whole_elements) {
  struct Row {
    const char* list;
    bool contains_close;
  };
  for (const Row& row :
       {Row{"close", true}, Row{"keep-alive, Close", true}, Row{",, close ,", true}, Row{"notclose", false},
        Row{"close x", false}, Row{"clos e", false}, Row{"", false}, Row{",", false}}) {
    EXPECT_EQ(list_contains(row.list, "close"), row.contains_close) << row.list;
  }
}

TEST(Header, a_long_list_is_walked_once) {
  // 50,000 elements: a walk that starts again at each of them would take minutes.
  std::string list;
  for (int element = 0; element < 50000; ++element) list += " ,";
  EXPECT_FALSE(list_contains(list, "close"));
  EXPECT_TRUE(list_contains(list + "close", "close"));
}

TEST(Header, fields_are_found_by_name_and_the_first_one_counts) {
  const std::vector<Header> headers = {
      {"Host", "a"}, {"connection", "keep-alive"}, {"HOST", "b"}, {"Connection", "Upgrade"}};
  EXPECT_EQ(find_header(headers, "host"), "a");
  EXPECT_EQ(find_header(headers, "Origin"), std::nullopt);
  EXPECT_TRUE(any_list_contains(headers, "Connection", "upgrade"));
  EXPECT_FALSE(any_list_contains(headers, "Connection", "close"));
}

TEST(Header, sixteen_digits_and_six_capitals_are_hexadecimal) {
  int digits = 0;
  for (int byte = 0; byte < 256; ++byte) digits += hex_digit(static_cast<char>(byte)) >= 0 ? 1 : 0;
  EXPECT_EQ(digits, 22);
  EXPECT_EQ(hex_digit('0'), 0);
  EXPECT_EQ(hex_digit('a'), 10);
  EXPECT_EQ(hex_digit('F'), 15);
}

}  // namespace
}  // namespace http
