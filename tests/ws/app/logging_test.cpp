// The log on standard error: one line for each entry, whatever is in it.
#include "ws/app/logging.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "reactor/loop.hpp"

namespace ws::app {
namespace {

using reactor::LogLevel;

std::string logged(LogLevel lowest, LogFormat format, LogLevel level, std::string_view text) {
  testing::internal::CaptureStderr();
  {
    reactor::Loop loop;
    log_to_standard_error(loop, lowest, format);
    loop.log(level, text);
  }
  return testing::internal::GetCapturedStderr();
}

TEST(Log, a_line_of_text_has_a_time_a_level_and_the_words) {
  std::string line = logged(LogLevel::kInfo, LogFormat::kText, LogLevel::kWarning, "sure: % {}");
  std::replace_if(line.begin(), line.end(), [](char each) { return each >= '0' && each <= '9'; }, '0');
  EXPECT_EQ(line, "0000-00-00 00:00:00.000 warning sure: % {}\n");
}

TEST(Log, what_is_less_grave_than_asked_for_is_not_said) {
  EXPECT_EQ(logged(LogLevel::kWarning, LogFormat::kText, LogLevel::kInfo, "quiet"), "");
  EXPECT_NE(logged(LogLevel::kDebug, LogFormat::kText, LogLevel::kDebug, "loud"), "");
}

TEST(Log, no_words_can_make_a_second_line_or_reach_the_terminal) {
  const std::string line = logged(LogLevel::kInfo, LogFormat::kText, LogLevel::kInfo, "a\nb\x1b[2J\x9b");
  EXPECT_TRUE(line.ends_with(R"( info a\nb\x1b[2J\x9b)"
                             "\n"))
      << line;
}

TEST(Log, a_line_of_json_is_json_whatever_the_words) {
  const std::string line = logged(LogLevel::kInfo, LogFormat::kJson, LogLevel::kError, "say \"hi\"\\\n\xff");
  EXPECT_TRUE(line.ends_with(R"("level":"error","message":"say \"hi\"\\\\n\\xff"})"
                             "\n"))
      << line;
}

}  // namespace
}  // namespace ws::app
