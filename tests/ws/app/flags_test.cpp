// The forms of values that all commands share, and what they say of a wrong one.
#include "ws/app/flags.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ws::app {
namespace {

using reactor::Milliseconds;

struct Values {
  Milliseconds time{5000};
  std::size_t size = 1024;
  unsigned count = 3;
  bool loud = false;
};

int parse(Values& values, const std::vector<const char*>& arguments) {
  CLI::App app("A command.");
  app.name("ws101 command");
  add_duration(app, "--time", values.time, "A time", Milliseconds(0), Milliseconds(60'000));
  add_size(app, "--size", values.size, "A size", 2, 1 << 20);
  add_count<unsigned>(app, "--count", values.count, "A count", 1);
  add_choice<bool>(app, "--voice", values.loud, "VOICE", {{"low", false}, {"loud", true}}, "A voice");
  std::vector<const char*> all = {"command"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return parse_flags(app, static_cast<int>(all.size()), all.data());
}

TEST(Flags, take_their_values_and_leave_the_defaults) {
  Values values;
  EXPECT_EQ(parse(values, {}), -1);
  EXPECT_EQ(values.time, Milliseconds(5000));
  EXPECT_EQ(parse(values, {"--time", "off", "--size", "64KiB", "--count", "9", "--voice", "loud"}), -1);
  EXPECT_EQ(values.time, Milliseconds(0));
  EXPECT_EQ(values.size, 65536U);
  EXPECT_EQ(values.count, 9U);
  EXPECT_TRUE(values.loud);
}

TEST(Flags, help_names_the_defaults_and_is_status_0) {
  Values values;
  testing::internal::CaptureStdout();
  EXPECT_EQ(parse(values, {"--help"}), 0);
  const std::string help = testing::internal::GetCapturedStdout();
  for (const char* word : {"--time D", "5s", "--size SIZE", "1KiB", "--count N", "--voice VOICE", "low or loud"})
    EXPECT_NE(help.find(word), std::string::npos) << word << " in " << help;
}

TEST(Flags, a_wrong_value_is_one_line_with_the_remedy_and_status_2) {
  struct Row {
    std::vector<const char*> arguments;
    const char* words;
  };
  const Row rows[] = {
      {{"--time", "5"}, "'5' is no duration; write 500ms, 5s, 2m, 1h or off"},
      {{"--time", "61s"}, "is not between off and 1m"},
      {{"--size", "1"}, "is not between 2B and 1MiB"},
      {{"--size", "x"}, "'x' is no size; write 512, 64KiB or 16MiB"},
      {{"--count", "0"}, "'0' is no number from 1 up"},
      {{"--voice", "shrill"}, "'shrill' is not low or loud"},
      {{"--voice", "\x1b[2J"}, "'\\x1b[2J' is not"},
      {{"stray"}, "stray"},
  };
  for (const Row& row : rows) {
    Values values;
    testing::internal::CaptureStderr();
    EXPECT_EQ(parse(values, row.arguments), 2);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find(row.words), std::string::npos) << said;
    EXPECT_TRUE(said.starts_with("ws101 command: ") && said.ends_with(" (see ws101 command --help)\n")) << said;
  }
}

}  // namespace
}  // namespace ws::app
