// Lines are the same however their bytes are cut, nothing of them is lost but the line feed, and none grows without
// end.
#include "ws/app/line_splitter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ws::app {
namespace {

using Result = LineSplitter::Result;

TEST(LineSplitter, gives_every_line_however_the_bytes_are_cut) {
  struct Row {
    std::string text;
    std::vector<std::string> lines;
  };
  const Row rows[] = {
      {"", {}},
      {"\n", {""}},
      {"a", {"a"}},
      {"a\n", {"a"}},
      {"a\nb", {"a", "b"}},
      {"\n\na\n\n", {"", "", "a", ""}},
      // A carriage return is a part of the line: what is sent is what was there.
      {"a\r\nb\rc\n", {"a\r", "b\rc"}},
      {std::string("a\0b\n", 4), {std::string("a\0b", 3)}},
      {"long line\nshort\nlonger line", {"long line", "short", "longer line"}},
  };
  for (const Row& row : rows) {
    for (std::size_t size = 1; size <= row.text.size() + 1; ++size) {
      std::vector<std::string> lines;
      LineSplitter splitter(100);
      const auto take = [&](std::string_view line) {
        lines.emplace_back(line);
        EXPECT_EQ(splitter.number(), lines.size());
        return true;
      };
      for (std::size_t at = 0; at < row.text.size(); at += size)
        EXPECT_EQ(splitter.feed(std::string_view(row.text).substr(at, size), take), Result::kGoOn);
      EXPECT_EQ(splitter.finish(take), Result::kGoOn);
      EXPECT_EQ(lines, row.lines) << row.text << " in pieces of " << size;
    }
  }
}

TEST(LineSplitter, refuses_a_line_that_is_too_long_and_says_which) {
  for (const bool at_once : {true, false}) {
    LineSplitter splitter(5);
    const auto take = [](std::string_view) { return true; };
    EXPECT_EQ(splitter.feed("12345\n", take), Result::kGoOn);
    if (at_once) {
      EXPECT_EQ(splitter.feed("123456\n", take), Result::kTooLong);
    } else {
      EXPECT_EQ(splitter.feed("12345", take), Result::kGoOn);
      EXPECT_EQ(splitter.feed("6", take), Result::kTooLong);
    }
    EXPECT_EQ(splitter.number(), 2U);
  }
}

TEST(LineSplitter, stops_when_its_reader_wants_no_more) {
  std::string lines;
  LineSplitter splitter(100);
  const auto take = [&](std::string_view line) {
    lines += line;
    return line != "b";
  };
  EXPECT_EQ(splitter.feed("a\nb\nc\n", take), Result::kStopped);
  EXPECT_EQ(lines, "ab");
  EXPECT_EQ(splitter.number(), 2U);
  LineSplitter other(100);
  EXPECT_EQ(other.feed("b", take), Result::kGoOn);
  EXPECT_EQ(other.finish(take), Result::kStopped);
}

}  // namespace
}  // namespace ws::app
