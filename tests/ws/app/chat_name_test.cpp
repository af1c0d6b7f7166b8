// Which names there are in /chat, and what a query says about the user.
#include "ws/app/chat_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ws::app {
namespace {

std::string times(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t index = 0; index < count; ++index) all += text;
  return all;
}

TEST(ChatName, is_1_to_64_characters_whatever_their_bytes) {
  for (const std::string& name : {std::string("A"), std::string("Alice"), std::string("Alice B. O'Hara <a@b>"),
                                  std::string("κόσμε"), times(64, "x"), times(64, "é"), times(64, "\U0001f600"),
                                  std::string("\u00a0"), std::string("\u2027\u202f\u2065\u206a")}) {
    EXPECT_TRUE(is_chat_name(name)) << name;
  }
  for (const std::string& name : {std::string(), times(65, "x"), times(65, "é"), times(65, "\U0001f600")}) {
    EXPECT_FALSE(is_chat_name(name)) << name;
  }
}

TEST(ChatName, has_no_character_that_forges_a_line_or_turns_the_direction_of_writing) {
  for (const std::string& bad :
       {std::string(1, '\0'), std::string("\x01"), std::string("\n"), std::string("\r"), std::string("\t"),
        std::string("\x1b[31m"), std::string("\x7f"), std::string("\u0080"), std::string("\u0085"),
        std::string("\u009f"), std::string("\u2028"), std::string("\u2029"), std::string("\u202a"),
        std::string("\u202e"), std::string("\u2066"), std::string("\u2069"), std::string("\u061c"),
        std::string("\u200e"), std::string("\u200f")}) {
    EXPECT_FALSE(is_chat_name(bad)) << testing::PrintToString(bad);
    EXPECT_FALSE(is_chat_name("Al" + bad + "ice")) << testing::PrintToString(bad);
  }
}

TEST(ChatName, is_utf8) {
  for (const char* bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "A\x80"}) {
    EXPECT_FALSE(is_chat_name(bad)) << testing::PrintToString(bad);
  }
}

TEST(ChatName, a_query_names_one_user_or_nobody) {
  struct Row {
    std::string query;
    std::string user;
  };
  for (const auto& [query, user] : {
           Row{"", ""},
           Row{"user=Alice", "Alice"},
           Row{"x=1&user=Alice&y", "Alice"},
           Row{"user=Alice+B", "Alice B"},
           Row{"user=Alice%20B", "Alice B"},
           Row{"%75ser=Bob", "Bob"},
           Row{"user=%ce%BA", "κ"},
           Row{"user=a=b", "a=b"},
           Row{"User=Alice", ""},
           Row{"users=Alice&use", ""},
           Row{"%zz=1&user=Alice", "Alice"},
           Row{"&&user=Alice&&", "Alice"},
           Row{"user=" + times(64, "x"), times(64, "x")},
       }) {
    const QueryUser named = read_query_user(query);
    EXPECT_EQ(named.user, user) << query;
    EXPECT_EQ(named.refusal, "") << query;
  }
}

TEST(ChatName, a_query_that_names_no_proper_user_is_refused_in_words) {
  struct Row {
    std::string query;
    std::string said;
  };
  for (const auto& [query, said] : {
           Row{"user=", "user must be 1 to 64"},
           Row{"user", "user must be 1 to 64"},
           Row{"user=" + times(65, "x"), "user must be 1 to 64"},
           Row{"user=%00", "user must be 1 to 64"},
           Row{"user=Al%0aice", "user must be 1 to 64"},
           Row{"user=%E2%80%AE", "user must be 1 to 64"},
           Row{"user=%ff", "user must be 1 to 64"},
           Row{"user=%ed%a0%80", "user must be 1 to 64"},
           Row{"user=%", "user has a %"},
           Row{"user=%4", "user has a %"},
           Row{"user=%4x", "user has a %"},
           Row{"user=%zz", "user has a %"},
           Row{"user=Alice&user=Bob", "user is given twice"},
           Row{"user=Alice&user=Alice", "user is given twice"},
           Row{"user=Alice&user=", "user is given twice"},
           Row{"user=&user=Alice", "user must be 1 to 64"},
       }) {
    const QueryUser named = read_query_user(query);
    EXPECT_EQ(named.user, "") << query;
    EXPECT_EQ(named.refusal.substr(0, said.size()), said) << query;
  }
}

}  // namespace
}  // namespace ws::app
