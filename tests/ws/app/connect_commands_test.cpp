// What is typed at the prompt: a line is a message, a slash is a command, and a wrong one sends nothing.
#include "ws/app/connect_commands.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ws::app {
namespace {

using Kind = Command::Kind;

TEST(Command, that_can_be_obeyed) {
  struct Row {
    const char* line;
    Kind kind;
    const char* text;
    int code;
    std::vector<std::uint8_t> bytes;
  };
  const Row rows[] = {
      {"", Kind::kNothing, "", 0, {}},
      {"hello", Kind::kText, "hello", 0, {}},
      {" /ping", Kind::kText, " /ping", 0, {}},
      {"  two spaces  ", Kind::kText, "  two spaces  ", 0, {}},
      {"//x", Kind::kText, "/x", 0, {}},
      {"///", Kind::kText, "//", 0, {}},
      {"//ping", Kind::kText, "/ping", 0, {}},
      {"/ping", Kind::kPing, "", 0, {}},
      {"/ping   are you there ", Kind::kPing, "are you there", 0, {}},
      {"/close", Kind::kClose, "", 1000, {}},
      {"/close 1000", Kind::kClose, "", 1000, {}},
      {"/close 4001 time for bed", Kind::kClose, "time for bed", 4001, {}},
      {"/binary 68 65", Kind::kBinary, "", 0, {0x68, 0x65}},
      {"/binary\t00FF", Kind::kBinary, "", 0, {0x00, 0xFF}},
      {"/file a b.txt", Kind::kFile, "a b.txt", 0, {}},
      {"/help", Kind::kHelp, "", 0, {}},
      {"/quit ", Kind::kQuit, "", 0, {}},
  };
  for (const Row& row : rows) {
    const Command command = parse_command(row.line);
    EXPECT_EQ(command.kind, row.kind) << row.line;
    EXPECT_EQ(command.text, row.text) << row.line;
    EXPECT_EQ(command.code, row.code) << row.line;
    EXPECT_EQ(command.bytes, row.bytes) << row.line;
  }
}

TEST(Command, that_is_wrong_says_why) {
  struct Row {
    std::string line;
    const char* why;
  };
  const Row rows[] = {
      {"/", "no command /;"},
      {"/pong", "no command /pong; /help"},
      {"/Ping", "no command /Ping"},
      {"/pingx", "no command /pingx"},
      {"/x y", "//x"},
      {"/ping " + std::string(126, 'x'), "125 bytes"},
      {"/close bye", "'bye' is no close code"},
      {"/close 1005", "'1005' is no close code"},
      {"/close 1006", "'1006'"},
      {"/close 999", "'999'"},
      {"/close 5000", "'5000'"},
      {"/close 70000", "'70000'"},
      {"/close -1", "'-1'"},
      {"/close 1000x", "'1000x'"},
      {"/close 1000 " + std::string(124, 'x'), "123 bytes"},
      {"/binary", "hexadecimal"},
      {"/binary 0", "hexadecimal"},
      {"/binary xy", "hexadecimal"},
      {"/file", "path"},
      {"\xFF", "UTF-8"},
      {"/ping \xFF", "UTF-8"},
  };
  for (const Row& row : rows) {
    const Command command = parse_command(row.line);
    EXPECT_EQ(command.kind, Kind::kWrong) << row.line;
    EXPECT_NE(command.text.find(row.why), std::string::npos) << row.line << ": " << command.text;
  }
}

TEST(Command, is_listed_by_help) {
  for (const char* name : {"/ping", "/close", "/binary HEX", "/file PATH", "/quit", "//"})
    EXPECT_NE(command_help().find(name), std::string_view::npos) << name;
}

}  // namespace
}  // namespace ws::app
